"""Notes of the team on an incident."""

from django.db import transaction

from incidents.models import Incident, Note
from incidents.services.states import IncidentRefused, incident_changed, record_act
from tenants.models import Member


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
        record_act(incident, by=by, verb="add_note", summary=f"Note added – {incident.account}")
        incident_changed(incident_id=incident.pk)
    return note
