"""Decisions about incidents. Every change has its audit row in the same transaction, and the page's version moves."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from incidents.doorbell import ring_collection
from incidents.enums import INCIDENT_TRANSITIONS, IncidentState, TagOrigin
from incidents.evidence.fields import moment
from incidents.extensions import incident_dismissed, incident_opened, phish_changed
from incidents.models import Incident, LogRecord, Note, PhishTag
from tenants import audit
from tenants.audit import Act, Actor
from tenants.models import Member


class IncidentRefused(Exception):
    """The incident is not in a state for this. The message says why, and what is unharmed."""


def incident_progressed(*, incident_id: int, steps_done: int, contained_at: datetime | None) -> None:
    """Take over how far remediation has come. Called by remediation, inside the transition's transaction."""
    incident = Incident.objects.get(pk=incident_id)
    kept = incident.steps_done & 1 << 5  # step 6 is the incident's own state
    Incident.objects.filter(pk=incident_id).update(
        steps_done=steps_done | kept, contained_at=contained_at, version=F("version") + 1
    )


def incident_changed(*, incident_id: int) -> None:
    """Tell the pages that look at the incident that something on them has changed."""
    Incident.objects.filter(pk=incident_id).update(version=F("version") + 1)


CLOSED = (IncidentState.REMEDIATED, IncidentState.DISMISSED)


def _move(incident: Incident, *, to: IncidentState, sources: Sequence[IncidentState] = (), **values: Any) -> None:
    """Compare-and-set of the incident's state. `sources` narrows the states from which it may come.

    Raises:
        IncidentRefused: when the incident is meanwhile in a state that does not lead there.
    """
    leading = [state for state, targets in INCIDENT_TRANSITIONS.items() if to in targets]
    moved = Incident.objects.filter(pk=incident.pk, state__in=sources or leading).update(
        state=to, version=F("version") + 1, **values
    )
    incident.refresh_from_db()
    if not moved:
        raise IncidentRefused(f"This incident is {incident.get_state_display().lower()} already. Nothing was changed.")


def _record(incident: Incident, *, by: Member | None, verb: str, summary: str, reason: str = "") -> None:
    act = Act(
        verb=verb,
        summary=summary,
        object_type="incident",
        object_id=incident.pk,
        incident_id=incident.pk,
        reason=reason,
    )
    audit.record([act], tenant=incident.tenant, by=Actor.of(by))


def incident_publish(*, incident: Incident, by: Member) -> None:
    """Begin the work on an incident: it becomes active, and the search for traces starts.

    Raises:
        IncidentRefused: when it is not unpublished.
    """
    with transaction.atomic():
        _move(incident, to=IncidentState.ACTIVE, sources=[IncidentState.UNPUBLISHED], published_at=timezone.now())
        _record(incident, by=by, verb="publish_incident", summary=f"Incident published – {incident.account}")
        incident_opened(incident=incident, by=by)
        ring_collection(incident.pk)


def incident_dismiss(*, incident: Incident, reason: str, by: Member) -> None:
    """Close an incident as a false alarm.

    Raises:
        IncidentRefused: without a reason, or when it is closed already.
    """
    if not reason.strip():
        raise IncidentRefused("Say why this is a false alarm; it stands in the audit trail.")
    with transaction.atomic():
        closed: dict[str, Any] = {
            "closed_at": timezone.now(),
            "closed_by_name": by.display_name,
            "close_reason": reason.strip(),
        }
        _move(incident, to=IncidentState.DISMISSED, **closed)
        _record(incident, by=by, verb="dismiss_incident", summary=f"Dismissed – {incident.account}", reason=reason)
        incident_dismissed(incident=incident)


def incident_remediate(*, incident: Incident, reason: str, by: Member) -> None:
    """Step 6: the incident is over. What is still open was judged before, by remediation's policies.

    Raises:
        IncidentRefused: when it is not active.
    """
    with transaction.atomic():
        closed: dict[str, Any] = {
            "closed_at": timezone.now(),
            "closed_by_name": by.display_name,
            "close_reason": reason.strip(),
        }
        _move(incident, to=IncidentState.REMEDIATED, steps_done=F("steps_done").bitor(1 << 5), **closed)
        _record(incident, by=by, verb="mark_remediated", summary=f"Remediated – {incident.account}", reason=reason)


