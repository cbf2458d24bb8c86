"""Attack Impact: four counters, a row a message, a row a file, and what is not known."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.urls import reverse

from incidents.contexts.sources import SourceNote, source_notes
from incidents.enums import LogSource
from incidents.evidence.impact import ACCESSED, DELETED, MODIFIED, SENT, FileImpact, Impact, MessageImpact, impact_of
from incidents.models import Incident, LogRecord
from incidents.selectors import tagged_message_ids
from incidents.selectors.impact import message_records

PAGE = 50  # rows
MESSAGES, FILES = "messages", "files"
LABELS = {ACCESSED: "Accessed", SENT: "Sent", MODIFIED: "Modified", DELETED: "Deleted"}
SHOWN = (*LABELS, MESSAGES, FILES)
CUT_OFF = "cut off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """One of the four. `words` say what the figure counts, or why there is none."""

    key: str
    label: str
    figure: int
    words: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactView:
    """`show` is empty for the summary, else a kind, "messages" or "files"; then `page` has the rows."""

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
    notes: list[str]
    phish: frozenset[str]
    page_url: str


def impact_view(*, incident: Incident, show: str = "", page: str = "") -> ImpactView:
    """The impact on an incident's account. `show` and `page` are as the address has them."""
    impact = impact_of(incident)
    show = show if show in SHOWN else ""
    missing = not_collected(incident)
    rows: list[MessageImpact | FileImpact] = (
        [*impact.files] if show == FILES else [one for one in impact.messages if show == MESSAGES or show in one.kinds]
    )
    return ImpactView(
        impact=impact,
        counters=[_counter(incident, impact, kind, show, missing) for kind in LABELS],
        show=show,
        url=impact_url(incident, show, page),
        summary_url=impact_url(incident),
        full_url=impact_url(incident, MESSAGES),
        files_url=impact_url(incident, FILES),
        page=Paginator(rows, PAGE).get_page(page) if show else None,
        active_words=_active(impact),
        not_collected=missing,
        notes=impact_notes(impact),
        phish=tagged_message_ids(incident),
        page_url=f"{impact_url(incident, show)}&page=",
    )


def impact_url(incident: Incident, show: str = "", page: str = "") -> str:
    """The address at which the impact stands as chosen."""
    asked = {name: value for name, value in (("show", show), ("page", page)) if value}
    address = reverse("incidents:impact", args=[incident.tenant.slug, incident.pk])
    return f"{address}?{urlencode(asked)}" if asked else address


def _counter(incident: Incident, impact: Impact, kind: str, show: str, missing: str) -> Counter:
    count = impact.counts[kind]
    return Counter(
        key=kind,
        label=LABELS[kind],
        figure=count.messages,
        words=_counted(count.messages, count.operations, missing),
        url=impact_url(incident, kind),
        is_current=show == kind,
    )


def _counted(messages: int, operations: int, missing: str) -> str:
    if not operations:
        return "not collected" if missing else "none found"
    mails = "message" if messages == 1 else "messages"
    times = "1 operation" if operations == 1 else f"{operations:,} operations"
    return f"{mails}, {times}"


def not_collected(incident: Incident) -> str:
    """Why the unified audit log, which tells of mail, cannot: not read, or not to be had. Empty where it was read,
    also where only a file of it was.
    """
    note = next((one for one in source_notes(incident) if one.label == LogSource.UNIFIED_AUDIT_LOG.label), None)
    is_read = note is None or bool(note.complete_until) or note.tone == "done"
    return _why(note) if note and not is_read and not _is_imported(incident) else ""


def _is_imported(incident: Incident) -> bool:
    return LogRecord.objects.filter(tenant_id=incident.tenant_id, source=LogSource.UNIFIED_AUDIT_LOG).exists()


def _why(note: SourceNote) -> str:
    return f"Not collected: the unified audit log, which tells of mail and files, was {note.words}"


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
        folders = ", ".join(impact.synced_folders[:10])
        notes.append(f"Synchronized as a whole: {folders}. Take all mail in it as read; it is not in the figures.")
    if impact.throttled_at:
        notes.append(
            "Microsoft stopped recording mail accesses for up to 24 hours from "
            f"{impact.throttled_at:%Y-%m-%d %H:%M} UTC on: more may have been read."
        )
    unlisted = sum(count.unlisted for count in impact.counts.values())
    if unlisted:
        notes.append(f"Cut off: {unlisted:,} messages are counted, but too many in one record to be listed.")
    if impact.rows_left_out:
        notes.append(
            f"Cut off: the first {impact.rows:,} of the attacker's rows were counted, {impact.rows_left_out:,} more "
            "were not. The logs below have them."
        )
    return notes


# --- One message ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class MessageView:
    """The attacker's acts on one message, oldest first. `left_out` counts those beyond the most that is shown."""

    internet_message_id: str
    subject: str
    sender: str
    records: list[LogRecord]
    left_out: int
    is_phish: bool


MOST_ACTS = 200


def message_view(*, incident: Incident, internet_message_id: str) -> MessageView:
    """The history of a message in the attacker's hands."""
    records, left_out = message_records(incident, internet_message_id, most=MOST_ACTS)
    told = [one for record in records for one in record.messages if one.get("id") == internet_message_id]
    return MessageView(
        internet_message_id=internet_message_id,
        subject=next((one["subject"] for one in told if one.get("subject")), ""),
        sender=next((one["sender"] for one in told if one.get("sender")), ""),
        records=records,
        left_out=left_out,
        is_phish=internet_message_id in tagged_message_ids(incident),
    )
