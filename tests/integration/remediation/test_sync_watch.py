"""The watch over a synchronized account: who enabled it again decides what Petra does."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from graph.simulator.control import SimulatorControl
from remediation import sweeper, watching
from remediation.contexts import panel_view
from remediation.enums import RunState, Step, WatchState
from remediation.models import SyncWatch, WorkOrder
from remediation.services import runs_undo, watch_stop
from tenants.models import AuditEvent
from tests.factories import world
from tests.fixtures.simulator import RawCloud
from tests.integration.remediation.desk import Desk

SYNC = {"id": "5a", "displayName": "On-Premises Directory Synchronization Service Account"} | {
    "userPrincipalName": "Sync_DC01_0123456789ab@tiny.onmicrosoft.example"
}
PERSON = {"id": "5b", "displayName": "Dana Admin", "userPrincipalName": "dana@tiny.example"}


@pytest.fixture
def locked(desk: Desk, simulator: SimulatorControl) -> Desk:
    """Alice, synchronized from on-premises, and locked by step 1."""
    user = next(each for each in simulator.objects(world.TENANT_ID, "users") if each["id"] == world.ALICE)
    simulator.plant(world.TENANT_ID, "users", user | {"onPremisesSyncEnabled": True})
    type(desk.incident.account).objects.update(on_premises_sync_enabled=True)
    desk.press(Step.CONTAIN)
    desk.work()
    return desk


def enabled_again(simulator: SimulatorControl, by: dict[str, Any] | None, *, kind: str = "user") -> None:
    """Somebody enables Alice behind Petra's back; Microsoft's log tells of it where `by` is given."""
    user = next(each for each in simulator.objects(world.TENANT_ID, "users") if each["id"] == world.ALICE)
    simulator.plant(world.TENANT_ID, "users", user | {"accountEnabled": True})
    if by is None:
        return
    audits = simulator.objects(world.TENANT_ID, "directoryAudits")
    ours = next(each for each in audits if each["activityDisplayName"] == "Disable account")
    at = (timezone.now() + timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    change = {"displayName": "AccountEnabled", "oldValue": "[false]", "newValue": "[true]"}
    target = ours["targetResources"][0] | {"modifiedProperties": [change]}
    who = {"user": None, "app": None, kind: by}
    record = ours | {"id": f"Directory_{at}", "activityDisplayName": "Enable account", "activityDateTime": at}
    simulator.plant(world.TENANT_ID, "directoryAudits", record | {"initiatedBy": who, "targetResources": [target]})


def look(desk: Desk) -> SyncWatch:
    """The time has come to look, and a worker does."""
    SyncWatch.objects.update(due_at=timezone.now())
    assert watching.watch_due(tenant=desk.tenant) == 1
    desk.work()
    return SyncWatch.objects.get()


def is_enabled(raw_cloud: RawCloud) -> bool:
    return raw_cloud.get(f"/users/{world.ALICE}?$select=accountEnabled")["accountEnabled"]


def told(verb: str) -> int:
    return AuditEvent.objects.filter(verb=verb).count()


def test_only_a_synchronized_account_is_watched(desk: Desk):
    desk.press(Step.CONTAIN)
    desk.work()
    assert SyncWatch.objects.count() == 0


def test_the_lock_begins_the_watch_and_a_locked_account_is_left_alone(locked: Desk, simulator: SimulatorControl):
    watch = SyncWatch.objects.get()
    assert (watch.state, watch.checked_at) == (WatchState.WATCHING, None)
    assert watch.due_at - watch.began_at == timedelta(minutes=5)
    simulator.clear_requests()
    watch = look(locked)
    assert watch.state == WatchState.WATCHING
    assert watch.checked_at
    assert watch.due_at > timezone.now() + timedelta(minutes=4)
    assert simulator.requests()["byPath"] == {"GET /users/{id}": 1}


@pytest.mark.parametrize(
    ("by", "kind"),
    [(SYNC, "user"), ({"appId": "a", "displayName": "ConnectSyncProvisioning_DC01_0123"}, "app")],
    ids=["account", "application"],
)
def test_the_synchronization_is_answered_by_locking_again(
    by: dict, kind: str, locked: Desk, simulator: SimulatorControl, raw_cloud: RawCloud
):
    enabled_again(simulator, by, kind=kind)
    watch = look(locked)
    assert is_enabled(raw_cloud) is False
    assert (watch.state, watch.relocks) == (WatchState.WATCHING, 1)
    order = WorkOrder.objects.latest("pk")
    assert (order.requested_by_id, order.requested_by_name) == (None, "Petra")
    assert {run.state for run in order.runs.all()} == {RunState.SUCCEEDED}
    assert told("relock_after_sync") == 1
    assert told("lock_account") == 2
    step = panel_view(incident=locked.reload(), member=locked.analyst).steps[0]
    assert (step.is_alarmed, step.state) == (True, "done")


def test_again_and_again_is_an_order_each_time(locked: Desk, simulator: SimulatorControl, raw_cloud: RawCloud):
    for count in (1, 2, 3):
        enabled_again(simulator, SYNC)
        assert look(locked).relocks == count
        assert is_enabled(raw_cloud) is False
        # What the log tells of the last time is no word about the next.
        for record in simulator.objects(world.TENANT_ID, "directoryAudits"):
            if record["activityDisplayName"] == "Enable account":
                simulator.uproot(world.TENANT_ID, "directoryAudits", record["id"])
    assert WorkOrder.objects.filter(requested_by_name="Petra").count() == 3


def test_a_person_is_not_overruled_but_told_of_once(locked: Desk, simulator: SimulatorControl, raw_cloud: RawCloud):
    enabled_again(simulator, PERSON)
    watch = look(locked)
    assert is_enabled(raw_cloud) is True
    assert watch.state == WatchState.WARNED
    assert "by dana@tiny.example" in watch.warning
    look(locked)
    assert told("warn_account_enabled") == 1
    step = panel_view(incident=locked.reload(), member=locked.analyst).steps[0]
    assert (step.state, step.words, step.is_alarmed) == ("partly", "Locked, but enabled again since", True)


def test_what_is_enabled_again_is_not_told_as_done_and_one_press_locks_it(
    locked: Desk, simulator: SimulatorControl, raw_cloud: RawCloud
):
    assert locked.reload().has_done(Step.CONTAIN)
    enabled_again(simulator, PERSON)
    look(locked)
    assert not locked.reload().has_done(Step.CONTAIN), "the dot goes out"
    watch_stop(incident=locked.incident, by=locked.colleague)
    step = panel_view(incident=locked.reload(), member=locked.analyst).steps[0]
    assert (step.state, step.is_alarmed) == ("partly", True), "nobody watches, and still it is enabled"
    assert locked.press(Step.CONTAIN).is_new, "without asking whether it is meant"
    locked.work()
    assert is_enabled(raw_cloud) is False
    step = panel_view(incident=locked.reload(), member=locked.analyst).steps[0]
    assert (step.state, step.is_alarmed) == ("done", False)
    assert locked.incident.has_done(Step.CONTAIN)


def test_what_the_log_does_not_tell_is_not_guessed(locked: Desk, simulator: SimulatorControl, raw_cloud: RawCloud):
    enabled_again(simulator, None)
    for _ in range(4):
        watch = look(locked)
        assert watch.state == WatchState.WATCHING
        assert watch.due_at < timezone.now() + timedelta(minutes=2)
    watch = look(locked)
    assert watch.state == WatchState.WARNED
    assert "does not say by whom" in watch.warning
    assert is_enabled(raw_cloud) is True
    enabled_again(simulator, SYNC)  # the log was late
    assert look(locked).relocks == 1
    assert is_enabled(raw_cloud) is False


def test_a_warning_ends_when_the_account_is_locked_again(locked: Desk, simulator: SimulatorControl):
    enabled_again(simulator, PERSON)
    look(locked)
    user = next(each for each in simulator.objects(world.TENANT_ID, "users") if each["id"] == world.ALICE)
    simulator.plant(world.TENANT_ID, "users", user | {"accountEnabled": False})
    watch = look(locked)
    assert (watch.state, watch.warning) == (WatchState.WATCHING, "")


def unlock(desk: Desk) -> None:
    desk.press(Step.RE_ENABLE, reason="It was the wrong one")


def undo(desk: Desk) -> None:
    runs_undo(incident=desk.incident, run_ids=[desk.run(action_key="lock_account").pk], by=desk.analyst)


def close(desk: Desk) -> None:
    type(desk.incident).objects.update(state="remediated")


@pytest.mark.parametrize("end", [unlock, undo, close])
def test_where_the_lock_stands_no_longer_nothing_is_locked(
    end: Callable[[Desk], None], locked: Desk, simulator: SimulatorControl, raw_cloud: RawCloud
):
    end(locked)
    enabled_again(simulator, SYNC)
    watch = look(locked)
    assert (watch.state, watch.relocks) == (WatchState.ENDED, 0)
    assert is_enabled(raw_cloud) is True


def test_a_lock_taken_back_while_it_is_looked_at_is_not_renewed(
    locked: Desk, simulator: SimulatorControl, raw_cloud: RawCloud, monkeypatch: pytest.MonkeyPatch
):
    enabled_again(simulator, SYNC)
    relock = watching.watch_relock

    def undone_first(*args: Any, **options: Any) -> bool:
        undo(locked)
        return relock(*args, **options)

    monkeypatch.setattr(watching, "watch_relock", undone_first)
    watch = look(locked)
    assert (watch.state, watch.relocks) == (WatchState.ENDED, 0)
    assert is_enabled(raw_cloud) is True


def test_stopped_by_hand_it_looks_no_more_until_step_one_is_pressed_again(locked: Desk, simulator: SimulatorControl):
    assert watch_stop(incident=locked.incident, by=locked.colleague) is True
    assert watch_stop(incident=locked.incident, by=locked.analyst) is False
    enabled_again(simulator, SYNC)
    SyncWatch.objects.update(due_at=timezone.now())
    assert watching.watch_due(tenant=locked.tenant) == 0
    assert (told("stop_sync_watch"), SyncWatch.objects.get().stopped_by_name) == (1, locked.colleague.display_name)
    locked.press(Step.CONTAIN, again=True)
    locked.work()
    assert SyncWatch.objects.get().state == WatchState.WATCHING


def test_two_workers_look_once(locked: Desk, simulator: SimulatorControl):
    simulator.clear_requests()
    look(locked)
    assert watching.watch_due(tenant=locked.tenant) == 0
    assert simulator.requests()["byPath"] == {"GET /users/{id}": 1}


def test_a_dead_worker_s_watch_is_looked_at_by_the_next(locked: Desk, monkeypatch: pytest.MonkeyPatch):
    past = timezone.now() - timedelta(seconds=1)
    SyncWatch.objects.update(due_at=past, lease_until=past, fence="dead")
    rung: list[int] = []
    monkeypatch.setattr(sweeper.doorbell, "ring_watch", rung.append)
    sweeper.resume_stalled(now=timezone.now())
    assert rung == [locked.tenant.pk]
    assert look(locked).checked_at


def test_what_cannot_be_read_is_told_and_looked_at_again(locked: Desk, simulator: SimulatorControl):
    simulator.configure(world.TENANT_ID, faults=[{"match": {"method": "GET", "path": "^/users"}, "answer": 403}])
    watch = look(locked)
    assert watch.state == WatchState.WATCHING
    assert "Microsoft refused" in watch.problem
    assert watch.checked_at is None
    simulator.configure(world.TENANT_ID, faults=[])
    assert look(locked).problem == ""
