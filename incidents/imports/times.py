"""The times that stand beside the records in exported files, in the forms that exports and Excel give them."""

from datetime import UTC, datetime

# Day and month of a form with slashes are told apart where one of them is over 12; else it is as Excel writes it in
# American English, which is what the exports come from.
_FORMS = (
    "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M",
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%d %b %Y %H:%M:%S", "%b %d, %Y %I:%M:%S %p",
)  # fmt: skip


def moment_written(written: str) -> str:
    """A time in UTC as ISO; "" for what is none."""
    text = written.strip()
    try:
        return _utc(datetime.fromisoformat(text)) if text else ""
    except (ValueError, OverflowError):
        pass
    for form in _FORMS:
        try:
            return _utc(datetime.strptime(text, form))  # noqa: DTZ007  # the logs are in UTC
        except (ValueError, OverflowError):
            continue
    return ""


def _utc(at: datetime) -> str:
    return (at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()
