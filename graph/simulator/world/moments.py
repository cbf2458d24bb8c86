"""Time in the demo world: everything happens so and so long before the moment at which the world is built."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_OFFICE_OPENS, _OFFICE_CLOSES = 8, 18


@dataclass(frozen=True, slots=True)
class Moments:
    """The moment of building, and how other moments are found from it. All in UTC."""

    now: datetime

    @classmethod
    def at(cls, now: datetime) -> Moments:
        """Moments seen from ``now``; a time without a zone is taken as UTC. Fractions of a second are dropped."""
        aware = now if now.tzinfo else now.replace(tzinfo=UTC)
        return cls(aware.astimezone(UTC).replace(microsecond=0))

    def ago(self, offset: timedelta) -> datetime:
        """The moment that lies ``offset`` back."""
        return self.now - offset

    def days(self, days: float) -> datetime:
        """The moment that lies so many days back, at the same time of day."""
        return self.now - timedelta(days=days)

    def office(self, days_back: int, minute: int) -> datetime:
        """A moment in office hours, on the last working day that is at least ``days_back`` days ago.

        ``minute`` counts from the opening at eight. Never later than half an hour before now.
        """
        day = (self.now - timedelta(days=days_back)).replace(hour=_OFFICE_OPENS, minute=0, second=0)
        while day.weekday() > 4:
            day -= timedelta(days=1)
        found = day + timedelta(minutes=minute, seconds=minute * 7 % 60)
        if found > self.now - timedelta(minutes=30):
            return found - timedelta(days=3 if found.weekday() == 0 else 1)
        return found

    @staticmethod
    def read_back(text: str) -> datetime:
        """A moment from Graph's own writing of it."""
        return datetime.fromisoformat(text.replace("Z", "+00:00"))

    @staticmethod
    def reply(after: datetime, minutes: int) -> datetime:
        """When an answer comes that takes so many minutes of office time: not at night, not on a weekend."""
        answer = after + timedelta(minutes=minutes, seconds=minutes * 11 % 60)
        if answer.hour >= _OFFICE_CLOSES:
            answer = answer.replace(hour=_OFFICE_OPENS, minute=answer.minute // 2) + timedelta(days=1)
        while answer.weekday() > 4:
            answer += timedelta(days=1)
        return answer


def stamp(moment: datetime) -> str:
    """A moment as Graph writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def bare_stamp(moment: datetime) -> str:
    """A moment as the unified audit log writes it: UTC, and without a zone."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
