"""What a try came to: which tries count, what is looked up, and what is told at the end."""

from datetime import timedelta

import pytest
from django.utils import timezone

from graph import ConnectionFailed, PermissionDenied, ServiceFailed, Throttled
from remediation import outcomes
from remediation.enums import RunState
from remediation.models import ActionRun

THROTTLED = Throttled(message="Slow down.", status=429, is_transient=True, retry_after=60)
NOT_ASKED = ConnectionFailed(message="Silent.", code="NotAnswering", is_transient=True, retry_after=15)
UNKNOWN = ServiceFailed(message="Fault.", status=503, is_transient=True, outcome_unknown=True)
UNREAD = ServiceFailed(message="Fault.", status=503, is_transient=True)
REFUSED = PermissionDenied(message="No.", status=403)


def run(tries: int = 1, waits: int = 0, **more) -> ActionRun:
    values = {"state": RunState.RUNNING, "ordered_at": timezone.now(), "action_key": "lock_account"} | more
    return ActionRun(tries=tries, waits=waits, **values)


@pytest.mark.parametrize("error", [THROTTLED, NOT_ASKED], ids=["throttled", "circuit"])
def test_where_microsoft_says_later_the_try_does_not_count(error):
    ended = outcomes.after_error(run(tries=6, waits=2), error)
    assert (ended.state, ended.changed["waits"]) == (RunState.QUEUED, 3)
    assert ended.due_at is not None
    assert (
        timedelta(seconds=error.retry_after - 1) < ended.due_at - timezone.now() <= timedelta(seconds=error.retry_after)
    )


def test_after_an_hour_of_later_it_fails():
    ordered_at = timezone.now() - outcomes.PATIENCE
    assert outcomes.after_error(run(tries=8, waits=2, ordered_at=ordered_at), THROTTLED).state == RunState.FAILED


@pytest.mark.parametrize(("state", "back"), [(RunState.RUNNING, RunState.QUEUED), (RunState.UNDOING, RunState.UNDOING)])
def test_an_unknown_outcome_goes_back_even_after_the_last_try(state, back):
    ended = outcomes.after_error(run(tries=outcomes.MAX_TRIES, state=state), UNKNOWN)
    assert (ended.state, ended.is_unknown) == (back, True)


def test_a_passing_fault_of_a_read_fails_after_the_last_try():
    assert outcomes.after_error(run(tries=outcomes.MAX_TRIES - 1), UNREAD).state == RunState.QUEUED
    assert outcomes.after_error(run(tries=outcomes.MAX_TRIES), UNREAD).state == RunState.FAILED


def test_what_could_not_be_looked_up_in_the_end_is_told_as_not_known():
    worn = run(tries=outcomes.MAX_TRIES + outcomes.LAST_LOOKS)
    ended = outcomes.after_error(worn, UNREAD, is_open=True)
    assert (ended.state, ended.message, ended.is_unknown) == (RunState.FAILED, outcomes.UNSEEN, True)


def test_a_refusal_is_the_end_at_once():
    ended = outcomes.after_error(run(), REFUSED)
    assert (ended.state, ended.code, ended.due_at) == (RunState.FAILED, "403", None)


def test_looked_up_and_not_done_after_six_tries_is_told_so():
    ended = outcomes.without_acting(run(tries=outcomes.MAX_TRIES + 1), {"exists": True, "accountEnabled": True})
    assert ended is not None
    assert (ended.state, ended.message) == (RunState.FAILED, outcomes.WORN_OUT)


def test_not_done_yet_is_to_be_acted_on():
    assert outcomes.without_acting(run(tries=2, waits=1), {"exists": True, "accountEnabled": True}) is None


def test_done_already_at_the_first_try_is_skipped():
    ended = outcomes.without_acting(run(tries=2, waits=1), {"exists": True, "accountEnabled": False})
    assert ended is not None
    assert ended.state == RunState.SKIPPED
