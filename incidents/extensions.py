"""The port through which remediation tells incidents what was done, and hears what was opened.

incidents stands below remediation and may not import it. What it needs from there is a `Remediation`, registered when
Django starts. Everything is asked in bulk, by incident ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from incidents.models import Incident
from tenants.models import Member, Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneAction:
    """One thing the team did, for timeline, report and export."""

    incident_id: int
    at: datetime
    step: int
    words: str
    by_name: str
    outcome: str
    verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for a member's decision: what it is, in words, and where it is decided."""

    words: str
    url: str


class Remediation(Protocol):
    """What the incidents app asks of remediation."""

    def waiting_for(self, *, member: Member, tenants: Sequence[Tenant]) -> list[Waiting]:
        """What this member could decide on in these tenants, those that exist for them."""

    def actions_of(self, incident_ids: Sequence[int]) -> list[DoneAction]:
        """What was done in these incidents, oldest first."""

    def incident_opened(self, *, incident: Incident, by: Member | None) -> None:
        """An incident became active: start looking for what the attacker left."""

    def incident_dismissed(self, *, incident: Incident) -> None:
        """It was a false alarm: what was ordered and not begun is canceled."""

    def phish_changed(self, *, incident: Incident, by: Member | None) -> None:
        """A message was marked or unmarked as the phish: look for its copies."""

    def evidence_collected(self, *, incident: Incident) -> None:
        """New log rows came in: what they say of the attacker's acts may make more things suspicious."""


_registered: list[Remediation] = []


def register(remediation: Remediation) -> None:
    """Called once, by remediation's AppConfig."""
    _registered[:] = [remediation]


def remediation() -> Remediation:
    """The registered implementation.

    Raises:
        RuntimeError: when nobody registered one.
    """
    if not _registered:
        raise RuntimeError("No remediation is registered with incidents.extensions.")
    return _registered[0]


def incident_opened(*, incident: Incident, by: Member | None) -> None:
    remediation().incident_opened(incident=incident, by=by)


def incident_dismissed(*, incident: Incident) -> None:
    remediation().incident_dismissed(incident=incident)


def phish_changed(*, incident: Incident, by: Member | None) -> None:
    remediation().phish_changed(incident=incident, by=by)


def evidence_weighed(*, incident: Incident) -> None:
    """What is known of the attacker changed: what was found may be more or less suspicious now."""
    remediation().evidence_collected(incident=incident)
