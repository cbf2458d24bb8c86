"""Reading back: "done" is what Microsoft answered, "verified" is what Microsoft shows afterwards."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from graph import GraphClient
from incidents.models import Account
from incidents.services import incident_changed
from remediation import doorbell
from remediation.actions.base import GONE, Reading, State, moment
from remediation.actions.registry import ACTIONS
from remediation.enums import RunState
from remediation.models import ActionRun
from remediation.reading import read_states
from remediation.transitions import lock_incidents
from tenants.models import Tenant

DELAYS = (2, 4, 8, 16, 30)  # seconds between readings: Microsoft's directory shows a change everywhere after a while
NOT_SHOWN = "Microsoft accepted this, but has not shown the change within a minute. Look again before you rely on it."


def verify(client: GraphClient, runs: Sequence[ActionRun], *, tenant: Tenant) -> None:
    """Read back what was done or undone; mark what Microsoft shows, and come back for what it does not show yet."""
    waiting = [run for run in runs if run.verify_due_at and run.state in (RunState.SUCCEEDED, RunState.UNDONE)]
    if not waiting:
        return
    readings = read_states(client, waiting)
    now = timezone.now()
    for run in waiting:
        _judge(run, readings[run.pk])
    with transaction.atomic():
        lock_incidents(run.incident_id for run in waiting)
        columns = ["verified_at", "verify_due_at", "verify_tries", "message"]
        ActionRun.objects.bulk_update(_still_ours(waiting), columns, batch_size=200)
        _update_accounts(waiting, readings, tenant)
        for incident_id in {run.incident_id for run in waiting}:
            incident_changed(incident_id=incident_id)
        due = [run.verify_due_at for run in waiting if run.verify_due_at]
        if due:
            doorbell.ring_runs(tenant.pk, countdown=max(0.0, (min(due) - now).total_seconds()))


def verify_due(client: GraphClient, *, tenant: Tenant) -> None:
    """Read back again what Microsoft did not show at the last look."""
    now = timezone.now()
    due = ActionRun.objects.filter(verify_due_at__lte=now, state__in=[RunState.SUCCEEDED, RunState.UNDONE])
    verify(client, list(due.select_related("order")), tenant=tenant)


def _still_ours(runs: Iterable[ActionRun]) -> list[ActionRun]:
    """Those that nobody has begun to undo, or to try again, since they were read."""
    rows = list(runs)
    now_in = dict(ActionRun.objects.filter(pk__in=[run.pk for run in rows]).values_list("pk", "state"))
    return [run for run in rows if now_in.get(run.pk) == run.state]


def _judge(run: ActionRun, reading: Reading) -> None:
    if isinstance(reading, dict) and _is_shown(run, reading):
        run.verified_at, run.verify_due_at = timezone.now(), None
        run.message = "" if run.message == NOT_SHOWN else run.message
    elif run.verify_tries < len(DELAYS):
        run.verify_due_at = timezone.now() + timedelta(seconds=DELAYS[run.verify_tries])
        run.verify_tries += 1
    else:
        run.verify_due_at, run.message = None, NOT_SHOWN


def _is_shown(run: ActionRun, state: State) -> bool:
    action = ACTIONS[run.action_key]
    if run.state == RunState.UNDONE:
        return action.is_undone(state, target=run.target, before=run.before or GONE)
    return action.is_done(state, target=run.target, since=run.ordered_at, before=run.before)


def _update_accounts(runs: Sequence[ActionRun], readings: dict[int, Reading], tenant: Tenant) -> None:
    """What was read of an account is news for the page's head, too."""
    for run in runs:
        state = readings[run.pk]
        if isinstance(state, dict) and "accountEnabled" in state and "signInSessionsValidFromDateTime" in state:
            Account.objects.filter(tenant=tenant, object_id=run.target["user_id"]).update(
                account_enabled=state["accountEnabled"],
                sign_in_sessions_valid_from=moment(state["signInSessionsValidFromDateTime"]),
                last_password_change_at=moment(state["lastPasswordChangeDateTime"]),
                read_at=timezone.now(),
            )
