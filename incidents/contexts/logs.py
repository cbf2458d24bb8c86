"""The logs of an incident, a person or a tenant: tabs, filters, rows, and from where the next page goes on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from incidents.contexts.log_addresses import Query, act_url, export_url, log_path, log_query, log_url, record_urls
from incidents.contexts.log_chips import Chip, chips_of
from incidents.contexts.log_columns import Cell, columns_of, result_words
from incidents.contexts.log_messages import LogMessage, log_messages
from incidents.contexts.sources import SourceNote, source_notes
from incidents.enums import Workload
from incidents.evidence.uncommon import Habits, habits_of, uncommon_in
from incidents.evidence.words import record_words
from incidents.exports.logs import MOST_IN_EXCEL
from incidents.models import LogRecord
from incidents.selectors import Logbook, LogChoice, LogPage, log_counts, log_page, tagged_message_ids
from incidents.selectors.log_search import MOST_COUNTED

PAGE = 50  # rows


@dataclass(frozen=True, slots=True)
class LogTab:
    """`count` and `attacker_count` are None where a filter is set: they would be of something else."""

    key: str
    label: str
    url: str
    count: int | None
    attacker_count: int | None
    is_current: bool

    @property
    def count_words(self) -> str:
        return _counted(self.count)

    @property
    def attacker_words(self) -> str:
        return _counted(self.attacker_count)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """A record, and its id as text in `key`. `is_attacker`: it matches an indicator. `uncommon`: what of it its person
    did not use before, in words. `operation` is empty where the words say the same. `messages`: those it names, each to
    be marked by itself.
    """

    record: LogRecord
    key: str
    at: datetime
    url: str
    words: str
    operation: str
    result: str
    cells: list[Cell]
    is_attacker: bool
    uncommon: str
    is_phish: bool
    messages: list[LogMessage]

    @property
    def only_message(self) -> LogMessage | None:
        """The message that the row is about, where it is about one: naming the row names it."""
        one = self.messages[0] if len(self.messages) == 1 else None
        return one if one and one.internet_message_id == self.record.internet_message_id else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogsView:
    """One page of one tab. `url` is this page's own address, so that a live update keeps the reader where they are.

    `hidden` are the fields that lead a form back to this page, `place` those that keep tab and attacker in the filter's
    own form. `searched_to`: how far back was looked where the search stopped before the page was full.
    """

    kind: str  # the tab's key
    label: str
    tabs: list[LogTab]  # empty for a tenant, whose tabs are pages of their own
    heads: list[str]
    rows: list[LogRow]
    sources: list[SourceNote]
    chips: list[Chip]
    only_attacker: bool
    only_attacker_url: str  # switches the choice over
    before: str
    hidden: Query
    place: Query
    path: str
    url: str
    clear_url: str
    export_url: str
    first_url: str  # empty on the first page
    next_url: str  # empty on the last page
    searched_to: datetime | None
    habits_words: str
    can_mark: bool
    mark_url: str
    unmark_url: str
    looked_through: str
    most_in_excel: str = f"{MOST_IN_EXCEL:,}"

    @property
    def current(self) -> LogTab | None:
        """The tab that is open; None where there are no tabs."""
        return next((tab for tab in self.tabs if tab.is_current), None)


def logs_view(*, book: Logbook, choice: LogChoice) -> LogsView:
    """The logs, with the attacker's rows marked in the same query that reads them: a constant number of queries."""
    page = log_page(book, choice, size=PAGE)
    habits = habits_of(book, page.records)
    first = replace(choice, before=None)
    return LogsView(
        kind=choice.workload.value,
        label=str(choice.workload.label),
        tabs=_tabs(book, choice) if book.account else [],
        heads=[column.label for column in columns_of(choice.workload, of_one_person=bool(book.account))],
        rows=_rows(book, choice, page, habits),
        sources=source_notes(book.incident) if book.incident else [],
        chips=chips_of(book, choice),
        only_attacker=choice.only_attacker,
        only_attacker_url=log_url(book, replace(first, only_attacker=not choice.only_attacker)),
        before=str(choice.before or ""),
        hidden=[("tab", choice.workload.value), *log_query(choice)],
        place=_place(book, choice),
        path=log_path(book, choice.workload),
        url=log_url(book, choice),
        clear_url=log_url(book, LogChoice(choice.workload)),
        export_url=export_url(book),
        first_url=log_url(book, first) if choice.before else "",
        next_url=log_url(book, replace(choice, before=page.following)) if page.following else "",
        searched_to=page.searched_to,
        habits_words=_habits_words(book, habits),
        looked_through=f"{choice.looked_through:,}",
        can_mark=book.incident is not None and choice.workload == Workload.EXCHANGE,
        mark_url=act_url(book, "phish_mark"),
        unmark_url=act_url(book, "phish_unmark"),
    )


def _counted(count: int | None) -> str:
    if count is None:
        return ""
    return f"{MOST_COUNTED:,}+" if count > MOST_COUNTED else str(count)


def _place(book: Logbook, choice: LogChoice) -> Query:
    place = [("tab", choice.workload.value)] if book.account else []
    return [*place, ("who", "attacker")] if choice.only_attacker else place


def _tabs(book: Logbook, choice: LogChoice) -> list[LogTab]:
    counts = {} if choice.is_filtered else log_counts(book)
    rows, attackers = (None, None) if choice.is_filtered else (0, 0)
    return [
        LogTab(
            workload.value,
            str(workload.label),
            log_url(book, replace(choice, workload=workload, before=None)),
            *counts.get(workload.value, (rows, attackers)),
            is_current=workload == choice.workload,
        )
        for workload in Workload
        if workload != Workload.OTHER or workload == choice.workload or workload.value in counts
    ]


def _rows(book: Logbook, choice: LogChoice, page: LogPage, habits: Mapping[str, Habits]) -> list[LogRow]:
    tagged = tagged_message_ids(book.incident) if book.incident else frozenset()
    columns, url_of = columns_of(choice.workload, of_one_person=bool(book.account)), record_urls(book)
    rows = []
    for record in page.records:
        messages, words = log_messages(record.messages, tagged), record_words(record)
        rows.append(
            LogRow(
                record=record,
                key=str(record.pk),
                at=record.occurred_at,
                url=url_of(record.pk),
                words=words,
                operation="" if record.operation == words else record.operation,
                result=result_words(record),
                cells=[column.cell(record) for column in columns],
                is_attacker=getattr(record, "is_attacker", False),
                uncommon=", ".join(uncommon_in(record, habits)),
                is_phish=any(message.is_phish for message in messages),
                messages=messages,
            )
        )
    return rows


def _habits_words(book: Logbook, habits: Mapping[str, Habits]) -> str:
    """Why no row is amber, where that is because too little is known of the person."""
    if book.account is None or not habits or any(own.is_baseline for own in habits.values()):
        return ""
    return (
        f"No row is told as uncommon: of {book.account} there are fewer than three sign-ins in the 30 days before "
        "the first access, so nothing follows from what is new."
    )