def incident_reopen(*, incident: Incident, by: Member) -> None:
    """Make a closed incident active again.

    Raises:
        IncidentRefused: when it is not closed.
    """
    with transaction.atomic():
        opened: dict[str, Any] = {"closed_at": None, "closed_by_name": "", "close_reason": ""}
        if incident.state == IncidentState.UNPUBLISHED:
            raise IncidentRefused("This incident was not published yet.")
        _move(
            incident,
            to=IncidentState.ACTIVE,
            sources=CLOSED,
            steps_done=F("steps_done").bitand(0b11111),
            **opened,
        )
        _record(incident, by=by, verb="reopen_incident", summary=f"Opened again – {incident.account}")


def incident_assign(*, incident: Incident, owner: Member | None, by: Member) -> None:
    """Give the incident an owner, or none.

    Raises:
        IncidentRefused: when the owner is of another organization.
    """
    if owner and owner.organization_id != incident.tenant.organization_id:
        raise IncidentRefused("The owner has to be a member of this organization.")
    with transaction.atomic():
        Incident.objects.filter(pk=incident.pk).update(owner=owner, version=F("version") + 1)
        name = owner.display_name if owner else "nobody"
        _record(incident, by=by, verb="assign_incident", summary=f"Owner is {name} – {incident.account}")


def note_add(*, incident: Incident, text: str, by: Member) -> Note:
    """Write a note on an incident.

    Raises:
        IncidentRefused: when there is nothing in it.
    """
    if not text.strip():
        raise IncidentRefused("The note is empty.")
    with transaction.atomic():
        note = Note.objects.create(
            tenant=incident.tenant, incident=incident, author_name=by.display_name, text=text.strip()
        )
        _record(incident, by=by, verb="add_note", summary=f"Note added – {incident.account}")
        incident_changed(incident_id=incident.pk)
    return note


def phish_mark(*, incident: Incident, record: LogRecord, by: Member, internet_message_id: str = "") -> PhishTag:
    """Mark a message of a log row as the phish of this incident. Doing it twice is doing it once.

    `internet_message_id` says which, where the row names several.

    Raises:
        IncidentRefused: when the row names no message, or not this one.
    """
    named = {message["id"]: message for message in record.messages}
    wanted = internet_message_id or record.internet_message_id
    if not wanted:
        raise IncidentRefused("This row names no message, so it cannot be marked as the phish.")
    if wanted not in named:
        raise IncidentRefused("This row does not name that message. Nothing was marked.")
    message, why = named[wanted], f"Marked by hand in the logs: {record.operation.strip()}"
    with transaction.atomic():
        tag, is_new = _phish_tag(incident, message, origin=TagOrigin.HAND, reason=why, by_name=by.display_name)
        if is_new:
            _record(incident, by=by, verb="mark_as_phish", summary=f"Marked as phish – {tag}")
            incident_changed(incident_id=incident.pk)
            phish_changed(incident=incident, by=by)
    return tag


def phish_found(*, incident: Incident, message: Mapping[str, str], reason: str) -> PhishTag:
    """Tag what the evidence shows to be the phish. Stands as Petra's own act in the audit trail.

    `message` has id, subject, sender, sender_name, received; `reason` says in words why it is the one.
    """
    with transaction.atomic():
        tag, is_new = _phish_tag(incident, message, origin=TagOrigin.EVIDENCE, reason=reason, by_name=audit.PETRA)
        if is_new:
            _record(incident, by=None, verb="mark_as_phish", summary=f"Tagged as phish – {tag}", reason=reason)
            incident_changed(incident_id=incident.pk)
            phish_changed(incident=incident, by=None)
    return tag


def _phish_tag(
    incident: Incident, message: Mapping[str, str], *, origin: TagOrigin, reason: str, by_name: str
) -> tuple[PhishTag, bool]:
    return PhishTag.objects.get_or_create(
        tenant=incident.tenant,
        incident=incident,
        internet_message_id=message["id"][:998],
        defaults={
            "subject": message.get("subject", "")[:400],
            "sender_address": message.get("sender", "")[:320],
            "sender_name": message.get("sender_name", "")[:256],
            "received_at": moment(message.get("received")),
            "origin": origin,
            "reason": reason,
            "tagged_by_name": by_name,
        },
    )


def phish_unmark(*, incident: Incident, internet_message_id: str, by: Member) -> None:
    """Take the mark away. What was retracted stays where it is."""
    with transaction.atomic():
        tags = PhishTag.objects.filter(incident=incident, internet_message_id=internet_message_id)
        for tag in tags:
            _record(incident, by=by, verb="unmark_phish", summary=f"No longer marked as phish – {tag}")
        tags.delete()
        incident_changed(incident_id=incident.pk)
        phish_changed(incident=incident, by=by)
