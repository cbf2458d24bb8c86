"""What a try came to: from a reading, an answer or an error to how the run is settled. Nothing is written here."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from graph import GraphError, Throttled, in_plain_words
from remediation.actions.base import CLOCK_TOLERANCE, GONE, Reading, State
from remediation.actions.registry import ACTIONS
from remediation.enums import RunState
from remediation.models import ActionRun
from remediation.reading import BROKEN
from remediation.transitions import Settlement

MAX_TRIES = 6
LAST_LOOKS = 3  # further tries that only read: whether the last one was done is looked up, not guessed
PATIENCE = timedelta(hours=1)  # since the press, for as long as Microsoft says "later"
BACKOFF = (1, 2, 5, 15, 30)  # seconds before the next try, where Microsoft names no time
WORN_OUT = (
    "Petra tried this six times and looked afterwards: it is not done. Nothing else is affected. "
    "Retry, or do it by hand."
)
UNSEEN = (
    "Petra tried this six times, and could not see afterwards whether it was done. Look at it in Microsoft's admin "
    "center, then Retry."
)


def is_worn_out(run: ActionRun) -> bool:
    """Whether it was tried as often as anything is: from now on it is only looked at."""
    return run.tries - run.waits > MAX_TRIES


def is_first(run: ActionRun) -> bool:
    """Whether no earlier try can have done anything."""
    return run.tries - run.waits == 1


def without_acting(run: ActionRun, reading: Reading) -> Settlement | None:
    """How a run ends that need not, or cannot, be acted on; None when it has to be."""
    if isinstance(reading, GraphError):
        return after_error(run, reading, is_open=_may_be_ours(run))
    if _is_as_wanted(run, reading):
        return _already(run, reading)
    return failed(run, message=WORN_OUT) if is_worn_out(run) else None


def _may_be_ours(run: ActionRun) -> bool:
    """Whether an earlier try may have done it, for all that was heard of it."""
    if is_first(run):
        return False
    earlier = run.attempts.filter(started_at__gte=run.ordered_at).exclude(fence=run.fence)
    return earlier.filter(Q(finished_at=None) | Q(is_outcome_unknown=True)).exists()


def _is_as_wanted(run: ActionRun, reading: State) -> bool:
    action = ACTIONS[run.action_key]
    if run.state == RunState.UNDOING:
        return action.is_undone(reading, target=run.target, before=run.before or GONE)
    if action.never_skips and not _may_be_ours(run):
        return False
    # Before sending again the two clocks get no benefit of the doubt; in reading back they do.
    since = run.ordered_at + (CLOCK_TOLERANCE if action.in_doubt_again else timedelta(0))
    return action.is_done(reading, target=run.target, since=since, before=run.before)


def _already(run: ActionRun, reading: State) -> Settlement:
    now = timezone.now()
    if run.state == RunState.UNDOING:
        return Settlement(run=run, state=RunState.UNDONE, changed={"verified_at": now})
    if _may_be_ours(run):  # it did it, and its answer was lost
        return _succeeded(run, after=reading)
    return Settlement(run=run, state=RunState.SKIPPED, before=reading, changed={"applied_at": now, "verified_at": now})


def outcome(run: ActionRun, result: State | Exception) -> Settlement:
    """How a run ends that was acted on."""
    if isinstance(result, GraphError):
        return after_error(run, result)
    if isinstance(result, Exception):
        return failed(run, message=BROKEN, code=type(result).__name__, is_ours=True)
    if run.state == RunState.UNDOING:
        note = str(result.get("note", ""))
        return Settlement(run=run, state=RunState.UNDONE, message=note, changed={"verify_due_at": timezone.now()})
    return _succeeded(run, after=result)


def _succeeded(run: ActionRun, *, after: State) -> Settlement:
    now = timezone.now()
    changed = {"applied_at": now, "verify_due_at": now}
    return Settlement(run=run, state=RunState.SUCCEEDED, after=after, before=run.before, changed=changed)


def after_error(run: ActionRun, error: GraphError, *, is_open: bool = False) -> Settlement:
    """A passing fault, or an outcome that nobody knows, goes back to the queue; a refusal is the end.

    `is_open`: this try did nothing, but nobody knows what an earlier one did.
    """
    if is_told_to_wait(error) and timezone.now() - run.ordered_at < PATIENCE:
        return _back(run, error, waits=run.waits + 1)
    # An unknown outcome is always looked up once more, even after the last try.
    is_open = is_open or error.outcome_unknown or is_worn_out(run)
    tries_left = MAX_TRIES + (LAST_LOOKS if is_open else 0) - (run.tries - run.waits)
    if (error.is_transient or error.outcome_unknown) and tries_left > 0:
        return _back(run, error, waits=run.waits)
    settlement = _with_error(failed(run, message=""), error)
    settlement.is_unknown = is_open
    if error.outcome_unknown or is_worn_out(run):
        settlement.message = UNSEEN
    return settlement


def is_told_to_wait(error: GraphError) -> bool:
    """Whether nothing was done because it is not the time: such a try does not count."""
    return not error.outcome_unknown and (isinstance(error, Throttled) or error.code == "NotAnswering")


def _back(run: ActionRun, error: GraphError, *, waits: int) -> Settlement:
    wait = error.retry_after or BACKOFF[min(run.tries, len(BACKOFF)) - 1]
    state = RunState.UNDOING if run.state == RunState.UNDOING else RunState.QUEUED
    due_at = timezone.now() + timedelta(seconds=wait)
    return _with_error(Settlement(run=run, state=state, due_at=due_at, changed={"waits": waits}), error)


def _with_error(settlement: Settlement, error: GraphError) -> Settlement:
    settlement.code = error.code or str(error.status or type(error).__name__)
    settlement.message = in_plain_words(error)
    settlement.request_id = error.request_id
    settlement.is_unknown = error.outcome_unknown
    return settlement


def failed(run: ActionRun, *, message: str, code: str = "", is_ours: bool = False) -> Settlement:
    """The end of a run that did not do it: Microsoft said no, or a mistake of ours."""
    state = RunState.ERRORED if is_ours else RunState.FAILED
    if run.state == RunState.UNDOING:
        state = RunState.UNDO_FAILED
    return Settlement(run=run, state=state, message=message, code=code, before=run.before)
