"""Searching: what is kept of it, what is not lost meanwhile, and that it always comes to an end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from graph import GraphClient
from graph.simulator.control import SimulatorControl
from incidents.models import PhishTag
from remediation import passwords, scanning, sweeper
from remediation.actions.base import Stages
from remediation.actions.finding import Candidate, FindScope, Found
from remediation.enums import RunState, ScanState, Step, Verdict
from remediation.models import ActionRun, IssuedPassword, Scan
from remediation.policies import Refused
from remediation.services import finding_judge, runs_undo, scan_request, scans, scans_begin, step_press
from remediation.services.presses import Press
from tenants.models import Connection
from tests.factories import world
from tests.integration.remediation.desk import Desk, make_account, make_incident

CANNOT_ACT = pytest.mark.parametrize("state", ["unpublished", "dismissed"])


def make_scan(desk: Desk, **more: Any) -> Scan:
    values = {"step": Step.PERSISTENCE, "requested_by_name": "Petra"} | more
    return Scan.objects.create(tenant=desk.tenant, incident=desk.incident, **values)


def expired(desk: Desk, **more: Any) -> Scan:
    return make_scan(desk, state=ScanState.RUNNING, lease_until=timezone.now() - timedelta(seconds=1), **more)


def only_finder(monkeypatch: pytest.MonkeyPatch, finder: Callable[[FindScope], Stages[Any]]) -> None:
    monkeypatch.setattr(scanning, "FINDERS", [(Step.PERSISTENCE, finder)])


def finding(**more: Any) -> Callable[[FindScope], Stages[Found]]:
    """A finder that asks nothing and finds one device."""
    values = {"kind": "device", "action_key": "disable_device", "target": {"device_id": "d"}, "title": "Laptop"} | more

    def finder(_scope: FindScope) -> Stages[Found]:
        return Found(source="Devices", kind="device", candidates=[Candidate(**values)])
        yield []

    return finder


# --- What came back ---------------------------------------------------------------------------------------------------
def test_an_undo_is_followed_by_one_search(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    only_finder(monkeypatch, finding())
    scan_request(incident=desk.incident, step=Step.PERSISTENCE, by=None)
    scanning.scan_due(tenant=desk.tenant)
    device = desk.find("disable_device", {"device_id": world.DEVICE})
    rule = desk.find(
        "disable_inbox_rule",
        {
            "user_id": world.ALICE,
            "mailbox": "alice@tiny.example",
            "rule_id": "AQAAAJ5dZp8=",
            "identity": "",
            "is_hidden": False,
        },
    )
    desk.press(Step.PERSISTENCE, finding_ids=[device.pk, rule.pk])
    desk.work()
    assert Scan.objects.count() == 1, "what was done is read back by the step itself"
    runs_undo(incident=desk.incident, run_ids=[run.pk for run in desk.runs()], by=desk.analyst)
    desk.work()
    assert [run.state for run in desk.runs()] == [RunState.UNDONE] * 2
    assert [scan.state for scan in Scan.objects.order_by("pk")] == [ScanState.COMPLETE, ScanState.QUEUED]


# --- The account ------------------------------------------------------------------------------------------------------
def test_the_account_is_kept_as_of_when_it_was_asked_for(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    before = timezone.now()
    seen = {}

    def finder(_scope: FindScope) -> Stages[Found]:
        desk.reload()
        seen["read_at"] = desk.incident.account.read_at  # as it stands while the finders look
        return Found(source="Devices")
        yield []

    type(desk.incident.account).objects.update(read_at=None, job_title="Old")
    only_finder(monkeypatch, finder)
    make_scan(desk)
    assert scanning.scan_due(tenant=desk.tenant) == 1
    account = desk.reload().account
    assert before <= seen["read_at"] == account.read_at <= timezone.now()
    assert account.job_title == ""


def test_a_press_during_a_scan_is_not_overwritten(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    send_all, pressed = GraphClient.send_all, []

    def press_meanwhile(client: GraphClient, requests: Any, **how: Any) -> Any:
        answers = send_all(client, requests, **how)
        if not pressed:
            pressed.append(True)
            desk.press(Step.CONTAIN)
            desk.work()
            assert desk.reload().account.account_enabled is False
        return answers

    make_scan(desk)
    monkeypatch.setattr(GraphClient, "send_all", press_meanwhile)
    scanning.scan_due(tenant=desk.tenant)
    assert Scan.objects.get().state == ScanState.COMPLETE
    assert desk.reload().account.account_enabled is False


# --- The end of a scan ------------------------------------------------------------------------------------------------
def test_a_scan_that_breaks_fails_and_the_next_is_made(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    only_finder(monkeypatch, finding(others_affected=None))  # the column takes no null
    first, second = make_scan(desk), make_scan(desk, step=Step.RETRACT)
    assert scanning.scan_due(tenant=desk.tenant) == 2
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.lease_until) == (ScanState.FAILED, None)
    assert first.finished_at
    assert [(row["is_checked"], row["note"]) for row in first.coverage] == [(False, scanning.BROKEN)]
    assert second.state == ScanState.COMPLETE


def test_giving_up_never_raises(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    def broken(**_: Any) -> None:
        raise RuntimeError

    scan = make_scan(desk, state=ScanState.RUNNING)
    monkeypatch.setattr(scans, "incident_changed", broken)
    scans.scan_give_up(scan=scan, source="Search", words="x")
    assert Scan.objects.get().state == ScanState.RUNNING


def test_without_a_connection_a_scan_fails_in_plain_words(desk: Desk):
    Connection.objects.all().delete()
    make_scan(desk)
    scanning.scan_due(tenant=desk.tenant)
    scan = Scan.objects.get()
    assert (scan.state, scan.coverage[0]["note"]) == (ScanState.FAILED, scanning.NOT_CONNECTED)


def test_with_an_undecryptable_secret_a_scan_fails_in_plain_words(desk: Desk):
    with database.cursor() as cursor:
        cursor.execute("UPDATE tenants_connection SET client_secret = 'of another key'")
    make_scan(desk)
    scanning.scan_due(tenant=desk.tenant)
    scan = Scan.objects.get()
    assert (scan.state, scan.coverage[0]["note"]) == (ScanState.FAILED, scanning.UNREADABLE)


def test_what_the_database_cannot_hold_is_left_out(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    bad = {"target": {"device_id": "d\0"}, "title": "Lap\0top\ud800", "facts": (("Name", "x\0"),), "reasons": ("\0y",)}
    only_finder(monkeypatch, finding(**bad, before={"name": ["\udfff\0z"]}))
    make_scan(desk)
    scanning.scan_due(tenant=desk.tenant)
    assert Scan.objects.get().state == ScanState.COMPLETE
    (row,) = desk.incident.findings.all()
    assert (row.target, row.title, row.before) == ({"device_id": "d"}, "Laptop", {"name": ["z"]})
    assert (row.facts, row.reasons) == ([["Name", "x"]], ["y"])


# --- Coverage ---------------------------------------------------------------------------------------------------------
def test_whole_is_only_what_was_looked_at_everywhere():
    checked, missed = {"is_checked": True}, {"is_checked": False}
    assert Scan(state=ScanState.COMPLETE, coverage=[checked, checked]).is_whole
    assert not Scan(state=ScanState.COMPLETE, coverage=[checked, missed]).is_whole
    assert not Scan(state=ScanState.RUNNING, coverage=[]).is_whole


def test_contact_was_made_where_something_was_answered(desk: Desk):
    make_scan(desk)
    scanning.scan_due(tenant=desk.tenant)
    assert Connection.objects.get().last_contact_at


def test_no_contact_was_made_where_all_was_refused(desk: Desk, simulator: SimulatorControl):
    simulator.configure(world.TENANT_ID, faults=[{"match": {}, "answer": 403}])
    Connection.objects.update(last_error="Refused")
    PhishTag.objects.create(tenant=desk.tenant, incident=desk.incident, internet_message_id="<a@b>")
    make_scan(desk)
    scanning.scan_due(tenant=desk.tenant)
    connection, scan = Connection.objects.get(), Scan.objects.get()
    assert (connection.last_contact_at, connection.last_error) == (None, "Refused")
    assert scan.state == ScanState.FAILED
    assert "Account" in {row["source"] for row in scan.coverage if not row["is_checked"]}


# --- The sweeper ------------------------------------------------------------------------------------------------------
def test_the_sweeper_gives_a_dead_scan_back_to_the_queue(desk: Desk):
    scan = expired(desk)
    sweeper.resume_stalled(now=timezone.now())
    scan.refresh_from_db()
    assert (scan.state, scan.lease_until) == (ScanState.QUEUED, None)


def test_the_sweeper_survives_a_scan_that_waits_already(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    rung = []
    monkeypatch.setattr(sweeper.doorbell, "ring_scan", rung.append)
    dead, other, waiting = expired(desk), expired(desk, step=Step.RETRACT), make_scan(desk)
    sweeper.resume_stalled(now=timezone.now())
    states = [Scan.objects.get(pk=scan.pk).state for scan in (dead, other, waiting)]
    assert states == [ScanState.FAILED, ScanState.QUEUED, ScanState.QUEUED]
    assert rung == [desk.tenant.pk]


def test_one_part_of_the_sweeper_does_not_stop_the_others(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError

    rung: list[tuple[str, int]] = []
    desk.press(Step.CONTAIN)
    scan = expired(desk)
    monkeypatch.setattr(sweeper, "move_runs", broken)
    monkeypatch.setattr(sweeper.doorbell, "ring_runs", lambda tenant_id: rung.append(("runs", tenant_id)))
    monkeypatch.setattr(sweeper.doorbell, "ring_scan", lambda tenant_id: rung.append(("scan", tenant_id)))
    sweeper.resume_stalled(now=timezone.now())
    assert rung == [("runs", desk.tenant.pk), ("scan", desk.tenant.pk)]
    assert Scan.objects.get(pk=scan.pk).state == ScanState.QUEUED


# --- Passwords --------------------------------------------------------------------------------------------------------
def alive() -> list[int]:
    return list(IssuedPassword.objects.filter(destroyed_at=None).exclude(password="").values_list("run_id", flat=True))


def test_a_newer_password_destroys_the_older_ones_of_the_account(desk: Desk):
    desk.press(Step.PASSWORD)
    desk.work()
    bob = make_incident(desk.tenant, make_account(desk.tenant, world.BOB, "Bob"))
    step_press(incident=bob, step=Step.PASSWORD, press=Press(key="b" * 32), by=desk.analyst)
    desk.work()
    desk.press(Step.PASSWORD, again=True)
    first, other, second = desk.runs(action_key="reset_password")
    assert alive() == [first.pk, other.pk, second.pk]
    passwords.accept([second], at=timezone.now())
    assert alive() == [other.pk, second.pk]


def test_what_was_destroyed_is_not_accepted_and_destroys_nothing(desk: Desk):
    desk.press(Step.PASSWORD)
    first = desk.run()
    ActionRun.objects.update(state=RunState.SUCCEEDED)
    desk.press(Step.PASSWORD, again=True)
    second = desk.runs()[1]
    passwords.accept([second], at=timezone.now())
    passwords.accept([first], at=timezone.now())
    assert alive() == [second.pk]
    assert IssuedPassword.objects.get(run=first).accepted_at is None


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.ERRORED, RunState.SKIPPED, RunState.CANCELED])
def test_what_was_never_accepted_is_destroyed_after_an_hour(state: RunState, desk: Desk):
    desk.press(Step.PASSWORD)
    later = timezone.now() + timedelta(minutes=61)
    assert passwords.destroy_expired(now=later) == 0, "it waits to be sent"
    ActionRun.objects.update(state=state)
    assert passwords.destroy_expired(now=timezone.now() + timedelta(minutes=59)) == 0
    assert passwords.destroy_expired(now=later) == 1
    assert alive() == []


def test_a_destroyed_password_is_made_anew_for_a_retry(desk: Desk, simulator: SimulatorControl):
    simulator.configure(world.TENANT_ID, faults=[{"match": {"method": "PATCH"}, "answer": 403, "times": 1}])
    desk.press(Step.PASSWORD)
    old = IssuedPassword.objects.get()
    assert not passwords.renew(desk.run()), "it is there still"
    desk.work()
    run = desk.run()
    assert run.state == RunState.FAILED
    assert passwords.renew(run)
    new = IssuedPassword.objects.get()
    assert (new.reference, new.viewer_id, new.destroyed_at) == (old.reference, old.viewer_id, None)
    assert new.password not in ("", old.password)
    assert desk.run().tries == 0


# --- What people may ask for ------------------------------------------------------------------------------------------
@CANNOT_ACT
def test_people_do_not_search_where_no_step_may_be_taken(state: str, desk: Desk):
    desk.incident = make_incident(desk.tenant, desk.incident.account, state=state)
    with pytest.raises(Refused):
        scan_request(incident=desk.incident, step=Step.PERSISTENCE, by=desk.analyst)
    assert not Scan.objects.exists()
    scans_begin(incident=desk.incident, by=None)
    assert Scan.objects.count() == 2


@CANNOT_ACT
def test_people_do_not_judge_where_no_step_may_be_taken(state: str, desk: Desk):
    desk.incident = make_incident(desk.tenant, desk.incident.account, state=state)
    found = desk.find("disable_device", {"device_id": world.DEVICE})
    with pytest.raises(Refused):
        finding_judge(incident=desk.incident, finding=found, verdict=Verdict.LEGITIMATE, by=desk.analyst)
    found.refresh_from_db()
    assert found.verdict == Verdict.NONE
