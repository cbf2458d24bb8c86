"""Step 1, through the real client against the simulated cloud over HTTP."""

import pytest

from graph.simulator.control import SimulatorControl
from remediation.enums import RunState, Step
from remediation.models import ActionAttempt, WorkOrder
from remediation.policies import AddressNeeded, Refused
from remediation.services import runs_undo, step_retry
from tenants.models import AuditEvent, ProtectedAccount
from tests.factories import world
from tests.fixtures.simulator import RawCloud
from tests.integration.remediation.desk import Desk, make_account, make_incident

ALICE = f"/users/{world.ALICE}?$select=accountEnabled,signInSessionsValidFromDateTime"


def warm(desk: Desk, simulator: SimulatorControl) -> None:
    """Get a token, as any earlier call would have, and forget that it was asked for."""
    from graph import users
    from tenants.connections import graph_client
    from tenants.models import Connection

    graph_client(Connection.objects.select_related("tenant").get()).send(users.get(world.ALICE))
    simulator.clear_requests()


def test_the_strike_locks_and_revokes_in_one_round_trip(desk: Desk, simulator: SimulatorControl, raw_cloud: RawCloud):
    warm(desk, simulator)
    before = raw_cloud.get(ALICE)
    simulator.clear_requests()
    desk.press(Step.CONTAIN)
    desk.work()
    seen = simulator.requests()
    writes = [request for request in seen["requests"] if request["method"] != "GET"]
    assert {(request["method"], request["path"]) for request in writes} == {
        ("PATCH", f"/users/{world.ALICE}"),
        ("POST", f"/users/{world.ALICE}/revokeSignInSessions"),
    }
    assert len({request["batchId"] for request in writes}) == 1
    assert seen["requests"][0]["method"] != "GET", "the strike reads nothing before it"
    assert seen["roundTrips"] == 2, "one to strike, one to read back"
    after = raw_cloud.get(ALICE)
    assert after["accountEnabled"] is False
    assert after["signInSessionsValidFromDateTime"] > before["signInSessionsValidFromDateTime"]
    assert [run.state for run in desk.runs()] == [RunState.SUCCEEDED, RunState.SUCCEEDED]
    assert all(run.verified_at and run.request_id for run in desk.runs())
    incident = desk.reload()
    assert incident.contained_at == max(run.applied_at for run in desk.runs())
    assert incident.steps_done == 1
    assert incident.account.account_enabled is False


def test_the_same_form_twice_is_one_order(desk: Desk, simulator: SimulatorControl):
    first = desk.press(Step.CONTAIN, key="a" * 32)
    second = desk.press(Step.CONTAIN, key="a" * 32)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.order == second.order
    desk.work()
    assert simulator.requests()["byPath"]["PATCH /users/{id}"] == 1
    assert WorkOrder.objects.count() == 1


def test_two_analysts_at_once_act_once_and_both_are_told(desk: Desk, simulator: SimulatorControl):
    desk.press(Step.CONTAIN)
    running = desk.press(Step.CONTAIN, by=desk.colleague)
    assert running.order is None
    assert "is running" in running.words
    desk.work()
    done = desk.press(Step.CONTAIN, by=desk.colleague)
    assert done.order is None
    assert f"Already done by {desk.analyst.display_name}" in done.words
    assert simulator.requests()["byPath"]["PATCH /users/{id}"] == 1


def test_a_bell_heard_twice_acts_once(desk: Desk, simulator: SimulatorControl):
    desk.press(Step.CONTAIN)
    assert desk.work() == 2
    assert desk.work() == 0
    assert simulator.requests()["byPath"]["POST /users/{id}/revokeSignInSessions"] == 1


def test_undo_unlocks_and_clears_the_clock(desk: Desk, raw_cloud: RawCloud):
    desk.press(Step.CONTAIN)
    desk.work()
    lock = desk.run(action_key="lock_account")
    runs_undo(incident=desk.incident, run_ids=[lock.pk], by=desk.colleague)
    assert runs_undo(incident=desk.incident, run_ids=[lock.pk], by=desk.analyst) == 0, "twice is once"
    desk.work()
    lock.refresh_from_db()
    assert lock.state == RunState.UNDONE
    assert lock.verified_at
    assert raw_cloud.get(ALICE)["accountEnabled"] is True
    incident = desk.reload()
    assert (incident.contained_at, incident.steps_done) == (None, 0)
    told = AuditEvent.objects.filter(object_type="action_run", object_id=str(lock.pk)).latest("id")
    assert told.actor_name == desk.colleague.display_name


@pytest.mark.parametrize("known", [{"account_enabled": False}, {"account_enabled": None}, {"read_at": None}])
def test_undo_asks_where_the_account_was_not_known_to_be_enabled(known: dict, desk: Desk, raw_cloud: RawCloud):
    type(desk.incident.account).objects.filter(pk=desk.incident.account_id).update(**known)
    desk.press(Step.CONTAIN)
    desk.work()
    lock = desk.run(action_key="lock_account")
    with pytest.raises(Refused, match="disabled already before"):
        runs_undo(incident=desk.incident, run_ids=[lock.pk], by=desk.analyst)
    with pytest.raises(Refused, match="disabled before it was locked here"):
        desk.press(Step.RE_ENABLE)
    assert raw_cloud.get(ALICE)["accountEnabled"] is False
    assert runs_undo(incident=desk.incident, run_ids=[lock.pk], by=desk.analyst, confirmed=True) == 1
    desk.work()
    assert raw_cloud.get(ALICE)["accountEnabled"] is True


