"""Log rows as a table."""

from collections.abc import Iterable, Iterator
from typing import Any

from incidents.enums import Workload
from incidents.evidence.words import record_words
from incidents.models import LogRecord

HEADS = (
    "Time", "Service", "User", "What", "Operation", "Result", "Attacker", "IP address", "Network", "Country", "City",
    "Hosting network (by name)", "Application", "Device", "User agent", "Session", "Subject", "Sender", "Item", "Items",
    "Mail access", "Internet message id", "Record id", "SHA-256 of the raw record",
)  # fmt: skip


def record_rows(records: Iterable[LogRecord]) -> Iterator[list[Any]]:
    """A row for each record; `is_attacker` is told where the query marked it."""
    for one in records:
        yield [
            one.occurred_at, str(Workload(one.workload).label), one.user_principal_name, record_words(one),
            one.operation, one.result or {True: "Succeeded", False: "Failed", None: ""}[one.is_success],
            "attacker" if getattr(one, "is_attacker", False) else "", one.ip_address, one.network, one.country,
            one.city, {True: "yes", False: "no", None: "unknown"}[one.is_hosting], one.application, one.device,
            one.user_agent, one.session_id, one.subject, one.sender, one.item, one.item_count, one.mail_access,
            one.internet_message_id, one.record_id, one.raw_sha256,
        ]  # fmt: skip
