"""Presses, undos and dismissals that cross each other's way: the last word counts, and nothing is claimed that is not so."""

import pytest

from graph.simulator.control import SimulatorControl
from incidents.services import incident_dismiss
from remediation.enums import RunState, Step
from remediation.models import Finding
from remediation.policies import Refused
from remediation.selectors import findings_open
from remediation.services import runs_undo
from tenants.models import ProtectedAccount
from tests.factories import world
from tests.fixtures.simulator import RawCloud
from tests.integration.remediation.desk import Desk
from tests.integration.remediation.test_messages import plant

ALICE = f"/users/{world.ALICE}?$select=accountEnabled,signInSessionsValidFromDateTime"


def strike(desk: Desk) -> None:
    desk.press(Step.CONTAIN)
    desk.work()
    desk.reload()


def test_the_strike_after_an_undo_ends_the_sessions_again(desk: Desk, simulator: SimulatorControl, raw_cloud: RawCloud):
    strike(desk)
    runs_undo(incident=desk.incident, run_ids=[desk.run(action_key="lock_account").pk], by=desk.analyst)
    desk.work()
    simulator.clear_requests()
    strike(desk)
    assert simulator.requests()["byPath"]["POST /users/{id}/revokeSignInSessions"] == 1
    assert raw_cloud.get(ALICE)["accountEnabled"] is False


def test_a_press_during_an_undo_is_told_the_truth(desk: Desk):
    strike(desk)
    runs_undo(incident=desk.incident, run_ids=[desk.run(action_key="lock_account").pk], by=desk.colleague)
    pressed = desk.press(Step.CONTAIN)
    assert f"{desk.colleague.display_name} is undoing this right now" in pressed.words


def test_a_strike_cancels_a_waiting_unlock(desk: Desk, simulator: SimulatorControl, raw_cloud: RawCloud):
    strike(desk)
    throttle = {"match": {"method": "PATCH"}, "answer": 429, "retryAfter": 60, "times": 1}
    simulator.configure(world.TENANT_ID, faults=[throttle])
    desk.press(Step.RE_ENABLE, reason="It was her.")
    desk.work()
    unlock = desk.run(action_key="enable_account")
    assert unlock.state == RunState.QUEUED
    desk.press(Step.CONTAIN, again=True)
    desk.work()
    desk.due_now()
    desk.work()
    unlock.refresh_from_db()
    assert unlock.state == RunState.CANCELED
    assert raw_cloud.get(ALICE)["accountEnabled"] is False


def test_dismissing_stops_what_was_not_begun(desk: Desk, raw_cloud: RawCloud):
    desk.press(Step.CONTAIN)
    incident_dismiss(incident=desk.incident, reason="A drill.", by=desk.analyst)
    assert desk.work() == 0
    assert {run.state for run in desk.runs()} == {RunState.CANCELED}
    assert raw_cloud.get(ALICE)["accountEnabled"] is True


def test_only_the_last_lock_can_be_undone(desk: Desk):
    strike(desk)
    first = desk.run(action_key="lock_account")
    desk.press(Step.CONTAIN, again=True)
    desk.work()
    with pytest.raises(Refused, match="done again since"):
        runs_undo(incident=desk.incident, run_ids=[first.pk], by=desk.analyst)


def test_a_password_somebody_else_set_is_not_ours(desk: Desk, simulator: SimulatorControl, raw_cloud: RawCloud):
    profile = {"passwordProfile": {"password": "Attacker-Was-Here-7", "forceChangePasswordNextSignIn": False}}
    assert raw_cloud.call("PATCH", f"/v1.0/users/{world.ALICE}", profile).status_code == 204
    desk.press(Step.PASSWORD)
    desk.work()
    assert desk.run().state == RunState.SUCCEEDED
    assert not simulator.password_matches(world.TENANT_ID, world.ALICE, "Attacker-Was-Here-7")


def test_all_leaves_out_what_was_protected_since(desk: Desk):
    target = {"user_id": world.BOB, "message_id": "m", "internet_message_id": "<m>", "mailbox": "bob@tiny.example"}
    desk.find("retract_message", target, step=Step.RETRACT)
    ProtectedAccount.objects.create(tenant=desk.tenant, user_principal_name="Bob@tiny.example", kind="service")
    assert desk.press(Step.RETRACT, all_suspicious=True).order is None


