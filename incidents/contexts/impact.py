"""Attack Impact: four counters, a row a message, a row a file, and what is not known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote, urlencode

from django.core.paginator import Page, Paginator
from django.urls import reverse

from incidents.contexts.sources import SourceNote, source_notes
from incidents.enums import LogSource, Workload
from incidents.evidence.fields import Record, first, text
from incidents.evidence.impact import (
    ACCESSED,
    DELETED,
    MODIFIED,
    SENT,
    FileImpact,
    Impact,
    KindCount,
    MessageImpact,
    impact_of,
    messages_in,
)
from incidents.evidence.raw_records import record_data
from incidents.evidence.words import record_words
from incidents.models import Incident, LogRecord
from incidents.selectors import Keyset, tagged_message_ids
from incidents.selectors.impact import message_records, raw_rows

PAGE = 50  # rows
MESSAGES, FILES = "messages", "files"
LABELS = {ACCESSED: "Accessed", SENT: "Sent", MODIFIED: "Modified", DELETED: "Deleted"}
SHOWN = (*LABELS, MESSAGES, FILES)
SYNCED_NAMED = 10  # folders; of more the number is told
_READING = {"failed.": "could not be read.", "being": "is being", "not": "is not"}  # a source's state, as a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """One of the four. `words` say what the figure counts, or why there is none."""

    key: str
    label: str
    figure: int
    words: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message; or a row that names none, which leads to the logs instead of a history."""

    message: MessageImpact
    url: str
    has_history: bool
    is_phish: bool


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file, with where the latest of its rows say that it lies: more than one place where its name is not its own."""

    file: FileImpact
    places: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactView:
    """`show` is empty for the summary, else a kind, "messages" or "files"; then `page` has the rows, and `messages` or
    `files` what is shown of them.
    """

    impact: Impact
    counters: list[Counter]
    show: str
    url: str
    summary_url: str
    full_url: str
    files_url: str
    page: Page[MessageImpact | FileImpact] | None
    active_words: str
    not_collected: str  # why nothing can be said of mail; empty where it can
    has_indicators: bool  # whether any indicator counts: without one no row is the attacker's
    read_until: datetime | None
    notes: list[str]
    messages: list[MessageRow]
    files: list[FileRow]
    page_url: str


def impact_view(*, incident: Incident, show: str = "", page: str = "") -> ImpactView:
    """The impact on an incident's account. `show` and `page` are as the address has them."""
    impact = impact_of(incident)
    show = show if show in SHOWN else ""
    missing, log = not_collected(incident), _log_of_mail(incident)
    rows: list[MessageImpact | FileImpact] = (
        [*impact.files] if show == FILES else [one for one in impact.messages if show == MESSAGES or show in one.kinds]
    )
    chosen = Paginator(rows, PAGE).get_page(page) if show else None
    shown: Sequence[MessageImpact | FileImpact] = list(chosen.object_list) if chosen else []
    return ImpactView(
        impact=impact,
        counters=[_counter(incident, impact, kind, show, missing) for kind in LABELS],
        show=show,
        url=impact_url(incident, show, page),
        summary_url=impact_url(incident),
        full_url=impact_url(incident, MESSAGES),
        files_url=impact_url(incident, FILES),
        page=chosen,
        active_words=_active(impact),
        not_collected=missing,
        has_indicators=any(indicator.counts for indicator in incident.indicators.all()),
        read_until=log.complete_until if log else None,
        notes=impact_notes(impact),
        messages=_message_rows(incident, [one for one in shown if isinstance(one, MessageImpact)]),
        files=_file_rows([one for one in shown if isinstance(one, FileImpact)]),
        page_url=f"{impact_url(incident, show)}&page=",
    )


def impact_url(incident: Incident, show: str = "", page: str = "") -> str:
    """The address at which the impact stands as chosen."""
    asked = {name: value for name, value in (("show", show), ("page", page)) if value}
    address = reverse("incidents:impact", args=[incident.tenant.slug, incident.pk])
    return f"{address}?{urlencode(asked)}" if asked else address


def _counter(incident: Incident, impact: Impact, kind: str, show: str, missing: str) -> Counter:
    return Counter(
        key=kind,
        label=LABELS[kind],
        figure=impact.counts[kind].messages,
        words=_counted(impact, impact.counts[kind], missing),
        url=impact_url(incident, kind),
        is_current=show == kind,
    )


def _counted(impact: Impact, count: KindCount, missing: str) -> str:
    if count.operations:
        mails = "message" if count.messages == 1 else "messages"
        times = "1 operation" if count.operations == 1 else f"{count.operations:,} operations"
        unnamed = f"; {count.unnamed:,} without a message's id" if count.unnamed else ""
        return f"{mails}, {times}{unnamed}"
    return none_words(impact, missing)


def none_words(impact: Impact, missing: str) -> str:
    """Why there is none of something. `missing`: why the logs were not collected, or empty."""
    if impact.rows_left_out:
        return "cut off: none among the rows counted"
    return "not collected" if missing else "none found"


def not_collected(incident: Incident) -> str:
    """Why the unified audit log, which tells of mail, cannot: not read, or not to be had. Empty where it was read,
    also where only a file of it was. A sentence without its full stop.
    """
    log = _log_of_mail(incident)
    is_read = log is None or bool(log.complete_until) or log.tone == "done"
    return _why(log) if log and not is_read and not _is_imported(incident) else ""


def _log_of_mail(incident: Incident) -> SourceNote | None:
    return next((one for one in source_notes(incident) if one.label == LogSource.UNIFIED_AUDIT_LOG.label), None)


