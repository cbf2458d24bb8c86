"""What of an incident waits for the approval of a second member."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone

from remediation import policies
from remediation.enums import OrderState
from remediation.models import ActionRun, WorkOrder
from tenants.models import Member


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalView:
    """`words`: how it stands; `why_no_decision`: why the reader cannot decide on it, empty where they can."""

    order: WorkOrder
    words: str
    mail_count: int
    mailbox_count: int
    why_no_decision: str
    is_own: bool


def waiting_words(order: WorkOrder) -> str:
    """How an order stands that waits for a second member."""
    is_over = order.expires_at is not None and order.expires_at <= timezone.now()
    return "Nobody approved it in time" if is_over else "Waits for the approval of a second member"


def approval_of(runs: Iterable[ActionRun], *, member: Member) -> ApprovalView | None:
    """Of the latest runs of a step, those that wait for approval; None where none does."""
    waiting = [run for run in runs if run.order.state == OrderState.AWAITING_APPROVAL]
    if not waiting:
        return None
    order = waiting[0].order
    return ApprovalView(
        order=order,
        words=waiting_words(order),
        mail_count=len(waiting),
        mailbox_count=len({run.target.get("user_id") for run in waiting}),
        why_no_decision=policies.why_no_decision(order, by=member),
        is_own=order.requested_by_id == member.pk,
    )
