"""The logs of an incident's account: tabs, rows, and from where the next page goes on."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.urls import reverse

from incidents.contexts.sources import SourceNote, source_notes
from incidents.enums import Workload
from incidents.evidence.words import record_words
from incidents.models import Incident, LogRecord
from incidents.selectors import LogChoice, log_counts, log_page, tagged_message_ids

PAGE = 50  # rows


@dataclass(frozen=True, slots=True)
class LogTab:
    key: str
    label: str
    url: str
    count: int
    attacker_count: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class LogMessage:
    """A message that a record names, and the act that is offered for it to those who may act."""

    internet_message_id: str
    subject: str
    sender: str
    folder: str
    is_phish: bool

    @property
    def act_url_name(self) -> str:
        """URL name of the act: takes the mark away where there is one."""
        return "incidents:phish_unmark" if self.is_phish else "incidents:phish_mark"

    @property
    def act_label(self) -> str:
        return "Unmark" if self.is_phish else "Mark as Phish"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """A record. `is_attacker`: it matches an indicator. `messages`: those it names, each to be marked by itself."""

    record: LogRecord
    words: str
    result: str
    is_attacker: bool
    is_phish: bool
    messages: list[LogMessage]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogsView:
    """One page of one tab. `url` is this page's own address, so that a live update keeps the reader where they are."""

    tabs: list[LogTab]
    current: LogTab
    rows: list[LogRow]
    sources: list[SourceNote]
    only_attacker: bool
    only_attacker_url: str  # switches the choice over
    before: str  # for the hidden fields of Mark as Phish: tab, who and before lead back to this page
    url: str
    first_url: str  # empty on the first page
    next_url: str  # empty on the last page


def logs_view(*, incident: Incident, choice: LogChoice) -> LogsView:
    """The logs, with the attacker's rows marked in the same query that reads them."""
    tabs = _tabs(incident, choice)
    records, following = log_page(incident, choice, size=PAGE)
    return LogsView(
        tabs=tabs,
        current=next(tab for tab in tabs if tab.is_current),
        rows=_rows(incident, records),
        sources=source_notes(incident),
        only_attacker=choice.only_attacker,
        before=str(choice.before or ""),
        only_attacker_url=log_url(incident, replace(choice, before=None, only_attacker=not choice.only_attacker)),
        url=log_url(incident, choice),
        first_url=log_url(incident, replace(choice, before=None)) if choice.before else "",
        next_url=log_url(incident, replace(choice, before=following)) if following else "",
    )


def log_url(incident: Incident, choice: LogChoice) -> str:
    """The address at which the logs of an incident stand as chosen."""
    query = {"tab": choice.workload.value}
    if choice.only_attacker:
        query["who"] = "attacker"
    if choice.before:
        query["before"] = str(choice.before)
    return f"{reverse('incidents:logs', args=[incident.tenant.slug, incident.pk])}?{urlencode(query)}"


def _tabs(incident: Incident, choice: LogChoice) -> list[LogTab]:
    counts = log_counts(incident)
    return [
        LogTab(
            key=workload.value,
            label=str(workload.label),
            url=log_url(incident, replace(choice, workload=workload, before=None)),
            count=counts.get(workload.value, (0, 0))[0],
            attacker_count=counts.get(workload.value, (0, 0))[1],
            is_current=workload == choice.workload,
        )
        for workload in Workload
        if workload != Workload.OTHER or workload == choice.workload or workload.value in counts
    ]


def _rows(incident: Incident, records: list[LogRecord]) -> list[LogRow]:
    tagged = tagged_message_ids(incident)
    rows = []
    for record in records:
        messages = [_message(message, tagged) for message in record.messages]
        rows.append(
            LogRow(
                record=record,
                words=record_words(record),
                result=_result(record),
                is_attacker=getattr(record, "is_attacker", False),
                is_phish=any(message.is_phish for message in messages),
                messages=messages,
            )
        )
    return rows


def _message(message: Mapping[str, str], tagged: Collection[str]) -> LogMessage:
    return LogMessage(
        internet_message_id=message["id"],
        subject=message["subject"],
        sender=message["sender"],
        folder=message["folder"],
        is_phish=message["id"] in tagged,
    )


def _result(record: LogRecord) -> str:
    if record.result:
        return record.result
    return {True: "Succeeded", False: "Failed", None: ""}[record.is_success]
