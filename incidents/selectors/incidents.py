"""Incidents: one, and lists of them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone

from incidents.enums import IncidentState
from incidents.models import Incident
from tenants.models import AuditEvent, Member


def incident_get(incident_id: int) -> Incident:
    """The incident with its account, tenant, owner, indicators and what was read of the logs.

    Raises:
        Http404: when it is not in the open scope, be it another tenant's or nobody's.
    """
    incidents = Incident.objects.select_related("account", "tenant", "owner")
    return get_object_or_404(incidents.prefetch_related("indicators", "source_readings"), pk=incident_id)


def incidents_open() -> list[Incident]:
    """Active incidents, then unpublished ones; the latest of each first."""
    rows = Incident.objects.filter(state__in=[IncidentState.ACTIVE, IncidentState.UNPUBLISHED])
    return list(rows.select_related("account", "tenant", "owner").order_by("state", "-opened_at", "-pk"))


def incident_counts() -> dict[int, dict[str, int]]:
    """How many incidents each tenant has, by state: {tenant id: {state: count}}."""
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for row in Incident.objects.values("tenant_id", "state").annotate(count=Count("pk")):
        counts[row["tenant_id"]][row["state"]] = row["count"]
    return counts


def active_counts() -> dict[int, int]:
    """How many active incidents each tenant has; tenants without any are left out."""
    rows = Incident.objects.filter(state=IncidentState.ACTIVE).values("tenant_id").annotate(count=Count("pk"))
    return {row["tenant_id"]: row["count"] for row in rows}


SORTS: dict[str, tuple[str, ...]] = {
    "account": ("account__display_name",),
    "tenant": ("tenant__name",),
    "title": ("title",),
    "first_access": ("first_access_at",),
    "opened": ("opened_at",),
    "state": ("state",),
    "steps": ("steps_done",),
    "contained": ("time_to_contain",),
    "owner": ("owner__display_name",),
}
NEWEST_FIRST = "-opened"


def incident_list(
    *,
    text: str = "",
    states: Sequence[str] = (),
    tenant_id: int | None = None,
    owner_id: int | None = None,
    days: tuple[date | None, date | None] = (None, None),
    sort: str = NEWEST_FIRST,
) -> QuerySet[Incident]:
    """Incidents for the list. `owner_id` 0 means: without owner. `days` are the first and last day of opening, in the
    active time zone; `sort` is a key of SORTS, with a minus for the other way round.
    """
    incidents = Incident.objects.select_related("account", "tenant", "owner")
    incidents = incidents.annotate(time_to_contain=F("contained_at") - F("opened_at"))
    for word in text.split():
        incidents = incidents.filter(_holds(word))
    if states:
        incidents = incidents.filter(state__in=states)
    if tenant_id is not None:
        incidents = incidents.filter(tenant_id=tenant_id)
    if owner_id is not None:
        incidents = incidents.filter(owner_id=owner_id or None)
    first, last = days
    if first:
        incidents = incidents.filter(opened_at__gte=_midnight(first))
    if last and last < date.max:
        incidents = incidents.filter(opened_at__lt=_midnight(last + timedelta(days=1)))
    return incidents.order_by(*_ordering(sort))


def _holds(word: str) -> Q:
    return (
        Q(account__display_name__icontains=word)
        | Q(account__user_principal_name__icontains=word)
        | Q(title__icontains=word)
        | Q(tenant__name__icontains=word)
    )


def _ordering(sort: str) -> list[Any]:
    columns = SORTS[sort.removeprefix("-")]
    if sort.startswith("-"):
        return [*(F(column).desc(nulls_last=True) for column in columns), "-pk"]
    return [*(F(column).asc(nulls_last=True) for column in columns), "pk"]


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def incident_owners() -> list[Member]:
    """The members who own an incident of the open scope, by name."""
    return list(Member.objects.filter(pk__in=Incident.objects.values("owner_id")))


def incident_trail(incident: Incident, *, before_id: int | None, size: int) -> tuple[list[AuditEvent], int | None]:
    """Acts on the incident, newest first, and the id before which the next page begins."""
    rows = AuditEvent.objects.filter(tenant_id=incident.tenant_id, incident_id=incident.pk)
    if before_id is not None:
        rows = rows.filter(pk__lt=before_id)
    found = list(rows.order_by("-pk")[: size + 1])
    page = found[:size]
    return page, page[-1].pk if len(found) > size else None
