"""Marking and unmarking the phish of an incident."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from incidents.enums import TagOrigin
from incidents.evidence.fields import moment
from incidents.extensions import phish_changed
from incidents.models import Incident, LogRecord, PhishTag
from incidents.phish.matching import PhishContent
from incidents.services.states import IncidentRefused, incident_changed, record_act
from tenants import audit
from tenants.models import Member


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
            record_act(incident, by=by, verb="mark_as_phish", summary=f"Marked as phish – {tag}")
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
            record_act(incident, by=None, verb="mark_as_phish", summary=f"Tagged as phish – {tag}", reason=reason)
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


def phish_read(*, incident: Incident, contents: Mapping[str, PhishContent]) -> None:
    """Keep what stands in tagged mails, by their internet message ids; what was read to its end before stays."""
    unread = {"content_read_at": None, "internet_message_id__in": list(contents)}
    with transaction.atomic():
        tags = list(PhishTag.objects.select_for_update().filter(incident=incident, **unread))
        for tag in tags:
            content = contents[tag.internet_message_id]
            tag.links, tag.attachment_hashes = list(content.links), list(content.attachment_hashes)
            tag.content_note, tag.content_read_at = content.note, timezone.now() if content.is_whole else None
            tag.save(update_fields=["links", "attachment_hashes", "content_note", "content_read_at"])
        if tags:
            incident_changed(incident_id=incident.pk)


def phish_unmark(*, incident: Incident, internet_message_id: str, by: Member) -> None:
    """Take the mark away. What was retracted stays where it is; where there is no such mark, nothing is done."""
    with transaction.atomic():
        Incident.objects.select_for_update().filter(pk=incident.pk).values_list("pk").first()  # before its tags
        tag = PhishTag.objects.filter(incident=incident, internet_message_id=internet_message_id).first()
        if tag is None or not PhishTag.objects.filter(pk=tag.pk).delete()[0]:
            return
        record_act(incident, by=by, verb="unmark_phish", summary=f"No longer marked as phish – {tag}")
        incident_changed(incident_id=incident.pk)
        phish_changed(incident=incident, by=by)
