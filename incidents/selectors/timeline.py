"""The attacker's rows over time: counted in the database, however many there are."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Case, Count, IntegerField, Max, Min, Value, When

from incidents.models import Incident
from incidents.selectors.logs import Span, attacker_records, attacker_rows


def attacker_span(incident: Incident) -> tuple[datetime | None, datetime | None]:
    """When the attacker's first and last row were."""
    found = attacker_records(incident).order_by().aggregate(first=Min("occurred_at"), last=Max("occurred_at"))
    return found["first"], found["last"]


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
