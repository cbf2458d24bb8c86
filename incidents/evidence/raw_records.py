"""The raw record of a log row, read again for what has no column: the parameters of a cmdlet, the actions of a rule."""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from incidents.evidence.fields import Record, mapping, pairs, text
from incidents.evidence.unified_audit_log import audit_data
from incidents.models import LogRecord


def record_data(record: LogRecord) -> Record:
    """What Microsoft wrote, without what a query or an export put around it; empty where it cannot be read."""
    try:
        written = bytes(record.raw).decode("utf-8-sig")
    except ValueError:
        return {}
    whole = mapping(_json(written) or _cell(written))
    return audit_data(whole) or whole


def _json(written: str) -> Any:
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        return None


def _cell(written: str) -> Any:
    """The document among the cells of a row of a CSV file."""
    try:
        cells = next(csv.reader(io.StringIO(written, newline="")), [])
    except csv.Error:  # a cell longer than the reader takes
        return None
    return next((read for cell in cells if cell.startswith("{") and (read := _json(cell))), None)


def parameters(record: LogRecord) -> Mapping[str, str]:
    """The parameters of an Exchange cmdlet by name."""
    return pairs(record_data(record).get("Parameters"))


def is_set(value: str | None) -> bool:
    """Whether a parameter of a cmdlet switches something on."""
    return text(value).casefold() in {"true", "$true", "1"}
