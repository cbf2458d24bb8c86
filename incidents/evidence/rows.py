"""From a record to a row: what a source's parser told, fitted into the columns, beside the record as it came."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from django.db import connection, models

from incidents.enums import LogSource, Workload
from incidents.evidence.bulk import copy_in, copy_text
from incidents.evidence.fields import Record
from incidents.evidence.places import NOWHERE, place_of
from incidents.models import LogRecord

MOST_MESSAGES = 200  # of one record; `item_count` counts all of them, and the raw record has them
BATCH = 500


@dataclass(slots=True, kw_only=True)  # not frozen: that makes a million of them four times as slow
class Columns:
    """What a parser reads from one record. Texts may be of any length; they are cut to the column's.

    `messages`: [{"id", "subject", "sender", "received", "folder", "attachments"}], all texts.
    """

    record_id: str
    occurred_at: datetime
    operation: str
    workload: Workload
    user_principal_name: str = ""
    ip_address: str = ""
    network: str = ""
    is_hosting: bool | None = None
    country: str = ""
    city: str = ""
    application: str = ""
    device: str = ""
    user_agent: str = ""
    session_id: str = ""
    is_success: bool | None = None
    result: str = ""
    subject: str = ""
    internet_message_id: str = ""
    sender: str = ""
    item: str = ""
    item_count: int = 1
    mail_access: str = ""
    is_throttled: bool = False
    messages: list[dict[str, str]] = field(default_factory=list)


NAMES = tuple(one.name for one in fields(Columns))


class Row(NamedTuple):
    """A row that is not stored yet: the values of `NAMES`, and the record as it came."""

    record_id: str
    values: tuple[Any, ...]
    raw: bytes

    @property
    def user_principal_name(self) -> str:
        return str(self.values[_USER])


def _limits() -> list[tuple[int, int]]:
    concrete = LogRecord._meta.concrete_fields  # noqa: SLF001  # Django documents it as public
    lengths = {one.name: one.max_length for one in concrete if isinstance(one, models.CharField) and one.max_length}
    return [(NAMES.index(name), length) for name, length in lengths.items() if name in NAMES]


LIMITS = _limits()


def raw_of(record: Record) -> bytes:
    """A record that Microsoft sent among others, as compact JSON."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def row_of(columns: Columns, raw: bytes) -> Row:
    """The row of a record: its place looked up, its texts cut to the columns' lengths."""
    values = list(_values(columns))
    if columns.ip_address:
        _place(values)
    for index, limit in LIMITS:
        if len(values[index]) > limit:
            values[index] = values[index][:limit]
    values[_USER] = values[_USER].lower()
    values[_MESSAGES] = values[_MESSAGES][:MOST_MESSAGES]
    return Row(values[0], tuple(values), raw)


_values = attrgetter(*NAMES)
_USER, _MESSAGES, _ADDRESS = map(NAMES.index, ("user_principal_name", "messages", "ip_address"))
_NETWORK, _COUNTRY, _HOSTING = map(NAMES.index, ("network", "country", "is_hosting"))


def _place(values: list[Any]) -> None:
    """Fill in country and network where the source did not tell them. The network's name, where it is known, stands in
    the place of its number, so that one address has one network in all sources.
    """
    place = place_of(values[_ADDRESS])
    if place is not NOWHERE:
        values[_COUNTRY] = values[_COUNTRY] or place.country
        values[_NETWORK] = place.network or values[_NETWORK]
        values[_HOSTING] = place.is_hosting


@dataclass(slots=True)
class Sheet:
    """Rows as the database takes them, each record once: on PostgreSQL the text of a COPY."""

    count: int
    content: bytes | list[Row]


def sheet_of(rows: Iterable[Row], *, tenant_id: int, source: LogSource) -> Sheet:
    """Make rows ready to be stored. Asks the database nothing."""
    unique = list({row.record_id: row for row in rows}.values())
    if connection.vendor != "postgresql":
        return Sheet(len(unique), unique)
    copied = ((tenant_id, source.value, *row.values, row.raw, _digest(row)) for row in unique)
    return Sheet(len(unique), copy_text(copied))


def sheet_store(sheet: Sheet, *, tenant_id: int, source: LogSource) -> int:
    """Store the rows that are not there yet; returns how many were new. Storing twice stores once."""
    if isinstance(sheet.content, bytes):
        return copy_in(sheet.content, columns=("tenant_id", "source", *NAMES, "raw", "raw_sha256"))
    rows = sheet.content
    return sum(_insert(rows[start : start + BATCH], tenant_id, source) for start in range(0, len(rows), BATCH))


def _insert(rows: Sequence[Row], tenant_id: int, source: LogSource) -> int:
    ours = LogRecord.objects.filter(tenant_id=tenant_id, source=source)
    known = set(ours.filter(record_id__in=[row.record_id for row in rows]).values_list("record_id", flat=True))
    fresh = [
        LogRecord(
            tenant_id=tenant_id,
            source=source,
            raw=row.raw,
            raw_sha256=_digest(row),
            **dict(zip(NAMES, row.values, strict=True)),
        )
        for row in rows
        if row.record_id not in known
    ]
    # Another worker may store the same ones meanwhile.
    LogRecord.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh)


def _digest(row: Row) -> str:
    return hashlib.sha256(row.raw).hexdigest()
