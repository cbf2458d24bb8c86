"""Workers that are held up, die or meet one another: who holds a run or a search acts on it, and nobody else."""

from typing import Any

import pytest
from django.utils import timezone

from graph.simulator.control import SimulatorControl
from incidents.services import incident_dismiss
from remediation import claims, runner, scanning, transitions, verification
from remediation.enums import RunState, ScanState, Step
from remediation.leases import LEASE, LeaseLost, Pulse
from remediation.models import ActionAttempt, ActionRun, Finding, Scan
from remediation.services import runs_undo, step_retry
from tenants.models import AuditEvent
from tests.factories import world
from tests.fixtures.simulator import RawCloud
from tests.integration.remediation.desk import Desk
from tests.integration.remediation.stage import (
    Cue,
    Later,
    Press,
    Search,
    Stage,
    Sweep,
    TimeUp,
    Undo,
    Work,
    open_stage,
)
from tests.integration.remediation.witness import Witness

ALICE = f"/users/{world.ALICE}?$select=accountEnabled"
CLAIMED, BEFORE, AFTER = 0, 1, 2  # beats of a worker whose action sends at once, as the strike's
READING_BACK = 3
TAKEN_OVER = (TimeUp(), Sweep(), Work())
DIES_BEFORE_IT_SENDS = Work("runs", (Cue(BEFORE, dies=True),))


