"""Work orders written down: with what they are to do, started at once, or left to wait for a second member."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from incidents.models import Incident
from remediation import doorbell, passwords, policies
from remediation.enums import OrderState, Step
from remediation.models import ActionRun, WorkOrder
from remediation.plans import Draft, digest
from remediation.policies import Refused
from remediation.transitions import move_orders, progress, start_orders
from tenants import audit
from tenants.audit import Act, Actor
from tenants.enums import Outcome
from tenants.models import Member

TIME_TO_APPROVE = timedelta(hours=24)
AWAITS = "A second member has to approve this. Nothing is done until then."
AT_ONCE = "Somebody pressed this at the same moment: it is running. Nothing was done twice."
EMERGENCY = "EMERGENCY, without the approval that it needs: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """What is to be done, and for whom: a member who pressed, or Petra itself. `viewer` may see a new password."""

    step: Step
    key: str
    drafts: Sequence[Draft]
    by: Actor
    reason: str = ""
    viewer: Member | None = None


def order_place(incident: Incident, ordered: Ordered) -> WorkOrder:
    """Write the order and its runs down, with its audit row, and ring. The caller's transaction locks the incident.

    Raises:
        Refused: when somebody is at one of the targets already.
    """
    waits = _needs_approval(incident, ordered)
    order = WorkOrder.objects.create(
        tenant=incident.tenant,
        incident=incident,
        step=ordered.step,
        idempotency_key=ordered.key,
        plan_digest=digest(ordered.drafts),
        requested_by_id=ordered.by.member_id,
        requested_by_name=ordered.by.name,
        reason=ordered.reason.strip(),
        expires_at=approvable_until(waits),
    )
    with at_once():
        for run in runs_plan([(order, ordered.drafts)]):
            if run.action_key == "reset_password":
                passwords.store(run=run, viewer=ordered.viewer)
        orders_go(WorkOrder.objects.filter(pk=order.pk), waits=waits)
    _record_press(order, incident, ordered)
    progress({incident.pk})
    return order


def _needs_approval(incident: Incident, ordered: Ordered) -> bool:
    if ordered.step != Step.RETRACT:
        return False
    return bool(policies.why_approval(incident.tenant.organization, mails=len(ordered.drafts), tenants=1))


def approvable_until(waits: bool) -> datetime | None:
    """`expires_at` of an order that is written now."""
    return timezone.now() + TIME_TO_APPROVE if waits else None


def orders_go(orders: "QuerySet[WorkOrder]", *, waits: bool) -> None:
    """Start planned orders, or let them wait for a second member.

    Raises:
        Refused: when somebody is at one of the things at this very moment.
    """
    if waits:
        move_orders(orders, source=OrderState.PLANNED, to=OrderState.AWAITING_APPROVAL)
    else:
        orders_begin(orders, source=OrderState.PLANNED)


def orders_begin(orders: "QuerySet[WorkOrder]", *, source: OrderState, **decided: Any) -> list[WorkOrder]:
    """Start orders and ring in their tenants. Returns those that were in `source`.

    Raises:
        Refused: when somebody is at one of the things at this very moment.
    """
    with at_once():
        begun = start_orders(orders, source=source, **decided)
    for order in begun:
        ring = doorbell.ring_strike if order.step == Step.CONTAIN else doorbell.ring_runs
        ring(order.tenant_id)
    return begun


@contextmanager
def at_once() -> Iterator[None]:
    """A transaction that begins what somebody else may begin at this very moment: then it is refused."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise Refused(AT_ONCE) from error


def record_decision(orders: Sequence[WorkOrder], verb: str, words: str, *, by: Actor, reason: str = "") -> None:
    """What was decided on orders, in the chain of each tenant that it concerns."""
    for order in orders:
        act = Act(
            verb=verb,
            summary=f"{words} – {order.subject}",
            object_type="retraction" if order.retraction_id else "work_order",
            object_id=order.retraction_id or order.pk,
            incident_id=order.incident_id,
            after={"planDigest": order.plan_digest},
            reason=reason,
            outcome=Outcome.REQUESTED,
        )
        audit.record([act], tenant=order.tenant, by=by)


def runs_plan(planned: Iterable[tuple[WorkOrder, Sequence[Draft]]]) -> list[ActionRun]:
    """Write down what orders are to do; it begins when they are started."""
    now = timezone.now()
    runs = [_run(order, draft, now) for order, drafts in planned for draft in drafts]
    ActionRun.objects.insert_rows(runs)
    return runs


def _run(order: WorkOrder, draft: Draft, now: datetime) -> ActionRun:
    return ActionRun(
        tenant_id=order.tenant_id,
        order=order,
        incident_id=order.incident_id,
        finding=draft.finding,
        step=order.step,
        action_key=draft.action.key,
        target_key=draft.target_key,
        target=draft.target,
        title=draft.title[:400],
        lane=draft.action.lane(draft.target),
        before=draft.before,
        ordered_at=now,
        due_at=now,
    )


def _record_press(order: WorkOrder, incident: Incident, ordered: Ordered) -> None:
    verb, count = "Pressed" if ordered.by.member_id else "Ordered", len(ordered.drafts)
    begin = f"{'Asked for approval:' if order.expires_at else verb} {ordered.step.label}"
    act = Act(
        verb="press_step",
        summary=f"{begin} ({count} action{'s' if count != 1 else ''}) – {incident.account}",
        object_type="work_order",
        object_id=order.pk,
        incident_id=incident.pk,
        after={"planDigest": order.plan_digest},
        reason=order.reason,
        outcome=Outcome.REQUESTED,
    )
    audit.record([act], tenant=incident.tenant, by=ordered.by)
