"""The raw record of a log row, read again for what has no column: the parameters of a cmdlet, the actions of a rule."""

import json
from collections.abc import Mapping

from incidents.evidence.fields import Record, mapping, pairs, text
from incidents.evidence.unified_audit_log import audit_data
from incidents.models import LogRecord


def record_data(record: LogRecord) -> Record:
    """What Microsoft wrote, without what a query or an export put around it; empty where it cannot be read."""
    try:
        whole = json.loads(bytes(record.raw))
    except ValueError:
        return {}
    return audit_data(mapping(whole)) or mapping(whole)


def parameters(record: LogRecord) -> Mapping[str, str]:
    """The parameters of an Exchange cmdlet by name."""
    return pairs(record_data(record).get("Parameters"))


def is_set(value: str | None) -> bool:
    """Whether a parameter of a cmdlet switches something on."""
    return text(value).casefold() in {"true", "$true", "1"}