@pytest.fixture
def stage(desk: Desk, simulator: SimulatorControl, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage with a device and a mail filter rule for step 3."""
    rule = {"user_id": world.ALICE, "mailbox": "alice@tiny.example", "rule_id": "AQAAAJ5dZp8=", "identity": ""}
    found = [
        desk.find("disable_device", {"device_id": world.DEVICE}),
        desk.find("disable_inbox_rule", {**rule, "is_hidden": False}),
    ]
    stage = Stage(desk, simulator, Witness(), {Step.PERSISTENCE: [one.pk for one in found]})
    stage.witness.arrive()
    open_stage(monkeypatch, lambda: stage)
    return stage


def played(stage: Stage, *moves: Any) -> list[str]:
    """Play these, and return what went wrong."""
    for move in moves:
        stage.play(move)
    return stage.wrongs


@pytest.mark.parametrize("beat", [CLAIMED, BEFORE])
def test_a_worker_that_was_taken_over_sends_nothing(beat: int, stage: Stage, simulator: SimulatorControl):
    assert played(stage, Press(Step.CONTAIN), Work("runs", (Cue(beat, TAKEN_OVER),))) == []
    assert simulator.requests()["byPath"]["PATCH /users/{id}"] == 1
    assert {run.tries for run in stage.desk.runs()} == {2}


def test_a_worker_that_was_taken_over_after_sending_writes_nothing(stage: Stage):
    # The other one is still at it, so the state is the same: only the fence tells them apart.
    other_at_it = (TimeUp(), Sweep(), DIES_BEFORE_IT_SENDS)
    assert played(stage, Press(Step.CONTAIN), Work("runs", (Cue(AFTER, other_at_it),))) == []
    assert {run.state for run in stage.desk.runs()} == {RunState.RUNNING}
    assert AuditEvent.objects.filter(object_type="action_run").count() == 0
    assert set(ActionAttempt.objects.values_list("finished_at", flat=True)) == {None}
    assert played(stage, TimeUp(), Sweep(), Work()) == []
    assert {run.state for run in stage.desk.runs()} == {RunState.SUCCEEDED}
    assert AuditEvent.objects.filter(object_type="action_run").count() == 2


@pytest.mark.parametrize("meanwhile", [(TimeUp(), Sweep()), (TimeUp(), DIES_BEFORE_IT_SENDS)])
def test_a_set_of_which_a_part_was_taken_over_is_lost_as_a_whole(meanwhile: tuple[Any, ...], stage: Stage):
    claimed_together = (Undo(0), Press(Step.PASSWORD), Work("runs", (Cue(BEFORE, meanwhile),)))
    assert played(stage, Press(Step.PERSISTENCE), Work(), *claimed_together) == []


def test_a_run_is_not_taken_from_a_worker_that_came_back_in_time(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    stage.play(Press(Step.PERSISTENCE))
    stage.play(Work())
    runs_undo(incident=stage.desk.incident, run_ids=[stage.desk.runs()[0].pk], by=stage.desk.analyst)
    (held,) = claims.claim_runs(tenant=stage.desk.tenant, now=timezone.now())
    ActionRun.objects.filter(pk=held.pk).update(lease_until=timezone.now())
    look = claims._due

    def renewed_after_the_look(now: Any, **how: Any) -> list[ActionRun]:
        due = look(now, **how)
        assert claims.renew_lease(held.fence, now=timezone.now())
        return due

    monkeypatch.setattr(claims, "_due", renewed_after_the_look)
    assert claims.claim_runs(tenant=stage.desk.tenant, now=timezone.now()) == []
    assert stage.desk.run(pk=held.pk).fence == held.fence


def test_one_worker_reads_back(stage: Stage, simulator: SimulatorControl):
    second = (Later(), Work())
    assert played(stage, Press(Step.CONTAIN), Work("runs", (Cue(READING_BACK, second),))) == []
    assert simulator.requests()["byPath"]["GET /users/{id}"] == 1


def test_a_reading_back_is_given_back_when_its_worker_dies(stage: Stage):
    assert played(stage, Press(Step.CONTAIN), Work("runs", (Cue(READING_BACK, dies=True),)), Work()) == []
    assert {run.verified_at for run in stage.desk.runs()} == {None}
    assert played(stage, TimeUp(), Sweep(), Work()) == []
    assert all(run.verified_at for run in stage.desk.runs())
    assert {run.lease_until for run in stage.desk.runs()} == {None}


def test_what_is_undone_while_it_is_read_back_is_left_to_the_undo(stage: Stage, raw_cloud: RawCloud):
    undone = (Undo(0),)
    assert played(stage, Press(Step.CONTAIN), Work("runs", (Cue(READING_BACK, undone),))) == []
    lock = stage.desk.run(action_key="lock_account")
    assert (lock.state, bool(lock.verified_at)) == (RunState.UNDONE, True)
    assert raw_cloud.get(ALICE)["accountEnabled"] is True


def test_what_is_being_undone_is_not_taken_to_be_read_back(stage: Stage):
    stage.play(Press(Step.CONTAIN))
    stage.play(Work("runs", (Cue(READING_BACK, dies=True),)))
    stage.play(TimeUp())
    lock = stage.desk.run(action_key="lock_account")
    runs_undo(incident=stage.desk.incident, run_ids=[lock.pk], by=stage.desk.analyst)
    claimed = claims.claim_unverified(tenant=stage.desk.tenant, now=timezone.now())
    assert [run.action_key for run in claimed] == ["revoke_sessions"]
    assert stage.desk.run(pk=lock.pk).lease_until is None


def test_a_search_that_was_taken_over_is_not_written_by_the_late_one(stage: Stage):
    reading, finders_done = 2, 6
    for beat in (CLAIMED, BEFORE, reading, finders_done):
        Scan.objects.all().delete()
        other_at_it = (TimeUp(), Sweep(), Work("scans", (Cue(BEFORE, dies=True),)))
        assert played(stage, Search(), Work("scans", (Cue(beat, other_at_it),))) == []
        assert Scan.objects.get().state == ScanState.RUNNING
        assert Finding.objects.count() == 2, "nothing was found but what was there"


def test_a_search_whose_worker_died_is_made_by_the_next(stage: Stage):
    assert played(stage, Search(), Work("scans", (Cue(BEFORE, dies=True),)), Work("scans")) == []
    assert Scan.objects.get().state == ScanState.RUNNING
    assert played(stage, TimeUp(), Sweep(), Work("scans")) == []
    assert Scan.objects.get().state == ScanState.COMPLETE


def test_a_dead_worker_s_unlock_does_not_come_after_a_new_lock(stage: Stage, raw_cloud: RawCloud):
    locked = (Press(Step.CONTAIN), Work())
    unlocker_dies = (Press(Step.RE_ENABLE), Work("runs", (Cue(BEFORE, dies=True),)))
    locked_again = (Press(Step.CONTAIN, again=True), Work())
    assert played(stage, *locked, *unlocker_dies, *locked_again, TimeUp(), Sweep(), Work()) == []
    unlock = stage.desk.run(action_key="enable_account")
    assert (unlock.state, unlock.message) == (RunState.CANCELED, transitions.OVERRULED)
    assert raw_cloud.get(ALICE)["accountEnabled"] is False
    told = AuditEvent.objects.filter(object_type="action_run", object_id=str(unlock.pk))
    assert [event.summary.startswith("Canceled") for event in told] == [True]


def test_a_retried_unlock_is_the_last_word_though_a_lock_failed_before(stage: Stage, raw_cloud: RawCloud):
    refuse = [{"match": {"method": "PATCH"}, "answer": 403, "times": 2}]
    stage.play(Press(Step.CONTAIN))
    stage.play(Work())
    stage.simulator.configure(world.TENANT_ID, faults=refuse)
    for move in (Press(Step.RE_ENABLE), Work(), Press(Step.CONTAIN, again=True), Work()):
        stage.play(move)
    assert step_retry(incident=stage.desk.reload(), step=Step.RE_ENABLE, by=stage.desk.analyst) == 1
    stage.play(Work("runs", (Cue(CLAIMED, dies=True),)))
    assert played(stage, TimeUp(), Sweep(), Work()) == []
    assert stage.desk.run(action_key="enable_account").state == RunState.SUCCEEDED
    assert raw_cloud.get(ALICE)["accountEnabled"] is True


def test_the_undo_stands_in_the_audit_trail_with_the_member_who_pressed_it(stage: Stage):
    assert played(stage, Press(Step.CONTAIN), Work(), Undo(0), Work()) == []
    lock = stage.desk.run(action_key="lock_account")
    told = AuditEvent.objects.filter(object_type="action_run", object_id=str(lock.pk)).order_by("pk")
    analyst, colleague = stage.desk.analyst, stage.desk.colleague
    assert [(event.actor_id, event.actor_name) for event in told] == [
        (analyst.pk, analyst.display_name),
        (colleague.pk, colleague.display_name),
    ]


def test_a_dismissal_cancels_nothing_that_a_worker_has(stage: Stage):
    stage.play(Press(Step.CONTAIN))
    held = claims.claim_runs(tenant=stage.desk.tenant, now=timezone.now())
    incident_dismiss(incident=stage.desk.incident, reason="A drill.", by=stage.desk.analyst)
    assert {run.state for run in stage.desk.runs()} == {RunState.RUNNING}
    assert len(held) == 2
    assert AuditEvent.objects.filter(summary__startswith="Canceled").count() == 0


# --- The pulse --------------------------------------------------------------------------------------------------------
def test_a_pulse_counts_from_the_claim():
    asked: list[Any] = []
    Pulse(lambda now: not asked.append(now), lease_until=timezone.now() + LEASE)()
    assert asked == [], "claimed just now"
    Pulse(lambda now: not asked.append(now), lease_until=timezone.now())()
    assert len(asked) == 1, "claimed long ago"


def test_a_pulse_that_renews_nothing_ends_the_work():
    with pytest.raises(LeaseLost):
        Pulse(lambda _now: False, lease_until=timezone.now())()


# --- Mistakes of ours -------------------------------------------------------------------------------------------------
def test_a_settlement_that_breaks_half_way_leaves_nothing_running(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    def breaks(_runs: Any, **_how: Any) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr(runner.passwords, "accept", breaks)
    desk.press(Step.CONTAIN)
    desk.work()
    assert {(run.state, run.code) for run in desk.runs()} == {(RunState.ERRORED, "RuntimeError")}


def test_a_reading_back_that_breaks_is_told_and_does_not_come_back_for_ever(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    def breaks(*_args: Any) -> bool:
        raise KeyError("ours")

    monkeypatch.setattr(verification, "_is_shown", breaks)
    desk.press(Step.CONTAIN)
    desk.work()
    for run in desk.runs():
        assert (run.state, run.verify_due_at, run.verified_at) == (RunState.SUCCEEDED, None, None)
        assert run.message.startswith(verification.SAID)


def test_a_search_is_put_off_in_the_transaction_that_ends_it(
    desk: Desk, simulator: SimulatorControl, monkeypatch: pytest.MonkeyPatch
):
    def dies(*_args: Any) -> None:
        raise KeyboardInterrupt

    fault = [{"match": {"method": "GET"}, "answer": 429, "retryAfter": 60}]
    scan = Scan.objects.create(
        tenant=desk.tenant, incident=desk.incident, step=Step.PERSISTENCE, requested_by_name="Ravi"
    )
    simulator.configure(world.TENANT_ID, faults=fault)
    monkeypatch.setattr(scanning, "_look_later", dies)
    with pytest.raises(KeyboardInterrupt):
        scanning.scan_due(tenant=desk.tenant)
    scan.refresh_from_db()
    assert scan.state == ScanState.RUNNING, "it ends with the next one put down, or not at all"
