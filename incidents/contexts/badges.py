"""Small things that several pages show: the state's badge, the six dots, the clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.enums import IncidentState
from incidents.models import Incident

STEPS = range(1, 7)


@dataclass(frozen=True, slots=True)
class Badge:
    """For components/badge.html: `kind` is red, amber, green, blue, violet or empty (neutral)."""

    kind: str
    icon: str
    text: str


@dataclass(frozen=True, slots=True)
class StepDot:
    """One of the six dots in a list."""

    number: int
    is_done: bool


@dataclass(frozen=True, slots=True)
class Clock:
    """Time to contain, counted from the opening: stopped with `words` ("4 m 12 s"), or running since `since`."""

    is_running: bool
    since: datetime
    until: datetime | None
    words: str


_STATE_BADGES = {
    IncidentState.UNPUBLISHED: ("amber", "eye-off"),
    IncidentState.ACTIVE: ("red", "alert-triangle"),
    IncidentState.REMEDIATED: ("green", "check"),
    IncidentState.DISMISSED: ("", "ban"),
}


def state_badge(state: str) -> Badge:
    """The badge of an incident's state."""
    known = IncidentState(state)
    kind, icon = _STATE_BADGES[known]
    return Badge(kind, icon, str(known.label))


def dots_of(incident: Incident) -> tuple[StepDot, ...]:
    """The six dots, in order."""
    return tuple(StepDot(step, incident.has_done(step)) for step in STEPS)


def clock_of(incident: Incident) -> Clock | None:
    """The clock; None where nobody waits for containment any more (closed before it was contained)."""
    if incident.contained_at:
        words = duration_words(incident.contained_at - incident.opened_at)
        return Clock(False, incident.opened_at, incident.contained_at, words)
    if incident.closed_at:
        return None
    return Clock(True, incident.opened_at, None, "")


def duration_words(length: timedelta) -> str:
    """A length of time in its two largest units: "4 m 12 s", "2 d 3 h"; never negative."""
    seconds = max(0, int(length.total_seconds()))
    units = [("d", seconds // 86_400), ("h", seconds // 3600 % 24), ("m", seconds // 60 % 60), ("s", seconds % 60)]
    first = next((place for place, (_, count) in enumerate(units) if count), len(units) - 1)
    return " ".join(f"{count} {unit}" for unit, count in units[first : first + 2])
