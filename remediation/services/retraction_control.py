"""What becomes of a retraction that has begun: stopped and resumed; tried again and taken back.

Each acts on the part of it that exists for the member: its work orders in `tenants`.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from remediation import doorbell, policies
from remediation.actions.registry import ACTIONS
from remediation.enums import RETRIABLE_STATES, OrderState, Step
from remediation.models import ActionRun, Retraction, WorkOrder
from remediation.policies import Refused
from remediation.selectors import NOTHING_DONE, incidents_concerned, same_target
from remediation.services.approval import orders_of
from remediation.services.orders import orders_begin, record_decision
from remediation.services.repeats import UNDOABLE_STATES, begin_again, begin_undo
from remediation.services.retractions import STRANGE
from remediation.transitions import lock_incidents, lock_orders, order_rows, progress, stop_orders
from tenants.audit import Actor
from tenants.models import Member, Tenant

NOT_RUNNING = "Nothing of it waits to be done any more. Nothing was stopped."
NOT_STOPPED = "It is not stopped. Nothing was done."
NOTHING_FAILED = "Nothing of it has failed. Nothing was done."
NOTHING_TO_UNDO = "Nothing of it is done now, so there is nothing to undo. Nothing was done."
DONE_SINCE = "One of these mails was taken out again since. Undo the last time. Nothing was done."


def retraction_stop(*, retraction: Retraction, tenants: Sequence[Tenant], by: Member) -> None:
    """Begin nothing more of it. What Microsoft was asked for already goes to its end.

    Raises:
        Refused: when nothing is left to stop.
    """
    with transaction.atomic():
        told = {"stopped_by_name": by.display_name, "stopped_at": timezone.now()}
        stopped = stop_orders(orders_of(retraction, tenants), **told)
        _check(stopped, NOT_RUNNING)
        record_decision(stopped, "stop_retraction", f"Stopped: {Step.RETRACT.label}", by=Actor.of(by))


def retraction_resume(*, retraction: Retraction, tenants: Sequence[Tenant], by: Member) -> None:
    """Go on with what was stopped.

    Raises:
        Refused: when it is not stopped.
    """
    with transaction.atomic():
        told = {"stopped_by_name": "", "stopped_at": None}
        resumed = orders_begin(orders_of(retraction, tenants), source=OrderState.STOPPED, **told)
        _check(resumed, NOT_STOPPED)
        record_decision(resumed, "resume_retraction", f"Resumed: {Step.RETRACT.label}", by=Actor.of(by))


def retraction_retry(*, retraction: Retraction, tenants: Sequence[Tenant], by: Member) -> None:
    """Retry failed: a new try of just those mails that failed.

    Raises:
        Refused: when nothing failed, or a tenant cannot be reached.
    """
    with transaction.atomic():
        failed = _runs(retraction, tenants).filter(~Exists(_later()), state__in=RETRIABLE_STATES)
        _begin(retraction, failed, begin_again, ("retry_failed", "Retry failed"), NOTHING_FAILED, by)


def retraction_undo(
    *,
    retraction: Retraction,
    tenants: Sequence[Tenant],
    by: Member,
    run_ids: Collection[int] = (),
    tenant_slugs: Collection[str] = (),
) -> None:
    """Put mails back to the folders they came from: these, those of these tenants, or all that were taken out.

    Raises:
        Refused: when one of those named is not of this retraction, or was taken out again since; when nothing is
            left to undo, or a tenant cannot be reached.
    """
    with transaction.atomic():
        runs = _runs(retraction, tenants)
        if run_ids or tenant_slugs:
            _check_named(runs, run_ids, tenant_slugs, tenants)
            runs = runs.filter(pk__in=run_ids) if run_ids else runs.filter(tenant__slug__in=tenant_slugs)
        done = runs.filter(~Exists(_later()), state__in=UNDOABLE_STATES)

        def begin(chosen: "QuerySet[ActionRun]") -> int:
            return begin_undo(chosen, by=by)

        undo = ("undo", f"Undo: {ACTIONS['retract_message'].undone}")
        _begin(retraction, done, begin, undo, NOTHING_TO_UNDO, by)


def _check_named(
    runs: "QuerySet[ActionRun]", run_ids: Collection[int], tenant_slugs: Collection[str], tenants: Sequence[Tenant]
) -> None:
    if not set(tenant_slugs) <= {tenant.slug for tenant in tenants}:
        raise Refused(STRANGE)
    named = runs.filter(pk__in=run_ids)
    if named.count() != len(set(run_ids)):
        raise Refused(STRANGE)
    if named.filter(Exists(_later())).exists():
        raise Refused(DONE_SINCE)


def _runs(retraction: Retraction, tenants: Sequence[Tenant]) -> "QuerySet[ActionRun]":
    return ActionRun.objects.filter(order__in=orders_of(retraction, tenants))


def _later() -> "QuerySet[Any]":
    """Runs that did something to the same thing after the run of the query around this."""
    return same_target(ActionRun.objects.exclude(state__in=NOTHING_DONE)).filter(pk__gt=OuterRef("pk"))


def _begin(
    retraction: Retraction, runs: "QuerySet[ActionRun]", begin: Any, told: tuple[str, str], nothing: str, by: Member
) -> None:
    """Begin something anew, in one go: the runs, the incidents that tell of them, the audit rows and the bells."""
    chosen = list(runs)
    orders = order_rows(WorkOrder.objects.filter(pk__in={run.order_id for run in chosen}))
    for order in orders:
        policies.check_reachable(order.tenant)
    concerned = incidents_concerned(chosen)
    lock_incidents(concerned)
    lock_orders([order.pk for order in orders])
    _check(begin(ActionRun.objects.filter(pk__in=[run.pk for run in chosen])), nothing)
    counts = Counter(run.order_id for run in chosen)
    verb, words = told
    for order in orders:
        record_decision([order], verb, f"{words} ({counts[order.pk]})", by=Actor.of(by))
        doorbell.ring_runs(order.tenant_id)
    progress(concerned)


def _check(what: Any, words: str) -> None:
    if not what:
        raise Refused(words)