def test_the_strike_is_claimed_alone(desk: Desk, simulator: SimulatorControl):
    simulator.clear_requests()
    device = desk.find("disable_device", {"device_id": world.DEVICE})
    desk.press(Step.PERSISTENCE, finding_ids=[device.pk])
    desk.press(Step.CONTAIN)
    desk.work()
    writes = [each for each in simulator.requests()["requests"] if each["method"] != "GET"]
    assert [each["path"].split("/")[1] for each in writes] == ["users", "users", "devices"]


def test_ended_sessions_cannot_be_undone(desk: Desk):
    desk.press(Step.CONTAIN)
    desk.work()
    with pytest.raises(Refused, match="cannot be brought back"):
        runs_undo(incident=desk.incident, run_ids=[desk.run(action_key="revoke_sessions").pk], by=desk.analyst)


def test_an_admin_is_refused_by_microsoft_in_plain_words(desk: Desk):
    account = make_account(desk.tenant, world.ADMIN, "Root", roles=["Global Administrator"])
    desk.incident = make_incident(desk.tenant, account)
    with pytest.raises(AddressNeeded):
        desk.press(Step.CONTAIN)
    desk.press(Step.CONTAIN, typed_address="ROOT@tiny.example")
    desk.work()
    lock = desk.run(action_key="lock_account")
    assert (lock.state, lock.code) == (RunState.FAILED, "Authorization_RequestDenied")
    assert "role" in lock.message
    assert lock.request_id
    assert lock.verified_at is None
    assert desk.reload().contained_at is None
    assert AuditEvent.objects.filter(outcome="failed", request_id=lock.request_id).count() == 1


def test_retry_failed_runs_just_what_failed(desk: Desk, simulator: SimulatorControl, raw_cloud: RawCloud):
    refuse = {"match": {"method": "PATCH"}, "answer": 403, "times": 1}
    simulator.configure(world.TENANT_ID, faults=[refuse])
    desk.press(Step.CONTAIN)
    desk.work()
    assert [run.state for run in desk.runs()] == [RunState.FAILED, RunState.SUCCEEDED]
    assert step_retry(incident=desk.incident, step=Step.CONTAIN, by=desk.analyst) == 1
    desk.work()
    assert [run.state for run in desk.runs()] == [RunState.SUCCEEDED, RunState.SUCCEEDED]
    assert simulator.requests()["byPath"]["POST /users/{id}/revokeSignInSessions"] == 1
    assert raw_cloud.get(ALICE)["accountEnabled"] is False


def test_a_lost_answer_is_settled_by_reading(desk: Desk, simulator: SimulatorControl):
    simulator.configure(world.TENANT_ID, faults=[{"match": {"method": "PATCH"}, "answer": "lost", "times": 1}])
    desk.press(Step.CONTAIN)
    desk.work()
    assert {run.state for run in desk.runs()} == {RunState.QUEUED}
    desk.due_now()
    desk.work()
    assert {run.state for run in desk.runs()} == {RunState.SUCCEEDED}
    assert simulator.requests()["byPath"]["PATCH /users/{id}"] == 1
    assert ActionAttempt.objects.count() == 4


def test_never_the_sync_account(desk: Desk, simulator: SimulatorControl):
    account = make_account(desk.tenant, world.BOB, "Sync_DC01", user_principal_name="Sync_DC01@tiny.example")
    desk.incident = make_incident(desk.tenant, account)
    with pytest.raises(Refused, match="directory-sync account"):
        desk.press(Step.CONTAIN, typed_address="Sync_DC01@tiny.example")
    assert desk.work() == 0


def test_a_protected_account_only_after_its_address_was_typed(desk: Desk):
    ProtectedAccount.objects.create(tenant=desk.tenant, user_principal_name="Alice@tiny.example", kind="service")
    with pytest.raises(AddressNeeded, match="protected account"):
        desk.press(Step.CONTAIN, typed_address="bob@tiny.example")
    assert desk.press(Step.CONTAIN, typed_address=" alice@TINY.example ").is_new


def test_an_unpublished_incident_has_no_steps(desk: Desk):
    desk.incident = make_incident(desk.tenant, desk.incident.account, state="unpublished")
    with pytest.raises(Refused, match="Publish Incident"):
        desk.press(Step.CONTAIN)


def test_lock_again_after_re_enabling(desk: Desk, raw_cloud: RawCloud):
    desk.press(Step.CONTAIN)
    desk.work()
    desk.reload()
    desk.press(Step.RE_ENABLE, reason="false alarm")
    desk.work()
    assert raw_cloud.get(ALICE)["accountEnabled"] is True
    assert desk.press(Step.CONTAIN).is_new, "the lock was taken back by step 5, so it may be set again"
    desk.work()
    assert raw_cloud.get(ALICE)["accountEnabled"] is False


def test_re_enabling_with_open_items_needs_a_reason(desk: Desk):
    with pytest.raises(Refused, match="the password was not reset"):
        desk.press(Step.RE_ENABLE)
