"""The attacker's rows over time: counted in the database, however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, IntegerField, Max, Min, Q, Value, When

from incidents.enums import Workload
from incidents.models import Incident, LogRecord
from incidents.selectors.logs import Keyset, Span, attacker_rows

TEAM = "team"  # the service under which the team's own acts stand


@dataclass(frozen=True, slots=True)
class TimelineChoice:
    """What to show of the timeline: "summary" or "full", and which stretch of time; of the full one also which service
    (a workload, or the team), and after which row it goes on.
    """

    mode: str = "summary"
    span: Span | None = None
    service: str = ""
    after: Keyset | None = None


def attacker_span(incident: Incident) -> tuple[datetime | None, datetime | None]:
    """When the attacker's first and last row were."""
    found = attacker_rows(incident, None).order_by().aggregate(first=Min("occurred_at"), last=Max("occurred_at"))
    return found["first"], found["last"]


def timeline_page(
    incident: Incident, choice: TimelineChoice, span: Span | None, *, size: int
) -> tuple[list[LogRecord], Keyset | None]:
    """The attacker's rows of one page, oldest first, and after which one the next goes on (None on the last)."""
    rows = attacker_rows(incident, span)
    if choice.service:
        rows = rows.filter(workload=choice.service) if choice.service in Workload.values else rows.none()
    if choice.after:
        place = choice.after
        rows = rows.filter(Q(occurred_at__gt=place.at) | Q(occurred_at=place.at, pk__gt=place.pk))
    found = list(rows[: size + 1])
    page = found[:size]
    return page, Keyset(page[-1].occurred_at, page[-1].pk) if len(found) > size else None


def bucket_counts(incident: Incident, edges: Sequence[datetime]) -> dict[tuple[str, int], int]:
    """How many of the attacker's rows fall between two edges each: {(workload, number of the bucket): count}."""
    rows = attacker_rows(incident, Span(edges[0], edges[-1])).order_by()
    numbered = rows.annotate(bucket=_bucket(edges, 0, len(edges) - 1))
    counted = numbered.values("workload", "bucket").annotate(count=Count("pk"))
    return {(row["workload"], row["bucket"]): row["count"] for row in counted}


def _bucket(edges: Sequence[datetime], first: int, last: int) -> Case | Value:
    """The number of a row's bucket, of those from `first` on and before `last`. Halves them, so that a row is held
    against six edges and not against sixty.
    """
    if last - first == 1:
        return Value(first)
    middle = (first + last) // 2
    earlier = When(occurred_at__lt=edges[middle], then=_bucket(edges, first, middle))
    return Case(earlier, default=_bucket(edges, middle, last), output_field=IntegerField())
