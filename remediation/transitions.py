"""The only writer of state. Every change is a compare-and-set, with its audit row in the same transaction."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from incidents.models import Incident
from incidents.services import incident_progressed
from remediation.actions.registry import ACTIONS
from remediation.enums import (
    ORDER_TRANSITIONS,
    RUN_TRANSITIONS,
    WAITING_STATES,
    WATCH_TRANSITIONS,
    OrderState,
    RunState,
    Step,
    WatchState,
)
from remediation.leases import LEASE
from remediation.models import ActionRun, SyncWatch, WorkOrder
from remediation.selectors import step_progress
from tenants import audit
from tenants.audit import Act, Actor
from tenants.enums import Outcome as AuditOutcome
from tenants.enums import TenantState
from tenants.models import Connection, Tenant

DUE_COLUMNS = ("pk", "tenant", "incident", "step", "action_key", "lane", "state", "tries", "ordered_at")
CLAIM_LIMIT = 400  # runs a worker takes at once
MOST_SETS = 2  # that a tenant may have under way at once, strikes apart: other tenants need hands, too
OPPOSITES = {"lock_account": ("enable_account",), "enable_account": ("lock_account",)}
OVERRULED = "The opposite was ordered since."
READ_BACK_STATES = (RunState.SUCCEEDED, RunState.UNDONE)

_AUDIT_OUTCOMES = {
    RunState.SUCCEEDED: AuditOutcome.DONE,
    RunState.SKIPPED: AuditOutcome.DONE,
    RunState.UNDONE: AuditOutcome.DONE,
    RunState.FAILED: AuditOutcome.FAILED,
    RunState.ERRORED: AuditOutcome.FAILED,
    RunState.UNDO_FAILED: AuditOutcome.FAILED,
}


class IllegalTransition(Exception):
    """A change of state that the table does not allow: a mistake of ours."""


@dataclass(slots=True, kw_only=True)
class Settlement:
    """How one claimed run came out, and what is to be kept of it."""

    run: ActionRun
    state: RunState
    code: str = ""
    message: str = ""
    request_id: str = ""
    before: Any = None
    after: Any = None
    due_at: datetime | None = None
    is_unknown: bool = False  # nobody knows whether Microsoft did it
    changed: dict[str, Any] = field(default_factory=dict)


def move_runs(runs: "QuerySet[ActionRun]", *, source: RunState, to: RunState, **values: Any) -> int:
    """Compare-and-set: those of `runs` that are in `source` go to `to`. Returns how many went.

    Raises:
        IllegalTransition: when the table has no such arrow.
    """
    if to not in RUN_TRANSITIONS[source]:
        raise IllegalTransition(f"{source} -> {to}")
    return runs.filter(state=source).update(state=to, **values)


def move_order(order: WorkOrder, *, source: OrderState, to: OrderState, **values: Any) -> bool:
    """Compare-and-set of a work order. Returns whether it went.

    Raises:
        IllegalTransition: when the table has no such arrow.
    """
    if to not in ORDER_TRANSITIONS[source]:
        raise IllegalTransition(f"{source} -> {to}")
    return bool(WorkOrder.objects.filter(pk=order.pk, state=source).update(state=to, **values))


def move_watch(
    watch: SyncWatch, *, to: WatchState, sources: Collection[WatchState] = tuple(WatchState), **values: Any
) -> bool:
    """Compare-and-set of a watch, from any of `sources` that lead there. Returns whether it went."""
    leading = [state for state in sources if to in WATCH_TRANSITIONS[state]]
    return bool(SyncWatch.objects.filter(pk=watch.pk, state__in=leading).update(state=to, **values))


def claim_runs(*, tenant: Tenant, now: datetime, strikes_only: bool = False) -> list[ActionRun]:
    """Take what is due in a tenant, lane by lane: a mailbox that another worker is busy in is left alone.

    What is queued starts to run; an undo whose lease is free or ran out is taken with a new fence. Strikes are taken
    whatever else goes on; anything else only while the tenant keeps fewer than `MOST_SETS` workers busy.
    """
    with one_claim_at_a_time(tenant):
        if is_paused(tenant):
            return []
        runs = _still_wanted(_due(now, strikes_only=strikes_only)[:CLAIM_LIMIT], tenant)
        taken = {"lease_until": now + LEASE, "verified_at": None, "verify_due_at": None, "tries": F("tries") + 1}
        fence = uuid.uuid4().hex
        # The condition again: its worker may have come back between look and take, and renewed its lease.
        chosen = ActionRun.objects.filter(pk__in=[run.pk for run in runs]).exclude(lease_until__gt=now)
        move_runs(chosen, source=RunState.UNDOING, to=RunState.UNDOING, fence=fence, **taken)
        move_runs(chosen, source=RunState.QUEUED, to=RunState.RUNNING, fence=fence, **taken)
        return _held(fence)


def claim_unverified(*, tenant: Tenant, now: datetime) -> list[ActionRun]:
    """Take what is due to be read back, unless somebody is at it."""
    with one_claim_at_a_time(tenant):
        if is_paused(tenant) or _is_busy(now):
            return []
        due = ActionRun.objects.filter(verify_due_at__lte=now, state__in=READ_BACK_STATES).exclude(lease_until__gt=now)
        first = list(due.order_by("pk").values_list("pk", flat=True)[:CLAIM_LIMIT])
        fence = uuid.uuid4().hex
        due.filter(pk__in=first).update(fence=fence, lease_until=now + LEASE)  # not what is being undone meanwhile
        return _held(fence)


@contextmanager
def one_claim_at_a_time(tenant: Tenant) -> Iterator[None]:
    """A claim takes milliseconds, and nothing can slip between look and take."""
    with transaction.atomic():
        Connection.objects.select_for_update().filter(tenant=tenant).values_list("pk").first()
        yield


def is_paused(tenant: Tenant) -> bool:
    """Whether nothing is to be read or sent there, as it stands at this moment: what waits goes on waiting."""
    return Tenant.objects.filter(pk=tenant.pk, state=TenantState.PAUSED).exists()


def _held(fence: str) -> list[ActionRun]:
    return list(ActionRun.objects.filter(fence=fence).select_related("order", "incident__account").order_by("pk"))


def renew_lease(fence: str, *, now: datetime, at_least: int = 1) -> bool:
    """The worker that holds this fence is still at it. False when fewer than `at_least` runs are held by it.

    In a tenant that was paused meanwhile nobody holds anything: what is under way stops, and is read before it goes on.
    """
    held = ActionRun.objects.filter(fence=fence, lease_until__isnull=False).exclude(tenant__state=TenantState.PAUSED)
    return held.update(lease_until=now + LEASE) >= at_least


def lock_incidents(incident_ids: Iterable[int | None]) -> None:
    """Every transaction that writes runs locks their incidents first, so that none waits for another in a ring."""
    ids = {incident_id for incident_id in incident_ids if incident_id}  # the search of a campaign is of none
    list(Incident.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))


def _is_busy(now: datetime) -> bool:
    """Whether the tenant keeps as many workers busy as it may."""
    held = ActionRun.objects.filter(lease_until__gt=now).exclude(step=Step.CONTAIN)
    return held.values("fence").distinct().count() >= MOST_SETS


def _due(now: datetime, *, strikes_only: bool) -> list[ActionRun]:
    """Runs that may be claimed, without those whose mailbox is being worked in. The strike goes first, and alone.

    A set is written down when all of it is through: an account that is locked must not wait for hundreds of mails.
    """
    waiting = ActionRun.objects.filter(state__in=WAITING_STATES)
    busy = set(waiting.filter(lease_until__gt=now, lane__startswith="mailbox:").values_list("lane", flat=True))
    due = waiting.exclude(state=RunState.RUNNING).filter(due_at__lte=now).order_by("step", "pk")
    free = list(due.exclude(lease_until__gt=now).only(*DUE_COLUMNS))
    strike = [run for run in free if run.step == Step.CONTAIN]
    if strike or strikes_only or not free or _is_busy(now):
        return strike
    return [run for run in free if run.lane not in busy]


def _still_wanted(runs: list[ActionRun], tenant: Tenant) -> list[ActionRun]:
    """Without those whose opposite was ordered while a worker had them that has died, or came back with nothing.

    The press that ordered it could not cancel what was running. An account that was locked since must stay locked.
    """
    overruled = [run for run in runs if run.tries and run.state == RunState.QUEUED and _is_overruled(run)]
    if overruled:
        lock_incidents(run.incident_id for run in overruled)
        cancel_runs(ActionRun.objects.filter(pk__in=[run.pk for run in overruled]), tenant=tenant, why=OVERRULED)
    return [run for run in runs if run not in overruled]


def _is_overruled(run: ActionRun) -> bool:
    opposite = ActionRun.objects.filter(incident=run.incident_id, action_key__in=OPPOSITES.get(run.action_key, ()))
    return opposite.filter(ordered_at__gt=run.ordered_at).exclude(state=RunState.CANCELED).exists()


def settle(settlements: Sequence[Settlement], *, tenant: Tenant) -> list[Settlement]:
    """Write down how a claimed set came out: states, outcomes, audit rows and the incident's progress, in one go.

    A run whose lease was taken over meanwhile is left as it is. Returns those that were written.
    """
    with transaction.atomic():
        lock_incidents(one.run.incident_id for one in settlements)
        written = [one for group in _by_arrow(settlements) for one in _settle_group(group)]
        _audit(written, tenant=tenant)
        finish_orders({one.run.order_id for one in written})
        progress({one.run.incident_id for one in written})
    return written


def _by_arrow(settlements: Sequence[Settlement]) -> Iterable[list[Settlement]]:
    groups: dict[tuple[str, RunState], list[Settlement]] = defaultdict(list)
    for one in settlements:
        groups[one.run.state, one.state].append(one)
    return groups.values()


def _settle_group(group: list[Settlement]) -> list[Settlement]:
    source, to, fence = RunState(group[0].run.state), group[0].state, group[0].run.fence
    ours = ActionRun.objects.filter(pk__in=[one.run.pk for one in group], fence=fence, state=source)
    won = set(ours.select_for_update().values_list("pk", flat=True))
    now = timezone.now()
    is_end = to not in WAITING_STATES
    ended = {"lease_until": None, "finished_at": now if is_end else None}
    move_runs(ActionRun.objects.filter(pk__in=won), source=source, to=to, **ended)
    written = [one for one in group if one.run.pk in won]
    for one in written:
        _take_over(one)
        one.run.finished_at = ended["finished_at"]
    columns = ["code", "message", "request_id", "before", "after", "due_at", "applied_at", "waits", "lease_until"]
    columns += ["verified_at", "verify_due_at", "verify_tries"]
    ActionRun.objects.bulk_update([one.run for one in written], columns, batch_size=200)
    return written


def _take_over(one: Settlement) -> None:
    """Copy what the settlement keeps to its run (in memory)."""
    run = one.run
    run.state, run.code, run.message, run.request_id = one.state, one.code[:120], one.message, one.request_id[:80]
    run.before = run.before if one.before is None else one.before
    run.after = run.after if one.after is None else one.after
    run.due_at = one.due_at or run.due_at
    run.verify_tries = 0
    for name, value in one.changed.items():
        setattr(run, name, value)
    # Who did it reads it back, under the same fence.
    run.lease_until = timezone.now() + LEASE if run.verify_due_at else None


def _audit(written: list[Settlement], *, tenant: Tenant) -> None:
    """One audit row for each end; a try that goes back to the queue is told by its attempt, not here."""
    by_actor: dict[Actor, list[Act]] = defaultdict(list)
    for one in written:
        if one.state in _AUDIT_OUTCOMES:
            by_actor[_actor(one)].append(_act(one))
    for actor, acts in by_actor.items():
        audit.record(acts, tenant=tenant, by=actor)


def _actor(one: Settlement) -> Actor:
    if one.state in {RunState.UNDONE, RunState.UNDO_FAILED}:
        return Actor(one.run.undone_by_id, one.run.undone_by_name)
    return Actor(one.run.order.requested_by_id, one.run.order.requested_by_name)


def _act(one: Settlement) -> Act:
    run, action = one.run, ACTIONS[one.run.action_key]
    words = {
        RunState.SUCCEEDED: action.done,
        RunState.SKIPPED: f"{action.done}: it was so already",
        RunState.UNDONE: action.undone,
        RunState.UNDO_FAILED: f"Undo failed: {action.title}",
    }.get(one.state, f"Failed: {action.title}")
    return Act(
        verb=run.action_key,
        summary=f"{words} – {run.title}" + (f". {one.message}" if one.message else ""),
        object_type="action_run",
        object_id=run.pk,
        incident_id=run.incident_id,
        before=run.before,
        after=run.after,
        request_id=one.request_id,
        outcome=_AUDIT_OUTCOMES[one.state],
    )


def cancel_runs(runs: "QuerySet[ActionRun]", *, tenant: Tenant, why: str) -> int:
    """Take back what was ordered and not begun. Returns how many."""
    # Locked: a worker that claims one of them just now must not be told that it was canceled.
    waiting = list(runs.select_for_update().filter(state__in=(RunState.PLANNED, RunState.QUEUED)).order_by("pk"))
    chosen = ActionRun.objects.filter(pk__in=[run.pk for run in waiting])
    ended = {"finished_at": timezone.now(), "message": why}
    for source in (RunState.PLANNED, RunState.QUEUED):
        move_runs(chosen, source=source, to=RunState.CANCELED, **ended)
    acts = [
        Act(
            verb=run.action_key,
            summary=f"Canceled: {ACTIONS[run.action_key].title} – {run.title}. {why}",
            object_type="action_run",
            object_id=run.pk,
            incident_id=run.incident_id,
        )
        for run in waiting
    ]
    audit.record(acts, tenant=tenant, by=Actor.of(None))
    finish_orders({run.order_id for run in waiting})
    return len(waiting)


def finish_orders(order_ids: set[int]) -> None:
    """Close the orders that have nothing left to do."""
    open_ids = set(
        ActionRun.objects.filter(order_id__in=order_ids, state__in=(RunState.PLANNED, *WAITING_STATES)).values_list(
            "order_id", flat=True
        )
    )
    WorkOrder.objects.filter(pk__in=order_ids - open_ids, state=OrderState.APPROVED).update(
        state=OrderState.FINISHED, finished_at=timezone.now()
    )


def reopen_orders(order_ids: set[int]) -> None:
    """The opposite: something is tried again, or taken back."""
    WorkOrder.objects.filter(pk__in=order_ids, state=OrderState.FINISHED).update(
        state=OrderState.APPROVED, finished_at=None
    )


def progress(incident_ids: set[int]) -> None:
    """Bring the incidents' dots and clock up to date, and tell the pages that look at them."""
    lock_incidents(incident_ids)  # or what another transaction has just done is overwritten by what was so before
    for incident_id in incident_ids:
        done, contained_at = step_progress(incident_id)
        incident_progressed(incident_id=incident_id, steps_done=done, contained_at=contained_at)
