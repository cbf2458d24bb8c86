"""Numbers, lists and times as a report's sentences need them. Times are in the active zone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone


def counted(count: int, noun: str, plural: str = "") -> str:
    """How many of something: "1 message", "2,014 messages", "no messages"."""
    many = plural or f"{noun}s"
    return f"{count:,} {noun if count == 1 else many}" if count else f"no {many}"


def listed(parts: Sequence[str], word: str = "and") -> str:
    """Parts of a sentence in a row: "a", "a and b", "a, b and c"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def lasted(length: timedelta) -> str:
    """A length of time in its two largest units: "4 minutes 12 seconds", "2 days"; never negative."""
    seconds = max(0, int(length.total_seconds()))
    units = ((seconds // 86_400, "day"), (seconds // 3600 % 24, "hour"), (seconds // 60 % 60, "minute"))
    parts = [*units, (seconds % 60, "second")]
    first = next((place for place, (count, _) in enumerate(parts) if count), len(parts) - 1)
    kept = [(count, unit) for count, unit in parts[first : first + 2] if count]
    return " ".join(counted(count, unit) for count, unit in kept) or "less than a second"


def short(text: str, longest: int) -> str:
    """A text cut at its end, so that it fits into its place."""
    return text if len(text) <= longest else f"{text[:longest].rstrip()}…"


def sentence(text: str) -> str:
    """With one full stop at its end."""
    stripped = text.strip()
    return stripped if stripped.endswith((".", "!", "?")) else f"{stripped}."


def day(at: datetime) -> str:
    """For example: 26 Nov 2026."""
    return f"{timezone.localtime(at):%-d %b %Y}"


def clock(at: datetime) -> str:
    """For example: 13:48:36."""
    return f"{timezone.localtime(at):%H:%M:%S}"


def told(at: datetime | None) -> str:
    """For example: 26 Nov 2026, 13:48:36; empty for none. The zone is named once in a report."""
    return f"{day(at)}, {clock(at)}" if at else ""


def told_zoned(at: datetime) -> str:
    """For a sentence: 26 November 2026 at 13:48 CET."""
    return f"{timezone.localtime(at):%-d %B %Y at %H:%M %Z}"


def zone_now(now: datetime) -> str:
    """The report's zone, with what it is ahead of UTC: "Europe/Oslo (UTC+01:00)"."""
    offset = f"{timezone.localtime(now):%z}"
    name = timezone.get_current_timezone_name()
    return name if name == "UTC" else f"{name} (UTC{offset[:3]}:{offset[3:]})"
