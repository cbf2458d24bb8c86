"""Reads of the tenants app."""

from typing import Any

from django.db.models import Q

from tenants.access import can_see_organization
from tenants.models import AuditEvent, Connection, Member, Tenant


def member_list(*, organization_id: int) -> list[Member]:
    """All members of an organization, by name; the tenants of guests are loaded with them."""
    return list(Member.objects.filter(organization_id=organization_id).prefetch_related("tenants"))


def connection_shown(tenant: Tenant) -> Connection | None:
    """A tenant's connection to be looked at: its secrets are not even decrypted. None where there is none."""
    return connections_shown().get(tenant.pk)


def connections_shown() -> dict[int, Connection]:
    """The connections of the open scope, by tenant, without their secrets."""
    rows = Connection.objects.defer("client_secret", "certificate_private_key")
    return {row.tenant_id: row for row in rows}


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


def audit_trail(
    *, member: Member, tenants: list[Tenant], tenant: Tenant | None, before_id: int | None, size: int
) -> tuple[list[AuditEvent], int | None]:
    """Acts that the member may see, newest first, and the id before which the next page begins.

    Those of the tenants visible to them; those of the organization itself for organization roles, unless one tenant
    was asked for. A removed tenant's acts are of no visible tenant: only an organization role sees the organization's.
    """
    chosen = [tenant] if tenant else tenants
    visible = Q(tenant_id__in=[one.pk for one in chosen])
    if tenant is None and can_see_organization(member):
        visible |= Q(tenant_id=None)
    rows = AuditEvent.objects.filter(visible, organization_id=member.organization_id)
    if before_id is not None:
        rows = rows.filter(pk__lt=before_id)
    found = list(rows.order_by("-pk")[: size + 1])
    page = found[:size]
    return page, page[-1].pk if len(found) > size else None
