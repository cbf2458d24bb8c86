"""Writing OData addresses: path segments, string literals and query options, each encoded exactly once."""

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote

# Left readable in a query: none of them ends or splits an option.
_READABLE = ",:()'/$"


def segment(value: str) -> str:
    """Return an id encoded as one path segment.

    Raises:
        ValueError: when it is empty or a dot segment, which would make the address mean another object.
    """
    if value.strip() in {"", ".", ".."}:
        raise ValueError(f"not an id: {value!r}")
    return quote(value, safe="")


def path(template: str, *ids: str) -> str:
    """Return `template` with each "{}" filled by an id, encoded.

    Raises:
        ValueError: when an id is empty.
    """
    return template.format(*(segment(value) for value in ids))


def literal(text: str) -> str:
    """Return a string literal for $filter: in single quotes, with inner ones doubled."""
    return "'" + text.replace("'", "''") + "'"


def moment(at: datetime) -> str:
    """Return a date-time literal for $filter, in UTC with seconds.

    Raises:
        ValueError: for a datetime without time zone, whose moment nobody can know.
    """
    if at.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def any_of(field: str, values: Sequence[str]) -> str:
    """Return a filter for rows whose field equals one of the values.

    Raises:
        ValueError: when there are no values; such a filter would match everything.
    """
    if not values:
        raise ValueError("a filter needs a value")
    return " or ".join(f"{field} eq {literal(value)}" for value in values)


def selected(options: str) -> list[str]:
    """Return the properties that the options of an address, as `query` writes them, select."""
    names = [each.removeprefix("$select=") for each in options.split("&") if each.startswith("$select=")]
    return names[0].split(",") if names else []


def query(
    address: str,
    *,
    select: Sequence[str] = (),
    filter: str = "",  # noqa: A002 - OData's own word
    orderby: str = "",
    top: int | None = None,
    expand: str = "",
) -> str:
    """Return the address with OData query options; those not given are left out."""
    options = {
        "$filter": filter,
        "$select": ",".join(select),
        "$orderby": orderby,
        "$expand": expand,
        "$top": "" if top is None else str(top),
    }
    written = "&".join(f"{name}={quote(value, safe=_READABLE)}" for name, value in options.items() if value)
    return f"{address}?{written}" if written else address
