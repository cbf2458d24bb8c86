"""Where Microsoft says "later", or nobody knows what it did: waiting is told, ends, and is never taken for done."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from graph.simulator.control import SimulatorControl
from remediation import outcomes, scanning, sweeper
from remediation.enums import RunState, ScanState, Step
from remediation.models import ActionAttempt, ActionRun, IssuedPassword, Scan
from remediation.services import runs_undo, scan_request, step_retry
from remediation.verification import NOT_READ, NOT_SHOWN
from tests.factories import world
from tests.fixtures.simulator import RawCloud
from tests.integration.remediation.desk import Desk

ALICE = f"/users/{world.ALICE}?$select=accountEnabled"
ENOUGH = 20  # claims after which a run has to be at its end


def fault(simulator: SimulatorControl, method: str, answer: int | str, **more: Any) -> None:
    simulator.configure(world.TENANT_ID, faults=[{"match": {"method": method}, "answer": answer, **more}])


def pressed_long_ago(minutes: int = 61) -> None:
    ActionRun.objects.update(ordered_at=timezone.now() - timedelta(minutes=minutes))


def lock(desk: Desk) -> ActionRun:
    return desk.run(action_key="lock_account")


def until_its_end(desk: Desk) -> int:
    """Work again and again, as time passes. Returns how often it was claimed until nothing waited any more."""
    for count in range(1, ENOUGH):
        desk.work()
        desk.due_now()
        if not ActionRun.objects.filter(state__in=(RunState.QUEUED, RunState.UNDOING)).exists():
            return count
    pytest.fail("it never ends")


def page(desk: Desk) -> str:
    client = Client()
    client.force_login(desk.analyst, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client.get(reverse("remediation:panel", args=["tiny", desk.incident.pk])).content.decode()


# --- Told to wait -----------------------------------------------------------------------------------------------------
def test_a_long_wait_goes_back_to_the_queue_with_the_time_that_microsoft_named(desk: Desk, simulator: SimulatorControl):
    fault(simulator, "PATCH", 429, retryAfter=240, times=1)
    asked_at = timezone.now()
    desk.press(Step.CONTAIN)
    desk.work()
    run = lock(desk)
    assert run.state == RunState.QUEUED
    assert timedelta(seconds=240) <= run.due_at - asked_at < timedelta(seconds=260)
    assert simulator.requests()["byPath"]["PATCH /users/{id}"] == 1, "not slept through, and not asked again"


def test_a_short_wait_is_slept_through_by_the_client(desk: Desk, simulator: SimulatorControl):
    fault(simulator, "PATCH", 429, retryAfter=1, times=1)
    desk.press(Step.CONTAIN)
    desk.work()
    assert (lock(desk).state, lock(desk).tries) == (RunState.SUCCEEDED, 1)


def test_the_page_says_until_when_it_waits(desk: Desk, simulator: SimulatorControl):
    fault(simulator, "PATCH", 429, retryAfter=240, times=1)
    desk.press(Step.CONTAIN)
    desk.work()
    assert "Waiting until" in page(desk)
    desk.due_now()
    desk.work()
    assert "Waiting until" not in page(desk)


def test_a_wait_does_not_count_as_a_try(desk: Desk, simulator: SimulatorControl):
    fault(simulator, "PATCH", 429, retryAfter=60, times=9)
    desk.press(Step.CONTAIN)
    until_its_end(desk)
    run = lock(desk)
    assert (run.state, run.tries, run.waits) == (RunState.SUCCEEDED, 10, 9)


def test_after_an_hour_each_wait_counts_and_so_it_ends(desk: Desk, simulator: SimulatorControl):
    fault(simulator, "PATCH", 429, retryAfter=60)
    desk.press(Step.CONTAIN)
    pressed_long_ago()
    assert until_its_end(desk) == outcomes.MAX_TRIES
    run = lock(desk)
    assert (run.state, run.waits, run.code) == (RunState.FAILED, 0, "TooManyRequests")


def test_an_undo_has_an_hour_of_its_own(desk: Desk, simulator: SimulatorControl):
    desk.press(Step.CONTAIN)
    desk.work()
    pressed_long_ago()
    fault(simulator, "PATCH", 429, retryAfter=60, times=8)
    runs_undo(incident=desk.reload(), run_ids=[lock(desk).pk], by=desk.analyst)
    until_its_end(desk)
    assert (lock(desk).state, lock(desk).waits) == (RunState.UNDONE, 8)


# --- Nobody knows -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("has_effect", [True, False])
def test_an_unknown_outcome_on_the_last_try_is_looked_up(
    has_effect: bool, desk: Desk, simulator: SimulatorControl, raw_cloud: RawCloud
):
    desk.press(Step.CONTAIN)
    ActionRun.objects.update(tries=outcomes.MAX_TRIES - 1)
    fault(simulator, "PATCH", 503, effect=has_effect)
    until_its_end(desk)
    run = lock(desk)
    assert raw_cloud.get(ALICE)["accountEnabled"] is not has_effect
    told = (RunState.SUCCEEDED, "") if has_effect else (RunState.FAILED, outcomes.WORN_OUT)
    assert (run.state, run.message) == told
    assert simulator.requests()["byPath"]["PATCH /users/{id}"] == 1, "looked up, and not sent once more"


def lost_and_then_unseen(desk: Desk, simulator: SimulatorControl, step: Step) -> None:
    """The answer to the first try is lost, and the account cannot be read from then on."""
    desk.press(step)
    fault(simulator, "PATCH", "lost", times=1)
    desk.work()
    assert {run.state for run in desk.runs()} == {RunState.QUEUED}
    fault(simulator, "GET", 503, retryAfter=11)
    desk.due_now()


def test_what_cannot_be_looked_up_is_told_as_such(desk: Desk, simulator: SimulatorControl):
    lost_and_then_unseen(desk, simulator, Step.CONTAIN)
    assert 1 + until_its_end(desk) == outcomes.MAX_TRIES + outcomes.LAST_LOOKS
    assert (lock(desk).state, lock(desk).message) == (RunState.FAILED, outcomes.UNSEEN)


def test_what_was_never_sent_is_not_told_as_unseen(desk: Desk, simulator: SimulatorControl):
    fault(simulator, "GET", 503, retryAfter=11)
    desk.press(Step.PASSWORD)
    assert until_its_end(desk) == outcomes.MAX_TRIES
    assert (desk.run().state, desk.run().code) == (RunState.FAILED, "ServiceUnavailable")
    assert desk.run().message != outcomes.UNSEEN
    assert not IssuedPassword.objects.get().password, "it can never become valid"


@pytest.mark.parametrize("answer", [503, 403])
def test_a_password_is_kept_where_nobody_knows_whether_it_holds(answer: int, desk: Desk, simulator: SimulatorControl):
    lost_and_then_unseen(desk, simulator, Step.PASSWORD)
    fault(simulator, "GET", answer, retryAfter=11)
    until_its_end(desk)
    assert desk.run().state == RunState.FAILED
    assert simulator.password_matches(world.TENANT_ID, world.ALICE, IssuedPassword.objects.get().password)
    simulator.configure(world.TENANT_ID, faults=[])
    assert step_retry(incident=desk.incident, step=Step.PASSWORD, by=desk.analyst) == 1
    desk.work()
    assert desk.run().state == RunState.SUCCEEDED
    assert simulator.password_matches(world.TENANT_ID, world.ALICE, IssuedPassword.objects.get().password)


# --- Reading back -----------------------------------------------------------------------------------------------------
def test_a_reading_that_cannot_be_had_is_not_told_as_not_shown(desk: Desk, simulator: SimulatorControl):
    fault(simulator, "GET", 403)
    desk.press(Step.CONTAIN)
    desk.work()
    run = lock(desk)
    assert (run.state, run.verified_at, run.verify_due_at, run.verify_tries) == (RunState.SUCCEEDED, None, None, 0)
    assert run.message.startswith(NOT_READ.partition("{}")[0])
    assert run.message != NOT_SHOWN


@pytest.mark.parametrize("is_undo", [False, True])
def test_a_reading_that_passes_is_had_later_and_does_not_count_as_a_look(
    is_undo: bool, desk: Desk, simulator: SimulatorControl
):
    desk.press(Step.CONTAIN)
    if is_undo:
        desk.work()
        long_ago = timezone.now() - timedelta(hours=2)
        ActionRun.objects.update(applied_at=long_ago, finished_at=long_ago, ordered_at=long_ago)
        runs_undo(incident=desk.reload(), run_ids=[lock(desk).pk], by=desk.analyst)
    reads = 1 if is_undo else 0  # an undo reads before it acts
    match = {"method": "GET", "ordinal": reads + 1}
    simulator.configure(world.TENANT_ID, faults=[{"match": match, "answer": 429, "retryAfter": 45}])
    desk.work()
    run = lock(desk)
    assert (run.verified_at, run.verify_tries) == (None, 0)
    assert run.verify_due_at is not None
    assert timedelta(seconds=40) < run.verify_due_at - timezone.now() <= timedelta(seconds=45)
    desk.due_now()
    desk.work()
    assert (bool(lock(desk).verified_at), lock(desk).message) == (True, "")


def test_what_microsoft_never_shows_is_told_after_five_more_looks(desk: Desk, simulator: SimulatorControl):
    simulator.configure(world.TENANT_ID, lag=3600)
    desk.press(Step.CONTAIN)
    for _ in range(6):
        assert lock(desk).message != NOT_SHOWN
        desk.work()
        desk.due_now()
    assert (lock(desk).message, lock(desk).verified_at, lock(desk).verify_due_at) == (NOT_SHOWN, None, None)
    assert (lock(desk).state, ActionAttempt.objects.filter(run=lock(desk)).count()) == (RunState.SUCCEEDED, 1)


# --- Searches ---------------------------------------------------------------------------------------------------------
def search(desk: Desk) -> None:
    assert scan_request(incident=desk.incident, step=Step.PERSISTENCE, by=desk.analyst)
    assert scanning.scan_due(tenant=desk.tenant) == 1


def test_a_search_that_was_put_off_is_made_again_by_itself_at_most_five_times(desk: Desk, simulator: SimulatorControl):
    fault(simulator, "GET", 429, retryAfter=60)
    search(desk)
    for repeats in range(1, scanning.MOST_REPEATS + 1):
        waiting = Scan.objects.get(state=ScanState.QUEUED)
        assert waiting.repeats == repeats
        assert waiting.due_at is not None
        assert timedelta(seconds=50) < waiting.due_at - timezone.now() <= timedelta(seconds=60)
        assert scanning.scan_due(tenant=desk.tenant) == 0, "not before its time"
        Scan.objects.filter(pk=waiting.pk).update(due_at=timezone.now())
        assert scanning.scan_due(tenant=desk.tenant) == 1
    assert not Scan.objects.filter(state=ScanState.QUEUED).exists()
    assert Scan.objects.count() == 1 + scanning.MOST_REPEATS


def test_a_press_makes_a_search_that_was_put_off_due_at_once(desk: Desk, simulator: SimulatorControl):
    fault(simulator, "GET", 429, retryAfter=600)
    search(desk)
    simulator.configure(world.TENANT_ID, faults=[])
    search(desk)
    assert Scan.objects.count() == 2, "the one that waited was made, and no third"
    assert {scan.state for scan in Scan.objects.all()} == {ScanState.COMPLETE}


def test_the_sweeper_rings_for_a_search_when_its_time_has_come(
    desk: Desk, simulator: SimulatorControl, monkeypatch: pytest.MonkeyPatch
):
    rung: list[int] = []
    monkeypatch.setattr(sweeper.doorbell, "ring_scan", rung.append)
    fault(simulator, "GET", 429, retryAfter=600)
    search(desk)
    rung.clear()
    sweeper.resume_stalled(now=timezone.now())
    assert rung == []
    sweeper.resume_stalled(now=timezone.now() + timedelta(seconds=601))
    assert rung == [desk.tenant.pk]
