"""The logs of an incident's account: tabs, rows, and from where the next page goes on."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from incidents.enums import LogSource, Workload
from incidents.evidence.words import record_words
from incidents.models import Incident, LogRecord, SourceReading
from incidents.selectors import Keyset, log_counts, log_page, tagged_message_ids
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
    only_attacker_url: str
    url: str
    first_url: str  # empty on the first page
    next_url: str  # empty on the last page


@dataclass(frozen=True, slots=True)
class LogChoice:
    """What the address asks for."""

    workload: Workload = Workload.LOGINS
    only_attacker: bool = False
    before: Keyset | None = None

    def query(self, **changes: str) -> str:
        """The address's query, with some of it changed; "" leaves a part out."""
        parts = {"tab": str(self.workload), "who": "attacker" if self.only_attacker else "", **changes}
        return urlencode({name: value for name, value in parts.items() if value})


def logs_view(*, incident: Incident, member: Member, choice: LogChoice) -> LogsView:
    """The logs, with the attacker's rows marked in the same query that reads them."""
    address = reverse("incidents:logs", args=[incident.tenant.slug, incident.pk])
    tabs = _tabs(incident, choice, address)
    records, following = log_page(
        incident, choice.workload, only_attacker=choice.only_attacker, before=choice.before, size=PAGE
    )
    here = {"before": str(choice.before)} if choice.before else {}
    return LogsView(
        tabs=tabs,
        current=next(tab for tab in tabs if tab.is_current),
        rows=_rows(incident, records, may_mark=can_act(member)),
        sources=_sources(incident),
        only_attacker=choice.only_attacker,
        only_attacker_url=f"{address}?{choice.query(who='' if choice.only_attacker else 'attacker')}",
        url=f"{address}?{choice.query(**here)}",
        first_url=f"{address}?{choice.query()}" if choice.before else "",
        next_url=f"{address}?{choice.query(before=str(following))}" if following else "",
    )


def _tabs(incident: Incident, choice: LogChoice, address: str) -> list[LogTab]:
    counts = log_counts(incident)
    return [
        LogTab(
            key=workload.value,
            label=str(workload.label),
            url=f"{address}?{choice.query(tab=workload.value)}",
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
