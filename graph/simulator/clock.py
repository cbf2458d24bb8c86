"""The simulator's time: UTC, in the formats that Graph writes."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def seconds() -> float:
    """The present moment as seconds since 1970."""
    return now().timestamp()


def stamp(moment: datetime | None = None) -> str:
    """A moment as Graph writes it: ``2026-03-01T10:11:12Z``."""
    return (moment or now()).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def bare_stamp() -> str:
    """The present moment without zone, as ``innerError.date`` and unified audit records carry it."""
    return now().strftime("%Y-%m-%dT%H:%M:%S")


def moment_of(text: str) -> datetime:
    """Read an ISO time. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
