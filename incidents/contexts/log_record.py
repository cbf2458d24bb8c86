"""One log record whole: all that is derived from it, and the record as it came."""

import hashlib
import json
from dataclasses import dataclass

from incidents.contexts.log_addresses import act_url, record_url
from incidents.contexts.log_columns import result_words
from incidents.contexts.log_messages import LogMessage, log_messages
from incidents.evidence.words import record_words
from incidents.exports.cells import clean
from incidents.models import LogRecord
from incidents.selectors import Logbook, tagged_message_ids

LONGEST = 64_000  # characters that are shown
LONGEST_READ = 2_000_000  # bytes; a longer record is shown as it came, not in order


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """`facts`: label and value, those that are empty left out. `is_intact`: the record still has the sum it was kept
    with. `is_cut`: the raw record is longer than what is shown. `messages`: those that it names, each to be marked by
    itself; none where the record is looked at without an incident.
    """

    record: LogRecord
    words: str
    facts: list[tuple[str, str]]
    raw: str
    size: int
    is_cut: bool
    is_intact: bool
    raw_url: str
    url: str
    messages: list[LogMessage]
    mark_url: str
    unmark_url: str


def record_view(*, book: Logbook, record: LogRecord) -> RecordView:
    """A record, fetched with what it was made of."""
    raw = bytes(record.raw)
    shown = raw_text(raw)
    return RecordView(
        record=record,
        words=record_words(record),
        facts=_facts(record),
        raw=shown[:LONGEST],
        size=len(raw),
        is_cut=len(shown) > LONGEST,
        is_intact=hashlib.sha256(raw).hexdigest() == record.raw_sha256,
        raw_url=record_url(book, record.pk, raw=True),
        url=record_url(book, record.pk),
        messages=log_messages(record.messages, tagged_message_ids(book.incident)) if book.incident else [],
        mark_url=act_url(book, "phish_mark"),
        unmark_url=act_url(book, "phish_unmark"),
    )


def raw_text(raw: bytes) -> str:
    """A raw record to be read: JSON in order, anything else as it came, without what no page may contain."""
    written = raw.decode("utf-8-sig", "replace")
    if len(raw) <= LONGEST_READ:
        try:
            written = json.dumps(json.loads(written), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            pass  # a row of a CSV file, or nothing that can be read: as it came
    return clean(written)


def _facts(record: LogRecord) -> list[tuple[str, str]]:
    pairs = [
        ("Operation", record.operation),
        ("Result", result_words(record)),
        ("User", record.user_principal_name),
        ("IP address", record.ip_address),
        ("Network", record.network),
        ("Hosting network (by name)", {True: "yes", False: "no", None: ""}[record.is_hosting]),
        ("Country", record.country),
        ("City", record.city),
        ("Application", record.application),
        ("Device", record.device),
        ("User agent", record.user_agent),
        ("Session", record.session_id),
        ("Subject", record.subject),
        ("Sender", record.sender),
        ("Internet message id", record.internet_message_id),
        ("Item", record.item),
        ("Items", str(record.item_count) if record.item_count > 1 else ""),
        ("Mail access", record.get_mail_access_display() if record.mail_access else ""),
        ("Throttled", "Microsoft stopped recording mail accesses for a while" if record.is_throttled else ""),
        ("Read from", record.get_source_display()),
        ("Record id", record.record_id),
    ]
    return [(label, value) for label, value in pairs if value]
