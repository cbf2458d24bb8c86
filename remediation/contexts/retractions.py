"""What a page shows of a campaign's retractions: how far each came in the tenants that the reader may see."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils import timezone

from remediation import policies
from remediation.contexts.approval import waiting_words
from remediation.enums import RETRIABLE_STATES, OrderState, RunState
from remediation.models import ActionRun, Retraction, WorkOrder
from remediation.selectors import DONE_STATES, retractions_visible
from remediation.services.repeats import UNDOABLE_STATES
from tenants.models import Member, Tenant

SHOWN = 20  # the latest; the audit trail has them all
RATE_OVER = timedelta(seconds=60)
_WAITING = (RunState.PLANNED, RunState.QUEUED, RunState.RUNNING)
_ENDED = {OrderState.REFUSED: "Refused", OrderState.EXPIRED: "Not approved in time", OrderState.CANCELED: "Withdrawn"}


@dataclass(slots=True)
class Tally:
    """Mails by what became of them."""

    total: int = 0
    done: int = 0
    verified: int = 0
    failed: int = 0
    left: int = 0
    undoing: int = 0
    undone: int = 0
    undoable: int = 0
    lately: int = 0  # came to their end within the last minute

    def add(self, state: str, count: int, verified: int, lately: int) -> None:
        self.total += count
        self.lately += lately
        self.done += count * (state in DONE_STATES)
        self.verified += verified * (state in DONE_STATES)
        self.failed += count * (state in (*RETRIABLE_STATES, RunState.UNDO_FAILED))
        self.left += count * (state in _WAITING)
        self.undoing += count * (state == RunState.UNDOING)
        self.undone += count * (state == RunState.UNDONE)
        self.undoable += count * (state in UNDOABLE_STATES)

    @property
    def ended(self) -> int:
        return self.total - self.left - self.undoing

    @property
    def words(self) -> str:
        """Done, verified, failed and left, as far as there are any."""
        parts = [(self.done, "done"), (self.verified, "verified"), (self.failed, "failed")]
        parts += [(self.left, "left"), (self.undoing, "being undone"), (self.undone, "undone")]
        return ", ".join(f"{count:,} {word}" for count, word in parts if count) or "nothing was done"


@dataclass(frozen=True, slots=True)
class PartProgress:
    """A retraction in one tenant."""

    tenant: Tenant
    order: WorkOrder
    tally: Tally

    @property
    def words(self) -> str:
        return _ENDED.get(OrderState(self.order.state), self.tally.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetractionView:
    """One retraction. `state` is a CSS word: awaiting, running, stopped, done, partly, ended."""

    retraction: Retraction
    state: str
    words: str
    tally: Tally
    parts: list[PartProgress]
    expires_at: datetime | None  # until when it can be approved
    decided: list[str]  # who decided what on it, and when
    why_no_decision: str
    is_own: bool

    @property
    def has_parts(self) -> bool:
        """Whether it went differently in its tenants, or can: one that was never begun is told in a line."""
        return self.state != "ended" or bool(self.tally.undone)

    @property
    def is_busy(self) -> bool:
        return bool(self.tally.undoing) or self.state == "running"


def retraction_views(*, campaign_id: int, tenants: Sequence[Tenant], member: Member) -> list[RetractionView]:
    """The latest retractions of a campaign in these tenants, whose scope is open. Three queries."""
    ids = [tenant.pk for tenant in tenants]
    retractions = list(retractions_visible(campaign_id=campaign_id, tenant_ids=ids)[:SHOWN])
    orders = WorkOrder.objects.filter(retraction__in=retractions, tenant__in=ids).select_related("tenant")
    by_retraction: dict[int | None, list[WorkOrder]] = defaultdict(list)
    for order in sorted(orders, key=lambda order: order.tenant.name.casefold()):
        by_retraction[order.retraction_id].append(order)
    tallies = _tallies([order.pk for rows in by_retraction.values() for order in rows])
    return [_view(one, by_retraction[one.pk], tallies, member) for one in retractions]


def _tallies(order_ids: Sequence[int]) -> dict[int, Tally]:
    since = timezone.now() - RATE_OVER
    rows = ActionRun.objects.filter(order__in=order_ids).order_by().values_list("order_id", "state")
    counted = rows.annotate(
        count=Count("pk"),
        verified=Count("pk", filter=Q(verified_at__isnull=False)),
        lately=Count("pk", filter=Q(finished_at__gte=since)),
    )
    tallies: dict[int, Tally] = defaultdict(Tally)
    for order_id, state, count, verified, lately in counted:
        tallies[order_id].add(state, count, verified, lately)
    return tallies


def _view(
    retraction: Retraction, orders: Sequence[WorkOrder], tallies: dict[int, Tally], member: Member
) -> RetractionView:
    parts = [PartProgress(order.tenant, order, tallies[order.pk]) for order in orders]
    whole = Tally()
    for part in parts:
        for name in Tally.__slots__:
            setattr(whole, name, getattr(whole, name) + getattr(part.tally, name))
    state, words = _state(retraction, orders, whole)
    return RetractionView(
        retraction=retraction,
        state=state,
        words=words,
        tally=whole,
        parts=parts,
        expires_at=next((order.expires_at for order in orders), None),
        decided=_decided(orders),
        why_no_decision=policies.why_no_decision(retraction, by=member),
        is_own=retraction.requested_by_id == member.pk,
    )


def _state(retraction: Retraction, orders: Sequence[WorkOrder], tally: Tally) -> tuple[str, str]:
    states = {order.state for order in orders}
    if OrderState.AWAITING_APPROVAL in states:
        return "awaiting", waiting_words(orders[0])  # asked for by one press, all of them wait as long
    if OrderState.APPROVED in states:
        return "running", "Undoing" if tally.undoing and not tally.left else "Running"
    if OrderState.STOPPED in states:
        return "stopped", "Stopped"
    if states <= set(_ENDED):
        return "ended", " and ".join(sorted({_ENDED[OrderState(state)] for state in states}))
    if tally.failed:
        return "partly", "Not all of it could be done"
    return ("ended", "Undone") if tally.undone and not tally.done else ("done", "Done")


def _decided(orders: Sequence[WorkOrder]) -> list[str]:
    """Who decided what, each once, however many tenants it concerns."""
    told = [(_ENDED.get(OrderState(one.state), "Approved"), one.decided_by_name, one.decided_at) for one in orders]
    told += [("Stopped", one.stopped_by_name, one.stopped_at) for one in orders]
    lines = (f"{word} by {name} at {at:%Y-%m-%d %H:%M:%S} UTC" for word, name, at in told if name and at)
    return list(dict.fromkeys(lines))
