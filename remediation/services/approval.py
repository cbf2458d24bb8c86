"""A second member decides on what waits for approval: a campaign's retraction, or step 2 of an incident.

Each decides on the part that exists for them: the work orders in `tenants`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from incidents.extensions import Waiting
from remediation import policies
from remediation.enums import OrderState, Step
from remediation.models import Retraction, WorkOrder
from remediation.policies import Asked, Refused
from remediation.services.orders import EMERGENCY, orders_begin, record_decision
from remediation.services.retractions import REASON_NEEDED
from remediation.transitions import end_orders, lock_incidents, progress
from tenants import audit
from tenants.access import can_act, can_see_organization
from tenants.audit import Act, Actor
from tenants.enums import Outcome
from tenants.models import Member, Tenant
from tenants.scoping import unscoped

LATER_DECIDED = (
    "Nobody waits for a decision any more: it was decided, withdrawn, or its time ran out. Nothing was done."
)


def orders_of(asked: Asked, tenants: Sequence[Tenant]) -> "QuerySet[WorkOrder]":
    """The part of it that exists for a reader of `tenants`, whose scope is open."""
    named = Q(retraction=asked) if isinstance(asked, Retraction) else Q(pk=asked.pk)
    return WorkOrder.objects.filter(named, tenant__in=tenants)


def retractions_waiting(*, member: Member, tenants: Sequence[Tenant]) -> list[Waiting]:
    """What waits for the approval of this member, as far as it exists for them. One query, and none for others."""
    if not can_act(member) or not can_see_organization(member):
        return []
    orders = WorkOrder.objects.filter(state=OrderState.AWAITING_APPROVAL, tenant__in=tenants)
    orders = orders.exclude(requested_by_id=member.pk).filter(expires_at__gt=timezone.now())
    orders = orders.select_related("tenant", "retraction__campaign", "incident__account").order_by("pk")
    return list({one.retraction_id or -one.pk: _waiting(one) for one in orders}.values())


def _waiting(order: WorkOrder) -> Waiting:
    words = f"A retraction waits for your approval: {order.subject}, asked for by {order.requested_by_name}"
    if order.retraction:
        return Waiting(words, reverse("remediation:campaign", args=[order.retraction.campaign_id]))
    panel = reverse("incidents:detail", args=[order.tenant.slug, order.incident_id])
    return Waiting(words, f"{panel}#step-{Step.RETRACT}")


def retraction_approve(*, asked: Asked, tenants: Sequence[Tenant], by: Member) -> None:
    """Start what waits for approval.

    Raises:
        Refused: for the one who asked for it, where nothing waits any more, and where it could not be done now.
    """
    policies.check_decision(asked, by=by)
    words = f"Approved: {Step.RETRACT.label}, asked for by {asked.requested_by_name}"
    with transaction.atomic():
        begun = _go_on(orders_of(asked, tenants), by)
        record_decision(begun, "approve_retraction", words, by=Actor.of(by))


def retraction_override(*, order: WorkOrder, reason: str, by: Member) -> None:
    """An emergency: go on with an incident's step 2 without the approval that it waits for, as the one who asked.

    Raises:
        Refused: for anybody else, without a reason, where nothing waits any more, and where it could not be done now.
    """
    if order.requested_by_id != by.pk:
        raise Refused("Only who asked for it can go on without approval. Nothing was done.")
    if not (reason := reason.strip()):
        raise Refused(REASON_NEEDED)
    verb = "retract_without_approval"
    with transaction.atomic():
        begun = _go_on(WorkOrder.objects.filter(pk=order.pk), by, reason=reason)
        record_decision(begun, verb, f"{EMERGENCY}{Step.RETRACT.label}", by=Actor.of(by), reason=reason)
        act = Act(
            verb=verb,
            summary=f"{EMERGENCY}step {Step.RETRACT:d} of incident {order.incident_id} was begun",
            object_type="work_order",
            object_id=order.pk,
            outcome=Outcome.REQUESTED,
        )
        audit.record_for_organization([act], organization=by.organization, by=Actor.of(by))


def _go_on(orders: "QuerySet[WorkOrder]", by: Member, **values: Any) -> list[WorkOrder]:
    incidents = _lock_incidents(orders)
    in_time = orders.filter(expires_at__gt=timezone.now())
    begun = _met(orders_begin(in_time, source=OrderState.AWAITING_APPROVAL, **_decided(by), **values))
    for order in begun:
        policies.check_reachable(order.tenant)
        if order.incident:
            policies.check_incident_open(order.incident)
    progress(incidents)
    return begun


def retraction_refuse(*, asked: Asked, tenants: Sequence[Tenant], reason: str, by: Member) -> None:
    """Do not let it happen. Whoever asked for it withdraws it in the same way.

    Raises:
        Refused: for who may not decide, and where nothing waits any more.
    """
    is_own = asked.requested_by_id == by.pk
    if not is_own:
        policies.check_decision(asked, by=by)
    to, word = (OrderState.CANCELED, "Withdrawn") if is_own else (OrderState.REFUSED, "Refused")
    with transaction.atomic():
        ended = _met(_end(orders_of(asked, tenants), to, f"{word} by {by.display_name}.", **_decided(by)))
        verb = "withdraw_retraction" if is_own else "refuse_retraction"
        record_decision(ended, verb, f"{word}: {Step.RETRACT.label}", by=Actor.of(by), reason=reason)


def retractions_expire(*, now: datetime) -> None:
    """End what nobody decided on in time."""
    with unscoped(reason="the sweeper ends what waits for approval in all tenants"), transaction.atomic():
        overdue = WorkOrder.objects.filter(state=OrderState.AWAITING_APPROVAL, expires_at__lte=now)
        ended = _end(overdue, OrderState.EXPIRED, "Nobody approved it in time.")
        record_decision(ended, "expire_retraction", f"Not approved in time: {Step.RETRACT.label}", by=Actor.of(None))


def _end(orders: "QuerySet[WorkOrder]", to: OrderState, why: str, **values: Any) -> list[WorkOrder]:
    incidents = _lock_incidents(orders)
    ended = end_orders(orders, source=OrderState.AWAITING_APPROVAL, to=to, why=why, **values)
    progress(incidents)
    return ended


def _lock_incidents(orders: "QuerySet[WorkOrder]") -> set[int]:
    incidents = set(orders.filter(incident__isnull=False).values_list("incident_id", flat=True))
    lock_incidents(incidents)
    return {pk for pk in incidents if pk}


def _met(orders: list[WorkOrder]) -> list[WorkOrder]:
    if not orders:
        raise Refused(LATER_DECIDED)
    return orders


def _decided(by: Member) -> dict[str, Any]:
    return {"decided_by_id": by.pk, "decided_by_name": by.display_name, "decided_at": timezone.now()}
