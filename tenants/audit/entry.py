"""An entry of the trail as the bytes that are hashed. Whoever verifies elsewhere needs precisely this."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

ROOT = "0" * 64  # what the first entry of a chain names as the hash before it

# The entry's own hash stands beside the line, the database's row number is no part of what was done. A field that is
# added later has to be left out of the line while it is empty: the lines of older entries must not change.
FIELDS = (
    "organization_id",
    "tenant_id",
    "tenant_name",
    "sequence",
    "previous_hash",
    "at",
    "actor_id",
    "actor_name",
    "verb",
    "object_type",
    "object_id",
    "incident_id",
    "summary",
    "before",
    "after",
    "reason",
    "request_id",
    "outcome",
)


def line_of(values: Mapping[str, Any]) -> bytes:
    """The canonical line: a JSON object of all `FIELDS`, keys sorted, no spaces, ASCII, time in UTC to the microsecond.

    It ends without a newline.
    """
    told = {name: values[name] for name in FIELDS}
    told["at"] = moment(values["at"])
    return _ENCODER.encode(told).encode("ascii")


def hash_of(line: bytes) -> str:
    """SHA-256 of a canonical line, in small hexadecimal digits."""
    return hashlib.sha256(line).hexdigest()


def moment(at: datetime) -> str:
    """2026-11-26T12:00:00.000000Z, whatever the moment's own zone."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def as_stored(value: Any) -> Any:
    """A JSON value as both databases give it back: PostgreSQL writes a large or whole float as an integer."""
    return None if value is None else _DECODER.decode(_ENCODER.encode(value))


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


# Made once: json.dumps and json.loads make them anew for each value.
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
_DECODER = json.JSONDecoder(parse_float=_number)
