"""The shapes in which the story of the demo is told. Plain values: Petra's own seeding reads them too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

IndicatorKind = Literal["ip", "network", "country", "device", "session", "user_agent", "application"]


@dataclass(frozen=True, slots=True)
class DemoTenant:
    """A tenant of the demo. ``key`` is what the rest of the story calls it, ``name`` is what the cloud calls it."""

    key: str
    name: str
    domain: str
    tenant_id: str
    is_practice: bool = False  # the one in which people are meant to practise


@dataclass(frozen=True, slots=True)
class Indicator:
    """Something by which the attacker is recognised in a log row, and why it counts."""

    kind: IndicatorKind
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Phish:
    """One mail of a campaign. Copies share the message id, or only sender and subject up to the ticket number."""

    internet_message_id: str
    subject: str
    sender: str
    sender_name: str
    link: str
    is_internal: bool = False  # sent by the attacker from the victim's own mailbox


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that the attacker did, so long before now."""

    key: str
    before_now: timedelta
    operation: str  # as Microsoft's logs name it
    summary: str


@dataclass(frozen=True, slots=True)
class ProtectedAccount:
    """An account that Petra must never act on by itself."""

    tenant: str
    user_principal_name: str
    kind: Literal["break_glass", "service", "directory_sync"]
    note: str


@dataclass(frozen=True, slots=True)
class DemoIncident:
    """One takeover, told in offsets before now. ``phish_received`` is None where no mail opened the door."""

    key: str
    tenant: str
    victim: str  # user principal name
    state: Literal["active", "unpublished"]
    phish_received: timedelta | None
    phish_read: timedelta | None
    first_access: timedelta
    detected: timedelta
    acts: tuple[Act, ...]
    how_detected: str
    root_cause: str
    what_happened: str  # a few words for the list of incidents
    indicators: tuple[Indicator, ...]
    phish: tuple[Phish, ...]
    is_left_to_evidence: bool = False  # indicators and phish are not known beforehand: the logs tell

    def before_now(self, act: str) -> timedelta:
        """How long ago an act happened. Raises KeyError for one that is not in the story."""
        for each in self.acts:
            if each.key == act:
                return each.before_now
        raise KeyError(act)
