"""The states of an incident, and its owner: the only writer of both."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from incidents.doorbell import ring_collection
from incidents.enums import INCIDENT_TRANSITIONS, IncidentState
from incidents.extensions import incident_dismissed, incident_opened
from incidents.models import Incident
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


def record_act(incident: Incident, *, by: Member | None, verb: str, summary: str, reason: str = "") -> None:
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
        record_act(incident, by=by, verb="publish_incident", summary=f"Incident published – {incident.account}")
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
        record_act(incident, by=by, verb="dismiss_incident", summary=f"Dismissed – {incident.account}", reason=reason)
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
        record_act(incident, by=by, verb="mark_remediated", summary=f"Remediated – {incident.account}", reason=reason)


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
        record_act(incident, by=by, verb="reopen_incident", summary=f"Opened again – {incident.account}")


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
        record_act(incident, by=by, verb="assign_incident", summary=f"Owner is {name} – {incident.account}")
