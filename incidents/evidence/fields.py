"""Reading values out of records that an attacker may have shaped: nothing has to be there, or be what it should."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

Record = Mapping[str, Any]


def text(value: Any) -> str:
    """A value as text without null characters and half characters, which databases refuse; "" for what is no scalar."""
    if type(value) is str and value.isascii() and "\x00" not in value:  # nearly all are, and there are many
        return value.strip()
    if value is None or isinstance(value, bool | Mapping | list):
        return ""
    return str(value).replace("\x00", "").encode("utf-8", "replace").decode().strip()


def mapping(value: Any) -> Record:
    """The object, or an empty one."""
    return value if isinstance(value, dict | Mapping) else {}


def mappings(value: Any) -> list[Record]:
    """The objects of a list; whatever else stands in it is left out."""
    return [one for one in value if isinstance(one, dict | Mapping)] if isinstance(value, list) else []


def moment(value: Any) -> datetime | None:
    """An ISO time as a moment. The unified audit log writes UTC without saying so. None for anything else."""
    try:
        read = datetime.fromisoformat(text(value))
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def address(value: Any) -> str:
    """An IP address without the port that Exchange writes behind it; "" for what is none."""
    written = text(value)
    return _address(written) if written else ""


@lru_cache(maxsize=65_536)
def _address(written: str) -> str:
    if written.startswith("["):
        written = written[1:].partition("]")[0]
    elif written.count(":") == 1:
        written = written.partition(":")[0]
    try:
        return str(ip_address(written))
    except ValueError:
        return ""


def pairs(value: Any, *, name: str = "Name", content: str = "Value") -> dict[str, str]:
    """Microsoft's lists of named values, [{"Name": …, "Value": …}], as a dictionary."""
    return {text(one.get(name)): text(one.get(content)) for one in mappings(value)}


def first(values: Iterable[Any]) -> str:
    """The first that says something."""
    for value in values:
        written = text(value)
        if written:
            return written
    return ""


def country(value: Any) -> str:
    """A two-letter country code; "" for what is none."""
    code = text(value).upper()
    return code if len(code) == 2 and code.isalpha() else ""
