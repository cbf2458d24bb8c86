"""Reading back: "done" is what Microsoft answered, "verified" is what Microsoft shows afterwards."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from graph import GraphClient, GraphError, Inconclusive, in_plain_words
from incidents.models import Account
from incidents.services import incident_changed
from remediation import doorbell
from remediation.actions.base import GONE, Reading, State, moment
from remediation.actions.registry import ACTIONS
from remediation.enums import RunState
from remediation.models import ActionRun
from remediation.reading import BROKEN, read_states
from remediation.selectors import incidents_concerned
from remediation.transitions import READ_BACK_STATES, lock_incidents
from tenants.models import Tenant

DELAYS = (2, 4, 8, 16, 30)  # seconds between readings: Microsoft's directory shows a change everywhere after a while
PATIENCE = timedelta(hours=1)  # since it was done, for as long as it cannot be read
NOT_SHOWN = "Microsoft accepted this, but has not shown the change within a minute. Look again before you rely on it."
SAID = "Microsoft accepted this, but "  # how both sentences begin
NOT_READ = "Microsoft accepted this, but it could not be read back: {} Look again before you rely on it."

logger = structlog.get_logger(__name__)


def verify(client: GraphClient, runs: Sequence[ActionRun], *, tenant: Tenant, pulse: Callable[[], None]) -> None:
    """Read back what was done or undone; mark what Microsoft shows, and come back for what it does not show yet.

    The runs are held under their fence; one that somebody has begun to undo meanwhile is left alone.

    Raises:
        LeaseLost: when another worker reads them back.
    """
    waiting = [run for run in runs if run.verify_due_at and run.state in READ_BACK_STATES]
    if not waiting:
        return
    asked_at = timezone.now()
    readings = read_states(client, waiting, pulse=pulse)
    for run in waiting:
        _judge_guarded(run, readings[run.pk])
    with transaction.atomic():
        _keep(waiting)
        _update_accounts(waiting, readings, tenant, asked_at)
        due = [run.verify_due_at for run in waiting if run.verify_due_at]
        if due:
            seconds = (min(due) - timezone.now()).total_seconds()
            doorbell.ring_runs(tenant.pk, countdown=min(max(0.0, seconds), max(DELAYS)))


def give_up(runs: Sequence[ActionRun], *, words: str) -> None:
    """These cannot be read back, for the reason in `words`."""
    for run in runs:
        run.verify_due_at, run.message = None, NOT_READ.format(words)
    with transaction.atomic():
        _keep(runs)


def _keep(runs: Sequence[ActionRun]) -> None:
    """Write down what was judged, and let go; of those only that are still ours."""
    concerned = incidents_concerned(runs)
    lock_incidents(concerned)
    fences = {run.fence for run in runs}
    held = ActionRun.objects.filter(pk__in=[run.pk for run in runs], fence__in=fences, state__in=READ_BACK_STATES)
    ours = set(held.select_for_update().values_list("pk", "fence", "state"))
    kept = [run for run in runs if (run.pk, run.fence, run.state) in ours]
    for run in kept:
        run.lease_until = None
    columns = ["verified_at", "verify_due_at", "verify_tries", "message", "lease_until"]
    ActionRun.objects.save_columns(kept, columns)
    for incident_id in concerned if kept else ():
        incident_changed(incident_id=incident_id)


def _judge_guarded(run: ActionRun, reading: Reading) -> None:
    """A mistake of ours is told like a reading that cannot be had, and ends the looking."""
    try:
        _judge(run, reading)
    except Exception as error:
        logger.exception("judging_broke", run_id=run.pk)
        _judge_unread(run, Inconclusive(message=BROKEN, code=type(error).__name__))


def _judge(run: ActionRun, reading: Reading) -> None:
    if isinstance(reading, GraphError):
        _judge_unread(run, reading)
    elif _is_shown(run, reading):
        run.verified_at, run.verify_due_at = timezone.now(), None
        run.message = "" if run.message.startswith(SAID) else run.message
    elif run.verify_tries < len(DELAYS):
        _look_again(run, DELAYS[run.verify_tries])
        run.verify_tries += 1
    else:
        run.verify_due_at, run.message = None, NOT_SHOWN


def _judge_unread(run: ActionRun, error: GraphError) -> None:
    """What could not be read has not been looked at: it does not count as a look."""
    began = run.finished_at or run.ordered_at
    run.message = NOT_READ.format(in_plain_words(error))
    if error.is_transient and timezone.now() - began < PATIENCE:
        _look_again(run, error.retry_after or max(DELAYS))
    else:
        run.verify_due_at = None


def _look_again(run: ActionRun, seconds: float) -> None:
    run.verify_due_at = timezone.now() + timedelta(seconds=seconds)


def _is_shown(run: ActionRun, state: State) -> bool:
    action = ACTIONS[run.action_key]
    if run.state == RunState.UNDONE:
        return action.is_undone(state, target=run.target, before=run.before or GONE)
    return action.is_done(state, target=run.target, since=run.ordered_at, before=run.before)


def _update_accounts(
    runs: Sequence[ActionRun], readings: dict[int, Reading], tenant: Tenant, asked_at: datetime
) -> None:
    """What was read of an account is news for the page's head, too, unless it was read again since."""
    for run in runs:
        state = readings[run.pk]
        if isinstance(state, dict) and "accountEnabled" in state and "signInSessionsValidFromDateTime" in state:
            known = Account.objects.filter(tenant=tenant, object_id=run.target["user_id"])
            known.filter(Q(read_at=None) | Q(read_at__lte=asked_at)).update(
                account_enabled=state["accountEnabled"],
                sign_in_sessions_valid_from=moment(state["signInSessionsValidFromDateTime"]),
                last_password_change_at=moment(state["lastPasswordChangeDateTime"]),
                read_at=asked_at,
            )
