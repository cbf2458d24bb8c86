"""The summary of an incident that a director can read: plain sentences, and none that is not known to be so."""

from datetime import timedelta

from django.utils import timezone

from incidents.enums import IncidentState
from incidents.evidence.impact import ACCESSED, DELETED, MODIFIED, SENT, Impact
from incidents.exports.cells import clean
from incidents.extensions import DoneAction
from incidents.models import Incident

_WORDS = {ACCESSED: "read", SENT: "sent", MODIFIED: "changed", DELETED: "deleted"}


def summary(incident: Incident, impact: Impact, actions: list[DoneAction], *, missing: str) -> list[str]:
    """Paragraphs: what happened, what was touched, what was done, what is open."""
    return [
        clean(one) for one in (_what(incident), _impact(impact, missing), _done(incident, actions), _open(incident))
    ]


def _what(incident: Incident) -> str:
    name, tenant = incident.account.display_name, incident.tenant.name
    begin = f"{timezone.localtime(incident.first_access_at):%-d %B %Y at %H:%M}"
    cause = f" {incident.root_cause.rstrip('.')}." if incident.root_cause else " How the attacker got in is not known."
    return f"The Microsoft 365 account of {name} at {tenant} was used by an attacker from {begin} on.{cause}"


def _impact(impact: Impact, missing: str) -> str:
    counted = [
        f"{count.messages:,} {'message' if count.messages == 1 else 'messages'} {_WORDS[kind]}"
        for kind, count in impact.counts.items()
        if count.messages
    ]
    if not counted:
        if missing:
            return "What the attacker did with mail is not known: the log that tells of it was not collected."
        return "No act on mail by the attacker was found in the logs."
    told = [f"In the attacker's hands were: {', '.join(counted)}."]
    if impact.files:
        told.append(f"{_count(len(impact.files), 'file')} in SharePoint or OneDrive {_were(len(impact.files))} used.")
    if impact.synced_folders or impact.throttled_at:
        told.append("More may have been read: see the notes below the figures.")
    if impact.is_cut_off:
        told.append("The figures are cut off, and so a least.")
    return " ".join(told)


def _done(incident: Incident, actions: list[DoneAction]) -> str:
    if incident.contained_at is None:
        return "The account has not been contained yet: the attacker may still be in it."
    contained = f"{timezone.localtime(incident.contained_at):%-d %B %Y at %H:%M:%S}"
    took = _span(incident.contained_at - incident.opened_at)
    verified = sum(1 for one in actions if one.verified_at)
    return (
        f"All sessions were ended and the account was locked on {contained}, {took} after the incident was opened. "
        f"{_count(len(actions), 'action')} {_were(len(actions))} taken in all, of which {verified} {_were(verified)} "
        "verified by reading the state back from Microsoft."
    )


def _open(incident: Incident) -> str:
    if incident.state == IncidentState.REMEDIATED:
        return f"The incident was marked as remediated by {incident.closed_by_name}."
    if incident.state == IncidentState.DISMISSED:
        return f"The incident was dismissed as a false alarm by {incident.closed_by_name}: {incident.close_reason}"
    left = [number for number in range(1, 7) if not incident.has_done(number)]
    return f"The incident is still open: {len(left)} of 6 steps {'is' if len(left) == 1 else 'are'} not done."


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _span(time: timedelta) -> str:
    seconds = max(0, int(time.total_seconds()))
    if seconds < 120:
        return _count(seconds, "second")
    minutes, hours = seconds // 60, seconds // 3600
    return _count(minutes, "minute") if minutes < 120 else f"{_count(hours, 'hour')} {_count(minutes % 60, 'minute')}"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
