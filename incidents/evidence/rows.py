"""From a record to a row: what a source's parser told, fitted into the columns, beside the record as it came."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db import models

from incidents.enums import LogSource, Workload
from incidents.evidence.fields import Record
from incidents.models import LogRecord

MOST_MESSAGES = 200  # of one record; the raw record has them all
BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What a parser reads from one record. Texts may be of any length; they are cut to the column's."""

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


def _limits() -> dict[str, int]:
    fields = LogRecord._meta.concrete_fields  # noqa: SLF001  # Django documents it as public
    return {one.name: one.max_length for one in fields if isinstance(one, models.CharField) and one.max_length}


def log_record(columns: Columns, record: Record, *, tenant_id: int, source: LogSource) -> LogRecord:
    """An unsaved row. The raw record is its JSON, as compact as it can be told, and its SHA-256."""
    values: dict[str, Any] = asdict(columns)
    values["user_principal_name"] = columns.user_principal_name.lower()
    values["messages"] = columns.messages[:MOST_MESSAGES]
    for name, limit in _limits().items():
        if name in values:
            values[name] = values[name][:limit]
    raw = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return LogRecord(tenant_id=tenant_id, source=source, raw=raw, raw_sha256=hashlib.sha256(raw).hexdigest(), **values)


def records_store(rows: list[LogRecord]) -> int:
    """Store the rows that are not there yet; returns how many were new. Collecting twice stores once."""
    added = 0
    for start in range(0, len(rows), BATCH):
        batch = {row.record_id: row for row in rows[start : start + BATCH]}
        tenant_id, source = rows[start].tenant_id, rows[start].source
        known = LogRecord.objects.filter(tenant_id=tenant_id, source=source, record_id__in=batch)
        for record_id in known.values_list("record_id", flat=True):
            del batch[record_id]
        # Another worker may store the same ones meanwhile.
        LogRecord.objects.bulk_create(batch.values(), ignore_conflicts=True)
        added += len(batch)
    return added
