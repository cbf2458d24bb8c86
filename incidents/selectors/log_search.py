"""One page of the logs, whatever is filtered, in a time that does not grow with the log.

A filter that hardly anything matches would make the database read a tenant's whole log for one page. So a page looks
through so many rows at most, newest first, and says how far it came; the next one goes on there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from django.db.models import Case, IntegerField, Q, QuerySet, Subquery, When

from incidents.enums import Workload
from incidents.models import LogRecord
from incidents.selectors.log_conditions import IN_MESSAGES, MESSAGES_TEXT, Asked, row_condition, span_condition
from incidents.selectors.logbook import Logbook
from incidents.selectors.logs import Keyset
from tenants.models import Tenant

LOOKED_THROUGH = 40_000  # rows for one page
LOOKED_THROUGH_MESSAGES = 10_000  # where the messages that rows name are looked into, which takes longer
MOST_COUNTED = 1_000  # rows of a tab; beyond it "1,000+" says enough
NEWEST_FIRST = ("-occurred_at", "-pk")


@dataclass(frozen=True, slots=True)
class LogChoice:
    """What to show of the logs: a tab, whose rows, from where on, and what is asked of them."""

    workload: Workload = Workload.LOGINS
    only_attacker: bool = False
    before: Keyset | None = None
    asked: Asked = ()

    @property
    def is_filtered(self) -> bool:
        return self.only_attacker or bool(self.asked)

    @property
    def looked_through(self) -> int:
        """How many rows are looked through for one page."""
        is_of_messages = any(name in IN_MESSAGES for name, _ in self.asked)
        return LOOKED_THROUGH_MESSAGES if is_of_messages else LOOKED_THROUGH


@dataclass(frozen=True, slots=True)
class LogPage:
    """Rows, newest first, each with `is_attacker`. `following`: from where the next page goes on, None at the end.
    `searched_to`: how far back was looked where the search stopped before the page was full.
    """

    records: list[LogRecord]
    following: Keyset | None = None
    searched_to: datetime | None = None


def log_page(book: Logbook, choice: LogChoice, *, size: int) -> LogPage:
    """One page of a tab."""
    rows = _of_span(book, choice)
    floor = _floor(rows, choice.looked_through) if choice.is_filtered else None
    matching = _matching(book, choice, rows.filter(_from(floor)) if floor else rows)
    found = list(_marked(book, matching).order_by(*NEWEST_FIRST)[: size + 1])
    if len(found) > size:
        return LogPage(found[:size], following=_place_of(found[size - 1]))
    if floor:
        return LogPage(found, following=floor, searched_to=floor.at)
    return LogPage(found)


def log_pieces(book: Logbook, choice: LogChoice, *, size: int) -> Iterator[list[LogRecord]]:
    """All that a filter shows, newest first, in pieces; each is a query of its own, so that no cursor stays open while
    somebody takes their time to read. Each row has `is_attacker`.
    """
    place = choice.before
    while True:
        rows = _matching(book, choice, _of_span(book, replace(choice, before=place)))
        piece = list(_marked(book, rows).order_by(*NEWEST_FIRST)[:size])
        if piece:
            yield piece
        if len(piece) < size:
            return
        place = _place_of(piece[-1])


class _Counted(Subquery):
    """How many rows a query has; it should have a limit."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def log_counts(book: Logbook) -> dict[str, tuple[int, int]]:
    """Rows and attacker's rows by workload, each counted up to one more than `MOST_COUNTED`; those without any are left
    out. One query.
    """
    asked: dict[str, _Counted] = {}
    for workload in Workload:
        rows = book.records(workload).order_by().values("pk")
        asked[f"rows_{workload.value}"] = _Counted(rows[: MOST_COUNTED + 1])
        asked[f"attackers_{workload.value}"] = _Counted(rows.filter(book.of_attacker)[: MOST_COUNTED + 1])
    row = Tenant.objects.filter(pk=book.tenant.pk).values(**asked).get()
    found = cast("Mapping[str, int | None]", row)  # None: the condition can match nothing
    counts = {
        workload.value: (found[f"rows_{workload.value}"] or 0, found[f"attackers_{workload.value}"] or 0)
        for workload in Workload
    }
    return {key: count for key, count in counts.items() if count[0]}


def _of_span(book: Logbook, choice: LogChoice) -> QuerySet[LogRecord]:
    rows = book.records(choice.workload).filter(span_condition(choice.asked))
    return rows.filter(_before(choice.before)) if choice.before else rows


def _matching(book: Logbook, choice: LogChoice, rows: QuerySet[LogRecord]) -> QuerySet[LogRecord]:
    rows = rows.alias(messages_text=MESSAGES_TEXT).filter(row_condition(choice.asked))
    return rows.filter(book.of_attacker) if choice.only_attacker else rows


def _marked(book: Logbook, rows: QuerySet[LogRecord]) -> QuerySet[LogRecord]:
    return rows.annotate(is_attacker=Case(When(book.of_attacker, then=True), default=False))


def _floor(rows: QuerySet[LogRecord], count: int) -> Keyset | None:
    """The last of so many rows; None where there are no more than that."""
    placed = rows.order_by(*NEWEST_FIRST).values_list("occurred_at", "pk")
    found = list(placed[count - 1 : count + 1])
    return Keyset(*found[0]) if len(found) > 1 else None


# The first condition of each is what an index can be entered by; the second settles rows of the same moment.
def _before(place: Keyset) -> Q:
    return Q(occurred_at__lte=place.at) & (Q(occurred_at__lt=place.at) | Q(pk__lt=place.pk))


def _from(place: Keyset) -> Q:
    return Q(occurred_at__gte=place.at) & (Q(occurred_at__gt=place.at) | Q(pk__gte=place.pk))


def _place_of(record: LogRecord) -> Keyset:
    return Keyset(record.occurred_at, record.pk)
