"""The audit trail of one incident: who did what, when, with which outcome."""

from dataclasses import dataclass

from django.urls import reverse

from incidents.models import Incident
from incidents.selectors import incident_trail
from tenants.models import AuditEvent

PAGE = 50  # rows


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailView:
    """Acts, newest first. `url` is this page's own address; `first_url` and `next_url` are empty at the ends."""

    events: list[AuditEvent]
    url: str
    first_url: str
    next_url: str


def trail_view(*, incident: Incident, before: str) -> TrailView:
    """One page of the trail. `before` is the address's: the id before which it begins; anything else is the first."""
    before_id = int(before) if before.isdecimal() and len(before) <= 18 else None
    events, following = incident_trail(incident, before_id=before_id, size=PAGE)
    address = reverse("incidents:activity", args=[incident.tenant.slug, incident.pk])
    return TrailView(
        events=events,
        url=f"{address}?trail={before_id}" if before_id else address,
        first_url=address if before_id else "",
        next_url=f"{address}?trail={following}" if following else "",
    )
