"""The attacker's rows over time: counted in the database, however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Count, F, Func, IntegerField, Max, Min, Q, Value
from django.db.models.sql.compiler import SQLCompiler

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
    numbered = rows.annotate(bucket=_Bucket("occurred_at", edges))
    counted = numbered.values("workload", "bucket").annotate(count=Count("pk"))
    return {(row["workload"], row["bucket"]): row["count"] for row in counted}


class _Bucket(Func):
    """The number of the bucket that a moment lies in: how many edges it has reached, less one. One function of the
    database: sixty conditions of Django's own take longer to build than to answer.
    """

    function = "WIDTH_BUCKET"
    template = "%(function)s(%(expressions)s) - 1"
    output_field = IntegerField()

    def __init__(self, moment: str, edges: Sequence[datetime]) -> None:
        super().__init__(F(moment), Value(list(edges)))

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_context: Any
    ) -> tuple[str, tuple[str, ...]]:
        """SQLite has no such function, and comparisons that are 0 or 1."""
        moment, edges = self.get_source_expressions()
        column, _ = compiler.compile(moment)
        told = tuple(str(connection.ops.adapt_datetimefield_value(edge)) for edge in edges.value)
        return " + ".join([f"({column} >= %s)"] * len(told)) + " - 1", told
