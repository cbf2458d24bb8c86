"""The only writer of state. Every change is a compare-and-set, with its audit row in the same transaction."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, QuerySet
from django.utils import timezone

from incidents.models import Incident
from incidents.services import incident_progressed
from remediation.actions.registry import ACTIONS
from remediation.enums import (
    FINDING_STEPS,
    ORDER_TRANSITIONS,
    RUN_TRANSITIONS,
    WAITING_STATES,
    WATCH_TRANSITIONS,
    OrderState,
    RunState,
    WatchState,
)
from remediation.leases import LEASE
from remediation.models import ActionRun, SyncWatch, WorkOrder
from remediation.selectors import incidents_concerned, same_target, step_progress
from tenants import audit
from tenants.audit import Act, Actor
from tenants.enums import Outcome as AuditOutcome
from tenants.models import Tenant

OPPOSITES = {"lock_account": ("enable_account",), "enable_account": ("lock_account",)}
OVERRULED = "The opposite was ordered since."
TAKEN = "Another press is at this very thing just now."
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


def move_orders(orders: "QuerySet[WorkOrder]", *, source: OrderState, to: OrderState, **values: Any) -> int:
    """Compare-and-set: those of `orders` that are in `source` go to `to`. Returns how many went.

    Raises:
        IllegalTransition: when the table has no such arrow.
    """
    if to not in ORDER_TRANSITIONS[source]:
        raise IllegalTransition(f"{source} -> {to}")
    return orders.filter(state=source).update(state=to, **values)


def move_watch(
    watch: SyncWatch, *, to: WatchState, sources: Collection[WatchState] = tuple(WatchState), **values: Any
) -> bool:
    """Compare-and-set of a watch, from any of `sources` that lead there. Returns whether it went."""
    leading = [state for state in sources if to in WATCH_TRANSITIONS[state]]
    return bool(SyncWatch.objects.filter(pk=watch.pk, state__in=leading).update(state=to, **values))


def lock_incidents(incident_ids: Iterable[int | None]) -> None:
    """Every transaction that writes runs locks their incidents first, so that none waits for another in a ring."""
    ids = {incident_id for incident_id in incident_ids if incident_id}  # what a campaign does is of none
    list(Incident.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))


def lock_orders(order_ids: Collection[int]) -> None:
    """After the incidents: which of two transactions ends the last run of an order has to be clear."""
    list(WorkOrder.objects.select_for_update().filter(pk__in=order_ids).order_by("pk").values_list("pk"))


def settle(settlements: Sequence[Settlement], *, tenant: Tenant) -> list[Settlement]:
    """Write down how a claimed set came out: states, outcomes, audit rows and the incident's progress, in one go.

    A run whose lease was taken over meanwhile is left as it is. Returns those that were written.
    """
    with transaction.atomic():
        concerned = incidents_concerned([one.run for one in settlements])
        lock_incidents(concerned)
        lock_orders({one.run.order_id for one in settlements})
        written = [one for group in _by_arrow(settlements) for one in _settle_group(group)]
        _audit(written, tenant=tenant)
        finish_orders({one.run.order_id for one in written})
        if written:
            progress(concerned)
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
    ActionRun.objects.save_columns([one.run for one in written], columns)
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


def order_rows(orders: "QuerySet[WorkOrder]") -> list[WorkOrder]:
    """These orders, each with its tenant and with what it is about."""
    return list(orders.select_related("tenant", "retraction__campaign", "incident__account").order_by("pk"))


def start_orders(orders: "QuerySet[WorkOrder]", *, source: OrderState, **values: Any) -> list[WorkOrder]:
    """Let the planned runs of those of `orders` go that are in `source`. Returns these orders.

    A target at which another run is just now is left to that. The caller has a transaction open.

    Raises:
        IntegrityError: when another run began at one of the targets at this very moment.
    """
    lock_orders(orders.values_list("pk", flat=True))
    going = order_rows(orders.filter(state=source))
    chosen = WorkOrder.objects.filter(pk__in=[order.pk for order in going])
    planned = ActionRun.objects.filter(order__in=chosen, state=RunState.PLANNED)
    waiting = ActionRun.objects.filter(state__in=WAITING_STATES)
    taken = planned.filter(Exists(same_target(waiting)), step__in=FINDING_STEPS)
    for tenant in Tenant.objects.filter(pk__in=taken.values("tenant")):
        cancel_runs(taken.filter(tenant=tenant), tenant=tenant, why=TAKEN)
    now = timezone.now()
    move_orders(chosen, source=source, to=OrderState.APPROVED, **values)
    move_runs(planned, source=RunState.PLANNED, to=RunState.QUEUED, ordered_at=now, due_at=now)
    finish_orders({order.pk for order in going})
    return going


def stop_orders(orders: "QuerySet[WorkOrder]", **values: Any) -> list[WorkOrder]:
    """Take back into the plan what has not begun. Returns the orders of which something is left.

    What is under way goes to its end. The caller has a transaction open.
    """
    lock_orders(orders.values_list("pk", flat=True))
    waiting = ActionRun.objects.filter(order__in=orders.filter(state=OrderState.APPROVED), state=RunState.QUEUED)
    ids = set(waiting.select_for_update().order_by("pk").values_list("order_id", flat=True))
    stopped = order_rows(WorkOrder.objects.filter(pk__in=ids))
    move_runs(waiting, source=RunState.QUEUED, to=RunState.PLANNED)
    move_orders(WorkOrder.objects.filter(pk__in=ids), source=OrderState.APPROVED, to=OrderState.STOPPED, **values)
    return stopped


def end_orders(
    orders: "QuerySet[WorkOrder]", *, source: OrderState, to: OrderState, why: str, **values: Any
) -> list[WorkOrder]:
    """Give up what was planned in those of `orders` that are in `source`. Returns these orders."""
    lock_orders(orders.values_list("pk", flat=True))
    ended = order_rows(orders.filter(state=source))
    chosen = WorkOrder.objects.filter(pk__in=[order.pk for order in ended])
    planned = ActionRun.objects.filter(order__in=chosen)
    move_runs(planned, source=RunState.PLANNED, to=RunState.CANCELED, finished_at=timezone.now(), message=why)
    move_orders(chosen, source=source, to=to, finished_at=timezone.now(), **values)
    return ended


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


def reopen_orders(order_ids: "QuerySet[Any]") -> None:
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
