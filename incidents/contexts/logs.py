"""The logs of an incident's account: tabs, rows, and from where the next page goes on."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.urls import reverse

from incidents.enums import LogSource, Workload
from incidents.evidence.words import record_words
from incidents.models import Incident, LogRecord, SourceReading
from incidents.selectors import LogChoice, log_counts, log_page, tagged_message_ids
from tenants.access import can_act
from tenants.models import Member

PAGE = 50  # rows


@dataclass(frozen=True, slots=True)
class LogTab:
    key: str
    label: str
    url: str
    count: int
    attacker_count: int
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """A record. `is_attacker`: it matches an indicator. `can_mark` and `can_unmark`: which of the two is offered."""

    record: LogRecord
    words: str
    result: str
    is_attacker: bool
    is_phish: bool
    can_mark: bool
    can_unmark: bool

    @property
    def act_url_name(self) -> str:
        return "incidents:phish_mark" if self.can_mark else "incidents:phish_unmark"


@dataclass(frozen=True, slots=True)
class SourceNote:
    """What was read from one of Microsoft's logs, or why it was not. `tone`: done, warn or waiting."""

    label: str
    tone: str
    reading: SourceReading | None
    words: str


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


def logs_view(*, incident: Incident, member: Member, choice: LogChoice) -> LogsView:
    """The logs, with the attacker's rows marked in the same query that reads them."""
    tabs = _tabs(incident, choice)
    records, following = log_page(incident, choice, size=PAGE)
    return LogsView(
        tabs=tabs,
        current=next(tab for tab in tabs if tab.is_current),
        rows=_rows(incident, records, may_mark=can_act(member)),
        sources=_sources(incident),
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
    ]


def _rows(incident: Incident, records: list[LogRecord], *, may_mark: bool) -> list[LogRow]:
    tagged = tagged_message_ids(incident)
    rows = []
    for record in records:
        is_phish = record.internet_message_id in tagged
        is_mail = record.workload == Workload.EXCHANGE and bool(record.internet_message_id)
        rows.append(
            LogRow(
                record=record,
                words=record_words(record),
                result=_result(record),
                is_attacker=getattr(record, "is_attacker", False),
                is_phish=is_phish,
                can_mark=may_mark and is_mail and not is_phish,
                can_unmark=may_mark and is_mail and is_phish,
            )
        )
    return rows


def _result(record: LogRecord) -> str:
    if record.result:
        return record.result
    return {True: "Succeeded", False: "Failed", None: ""}[record.is_success]


def _sources(incident: Incident) -> list[SourceNote]:
    readings = {reading.source: reading for reading in incident.source_readings.all()}
    return [_source(source, readings.get(source.value)) for source in LogSource]


def _source(source: LogSource, reading: SourceReading | None) -> SourceNote:
    if reading is None:
        return SourceNote(str(source.label), "waiting", None, "not read yet")
    if reading.finished_at is None:
        return SourceNote(str(source.label), "waiting", reading, "being read")
    if reading.failure:
        return SourceNote(str(source.label), "warn", reading, reading.failure)
    return SourceNote(str(source.label), "done", reading, f"{reading.found} records")