def _is_imported(incident: Incident) -> bool:
    return LogRecord.objects.filter(tenant_id=incident.tenant_id, source=LogSource.UNIFIED_AUDIT_LOG).exists()


def _why(log: SourceNote) -> str:
    state, _, rest = log.words.partition(" ")
    words = f"{_READING.get(state, state)} {rest}".strip().removesuffix(".")
    return f"Not collected: the unified audit log, which tells of mail and files, {words}"


def _active(impact: Impact) -> str:
    """For how long the attacker was there, in words; empty where no row is the attacker's."""
    if impact.first_at is None:
        return ""
    visits = "1 visit" if impact.visits == 1 else f"{impact.visits} visits"
    return f"{_span(impact.active)} in {visits}"


def _span(time: timedelta) -> str:
    minutes = int(time.total_seconds()) // 60
    if minutes < 1:
        return "less than a minute"
    hours, left = divmod(minutes, 60)
    return f"{hours} h {left:02} m" if hours else f"{minutes} m"


def impact_notes(impact: Impact) -> list[str]:
    """What the figures do not say by themselves."""
    notes = []
    if impact.synced_folders:
        folders = ", ".join(impact.synced_folders[:SYNCED_NAMED])
        more = len(impact.synced_folders) - SYNCED_NAMED
        folders += f" and {more} more" if more > 0 else ""
        notes.append(f"Synchronized as a whole: {folders}. Take all mail in it as read; it is not in the figures.")
    if impact.throttled_at:
        notes.append(_throttled(impact.throttled_at, impact.throttled_last_at or impact.throttled_at))
    unlisted = sum(count.unlisted for count in impact.counts.values())
    if unlisted:
        notes.append(
            f"Cut off: {unlisted:,} messages are counted, but too many in one record to be listed; some of them may be "
            "among the others."
        )
    if impact.rows_left_out:
        notes.append(
            f"Cut off: the first {impact.rows:,} of the attacker's rows were counted, {impact.rows_left_out:,} more "
            "were not. The logs below have them."
        )
    return notes


def _throttled(begin: datetime, last: datetime) -> str:
    again = f", for the last time from {last:%Y-%m-%d %H:%M} UTC on" if last > begin else ""
    return (
        f"Microsoft stopped recording mail accesses for up to 24 hours from {begin:%Y-%m-%d %H:%M} UTC on{again}: more "
        "may have been read."
    )


# --- Rows of the tables -----------------------------------------------------------------------------------------------
def _message_rows(incident: Incident, messages: Sequence[MessageImpact]) -> list[MessageRow]:
    if not messages:
        return []
    phish = tagged_message_ids(incident)
    return [
        MessageRow(
            message=one,
            url=message_url(incident, one.internet_message_id) if one.internet_message_id else _log_url(incident, one),
            has_history=bool(one.internet_message_id),
            is_phish=one.internet_message_id in phish,
        )
        for one in messages
    ]


def message_url(incident: Incident, internet_message_id: str) -> str:
    """Where the history of a message stands."""
    address = reverse("incidents:impact_message", args=[incident.tenant.slug, incident.pk])
    return f"{address}?{urlencode({'id': internet_message_id})}"


def _log_url(incident: Incident, message: MessageImpact) -> str:
    return record_url(incident, message.last_at, message.row_id) if message.last_at else ""


def record_url(incident: Incident, at: datetime, record_id: int) -> str:
    """The page of the logs that begins with this row of Exchange's."""
    address = reverse("incidents:logs", args=[incident.tenant.slug, incident.pk])
    query = {"tab": Workload.EXCHANGE.value, "before": str(Keyset(at, record_id + 1))}
    return f"{address}?{urlencode(query)}#record-{record_id}"


def _file_rows(files: Sequence[FileImpact]) -> list[FileRow]:
    if not files:
        return []
    raws = raw_rows([row_id for one in files for row_id in one.row_ids])
    places = {row.pk: _place(record_data(row)) for row in raws}
    return [FileRow(one, [*dict.fromkeys(filter(None, map(places.get, one.row_ids)))]) for one in files]


def _place(record: Record) -> str:
    """The site and folder that a record of SharePoint's names."""
    site, folder = text(record.get("SiteUrl")), text(record.get("SourceRelativeUrl"))
    address = f"{site.rstrip('/')}/{folder}" if site and folder else first([record.get("ObjectId"), site])
    return unquote(address)[:1000]


# --- One message ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class MessageAct:
    """One of the attacker's acts on it, in words, and where its row stands in the logs."""

    record: LogRecord
    words: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """The attacker's acts on one message, oldest first. `left_out` counts those beyond the most that is shown. The row
    `record_id` names it, and can be asked to mark it as the phish.
    """

    internet_message_id: str
    subject: str
    sender: str
    acts: list[MessageAct]
    left_out: int
    is_phish: bool
    record_id: int
    url: str


MOST_ACTS = 200


def message_view(*, incident: Incident, internet_message_id: str) -> MessageView:
    """The history of a message in the attacker's hands."""
    records, left_out = message_records(incident, internet_message_id, most=MOST_ACTS)
    told = [one for record in records for one in messages_in(record) if one["id"] == internet_message_id]
    return MessageView(
        internet_message_id=internet_message_id,
        subject=next((one["subject"] for one in told if one.get("subject")), ""),
        sender=next((one["sender"] for one in told if one.get("sender")), ""),
        acts=[_act(incident, record) for record in records],
        left_out=left_out,
        is_phish=internet_message_id in tagged_message_ids(incident),
        record_id=records[0].pk if records else 0,
        url=message_url(incident, internet_message_id),
    )


def _act(incident: Incident, record: LogRecord) -> MessageAct:
    return MessageAct(record, record_words(record), record_url(incident, record.occurred_at, record.pk))
