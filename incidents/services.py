"""Decisions about incidents. Every change has its audit row in the same transaction, and the page's version moves."""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from incidents.enums import INCIDENT_TRANSITIONS, IncidentState, TagOrigin
from incidents.extensions import incident_opened
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


def _move(incident: Incident, *, to: IncidentState, **values: object) -> None:
    """Compare-and-set of the incident's state.

    Raises:
        IncidentRefused: when the incident is meanwhile in a state that does not lead there.
    """
    sources = [state for state, targets in INCIDENT_TRANSITIONS.items() if to in targets]
    moved = Incident.objects.filter(pk=incident.pk, state__in=sources).update(
        state=to, version=F("version") + 1, **values
    )
    incident.refresh_from_db()
    if not moved:
        raise IncidentRefused(f"This incident is {incident.get_state_display().lower()} already. Nothing was changed.")


def _record(incident: Incident, *, by: Member, verb: str, summary: str, reason: str = "") -> None:
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
        if incident.state != IncidentState.UNPUBLISHED:
            raise IncidentRefused(f"This incident is {incident.get_state_display().lower()} already.")
        _move(incident, to=IncidentState.ACTIVE, published_at=timezone.now())
        _record(incident, by=by, verb="publish_incident", summary=f"Incident published – {incident.account}")
        incident_opened(incident=incident, by=by)


def incident_dismiss(*, incident: Incident, reason: str, by: Member) -> None:
    """Close an incident as a false alarm.

    Raises:
        IncidentRefused: without a reason, or when it is closed already.
    """
    if not reason.strip():
        raise IncidentRefused("Say why this is a false alarm; it stands in the audit trail.")
    with transaction.atomic():
        closed = {"closed_at": timezone.now(), "closed_by_name": by.display_name, "close_reason": reason.strip()}
        _move(incident, to=IncidentState.DISMISSED, **closed)
        _record(incident, by=by, verb="dismiss_incident", summary=f"Dismissed – {incident.account}", reason=reason)


def incident_remediate(*, incident: Incident, reason: str, by: Member) -> None:
    """Step 6: the incident is over. What is still open was judged before, by remediation's policies.

    Raises:
        IncidentRefused: when it is not active.
    """
    with transaction.atomic():
        closed = {"closed_at": timezone.now(), "closed_by_name": by.display_name, "close_reason": reason.strip()}
        _move(incident, to=IncidentState.REMEDIATED, steps_done=F("steps_done").bitor(1 << 5), **closed)
        _record(incident, by=by, verb="mark_remediated", summary=f"Remediated – {incident.account}", reason=reason)


def incident_reopen(*, incident: Incident, by: Member) -> None:
    """Make a closed incident active again.

    Raises:
        IncidentRefused: when it is not closed.
    """
    with transaction.atomic():
        opened = {"closed_at": None, "closed_by_name": "", "close_reason": ""}
        if incident.state == IncidentState.UNPUBLISHED:
            raise IncidentRefused("This incident was not published yet.")
        _move(incident, to=IncidentState.ACTIVE, steps_done=F("steps_done").bitand(0b11111), **opened)
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


def phish_mark(*, incident: Incident, record: LogRecord, by: Member) -> PhishTag:
    """Mark the message of a log row as the phish of this incident. Doing it twice is doing it once.

    Raises:
        IncidentRefused: when the row names no message.
    """
    if not record.internet_message_id:
        raise IncidentRefused("This row names no message, so it cannot be marked as the phish.")
    with transaction.atomic():
        tag, is_new = PhishTag.objects.get_or_create(
            tenant=incident.tenant,
            incident=incident,
            internet_message_id=record.internet_message_id,
            defaults={
                "subject": record.subject,
                "sender_address": record.sender,
                "received_at": record.occurred_at,
                "origin": TagOrigin.HAND,
                "tagged_by_name": by.display_name,
            },
        )
        if is_new:
            _record(incident, by=by, verb="mark_as_phish", summary=f"Marked as phish – {tag.subject}")
            incident_changed(incident_id=incident.pk)
    return tag


def phish_unmark(*, incident: Incident, internet_message_id: str, by: Member) -> None:
    """Take the mark away. What was retracted stays where it is."""
    with transaction.atomic():
        tags = PhishTag.objects.filter(incident=incident, internet_message_id=internet_message_id)
        for tag in tags:
            _record(incident, by=by, verb="unmark_phish", summary=f"No longer marked as phish – {tag.subject}")
        tags.delete()
        incident_changed(incident_id=incident.pk)
