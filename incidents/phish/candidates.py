"""Mails that may be the phish, where the evidence cannot say which: those read shortly before the first sign-in."""

from dataclasses import dataclass
from datetime import datetime

from incidents.models import Incident
from incidents.phish.tagging import first_attacker_sign_in, mails_read_before

MOST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PhishCandidate:
    """A mail that was read, by the row that says so. `subject` is empty where the log does not name it."""

    record_id: int
    internet_message_id: str
    subject: str
    sender: str
    folder: str
    read_at: datetime


def phish_candidates(*, incident: Incident) -> list[PhishCandidate]:
    """The mails read in the hour before the attacker's first sign-in, the latest first; at most ten."""
    sign_in = first_attacker_sign_in(incident)
    if sign_in is None:
        return []
    found: dict[str, PhishCandidate] = {}
    for record in mails_read_before(incident, sign_in.occurred_at):
        for message in record.messages:
            candidate = PhishCandidate(
                record_id=record.pk,
                internet_message_id=message["id"],
                subject=message.get("subject", ""),
                sender=message.get("sender", ""),
                folder=message.get("folder", ""),
                read_at=record.occurred_at,
            )
            found.setdefault(candidate.internet_message_id, candidate)
        if len(found) >= MOST:
            break
    return list(found.values())[:MOST]