def test_a_worker_that_broke_leaves_nothing_running(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    from remediation import runner

    def breaks(*_args: object, **_options: object) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr(runner, "read_states", breaks)
    device = desk.find("disable_device", {"device_id": world.DEVICE})
    desk.press(Step.PERSISTENCE, finding_ids=[device.pk])
    desk.work()
    run = desk.run()
    assert (run.state, run.code) == (RunState.ERRORED, "RuntimeError")


def test_step_five_tells_when_the_search_did_not_see_everything(desk: Desk):
    with pytest.raises(Refused, match="the search for persistence items did not see everything"):
        desk.press(Step.RE_ENABLE)


def test_a_mail_that_two_steps_list_is_moved_once(desk: Desk, simulator: SimulatorControl, raw_cloud: RawCloud):
    (copy_id,) = plant(desk, raw_cloud, world.BOB)
    copy = Finding.objects.get(pk=copy_id)
    remaining = desk.find("retract_message", copy.target, kind="remaining_phish")
    assert desk.press(Step.RETRACT, finding_ids=[copy.pk]).is_new
    held = desk.press(Step.PERSISTENCE, finding_ids=[remaining.pk])
    assert (held.order, "is running" in held.words) == (None, True)
    desk.work()
    assert simulator.requests()["byPath"]["POST /users/{id}/messages/{id}/move"] == 1
    assert not findings_open(desk.incident.pk).exists(), "done in step 2 is done in step 3"
    done = desk.press(Step.PERSISTENCE, finding_ids=[remaining.pk])
    assert "Already done by" in done.words


def test_the_sessions_that_step_one_ended_are_no_sign_of_step_five(desk: Desk, simulator: SimulatorControl):
    desk.press(Step.CONTAIN)
    desk.work()
    fault = {"match": {"path": "revokeSignInSessions", "ordinal": 1}, "answer": 503}
    simulator.configure(world.TENANT_ID, faults=[fault])
    desk.press(Step.RE_ENABLE, reason="Back to work")
    desk.work()
    desk.due_now()
    desk.work()
    ended = desk.run(action_key="revoke_sessions", step=Step.RE_ENABLE)
    assert (ended.state, ended.tries) == (RunState.SUCCEEDED, 2)
    assert [len(attempt.requests) for attempt in ended.attempts.order_by("pk")] == [1, 1], "sent again"


def test_sessions_that_were_ended_shortly_before_the_press_are_ended_again(desk: Desk, simulator: SimulatorControl):
    """What Petra knows of the account is older than the last revoke, as after a worker that died."""
    desk.press(Step.CONTAIN)
    desk.work()
    type(desk.incident.account).objects.update(sign_in_sessions_valid_from=None)
    simulator.configure(
        world.TENANT_ID, faults=[{"match": {"path": "revokeSignInSessions", "ordinal": 1}, "answer": 503}]
    )
    desk.press(Step.RE_ENABLE, reason="Back to work")
    desk.work()
    desk.due_now()
    desk.work()
    ended = desk.run(action_key="revoke_sessions", step=Step.RE_ENABLE)
    assert [len(attempt.requests) for attempt in ended.attempts.order_by("pk")] == [1, 1], "sent again"


def test_what_somebody_did_while_petra_could_only_read_is_not_petra_s(desk: Desk, simulator: SimulatorControl):
    device = desk.find("disable_device", {"device_id": world.DEVICE})
    fault = {"match": {"method": "GET", "path": "^/devices"}, "answer": 504}
    simulator.configure(world.TENANT_ID, faults=[fault])
    desk.press(Step.PERSISTENCE, finding_ids=[device.pk])
    desk.work()
    assert desk.run().state == RunState.QUEUED
    (known,) = [each for each in simulator.objects(world.TENANT_ID, "devices") if each["id"] == world.DEVICE]
    simulator.plant(world.TENANT_ID, "devices", known | {"accountEnabled": False})
    simulator.configure(world.TENANT_ID, faults=[])
    desk.due_now()
    desk.work()
    assert desk.run().state == RunState.SKIPPED
    assert "PATCH /devices/{id}" not in simulator.requests()["byPath"]
