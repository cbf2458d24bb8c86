"""Reads of the tenants app."""

from typing import Any

from django.db.models import Q

from tenants.models import AuditEvent, Member, Tenant


def member_list(*, organization_id: int) -> list[Member]:
    """All members of an organization, by name; the tenants of guests are loaded with them."""
    return list(Member.objects.filter(organization_id=organization_id).prefetch_related("tenants"))


def owners_for(tenant: Tenant) -> list[Member]:
    """The members who may own an incident of this tenant: active, not read-only, and able to see it. By name."""
    members = Member.objects.filter(organization_id=tenant.organization_id, is_active=True, is_read_only=False)
    may_see = Q(role="admin") | Q(role="external_guest", tenants=tenant)
    full = Q(role="full_member")
    if tenant.is_sensitive:
        full &= Q(can_view_sensitive_tenants=True)
    return list(members.filter(may_see | full).distinct())


def act_last(*, tenant_id: int, incident_id: int, verb: str, of: dict[str, Any]) -> AuditEvent | None:
    """The latest act of this kind in an incident whose `after` is precisely this."""
    acts = AuditEvent.objects.filter(tenant_id=tenant_id, incident_id=incident_id, verb=verb, after=of)
    return acts.order_by("-pk").first()
