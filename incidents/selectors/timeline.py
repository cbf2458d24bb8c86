"""The attacker's rows over time: counted in the database, however many there are."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Case, Count, IntegerField, Max, Min, Q, When

from incidents.models import Incident
from incidents.selectors.logs import Span, attacker_records, attacker_rows


def attacker_span(incident: Incident) -> tuple[datetime | None, datetime | None]:
    """When the attacker's first and last row were."""
    found = attacker_records(incident).order_by().aggregate(first=Min("occurred_at"), last=Max("occurred_at"))
    return found["first"], found["last"]


def bucket_counts(incident: Incident, edges: Sequence[datetime]) -> dict[tuple[str, int], int]:
    """How many of the attacker's rows fall between two edges each: {(workload, number of the bucket): count}."""
    rows = attacker_rows(incident, Span(edges[0], edges[-1])).order_by()
    buckets = [When(Q(occurred_at__lt=edge), then=number) for number, edge in enumerate(edges[1:])]
    numbered = rows.annotate(bucket=Case(*buckets, output_field=IntegerField()))
    counted = numbered.values("workload", "bucket").annotate(count=Count("pk"))
    return {(row["workload"], row["bucket"]): row["count"] for row in counted}
