"""Home, and a tenant's overview."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from incidents import extensions
from incidents.contexts.badges import Badge
from incidents.contexts.lists import IncidentRow, incident_rows
from incidents.extensions import Waiting
from incidents.selectors import connections_by_tenant, incident_counts, incidents_open, protected_accounts
from tenants.access import can_act, can_manage_tenants
from tenants.connection_page import CheckSummary, checks_of, credential_words
from tenants.enums import TenantState
from tenants.models import Connection, Member, ProtectedAccount, Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantRow:
    """A tenant on the home page."""

    tenant: Tenant
    url: str
    incidents_url: str
    badge: Badge
    active_incidents: int
    unpublished_incidents: int
    last_contact_at: datetime | None
    last_error: str
    has_petra_response: bool
    is_demo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView:
    """`open_incidents`: the active ones (red), then the unpublished ones. Tenants with active incidents stand first."""

    open_incidents: list[IncidentRow]
    tenants: list[TenantRow]
    active_count: int
    can_reset_demo: bool
    can_manage: bool  # tenants
    can_add_tenants: bool
    waiting: list[Waiting]  # for the reader's decision


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewView:
    """A tenant's own first page. `connection` is shown without its secrets; None where there is none yet."""

    tenant: Tenant
    badge: Badge
    connection: Connection | None
    credential: str
    domains: list[str]
    protected_accounts: list[ProtectedAccount]
    open_incidents: list[IncidentRow]
    active_incidents: int
    incidents_url: str
    can_see_connection: bool
    can_act: bool
    connection_url: str
    checks: CheckSummary | None


def home_view(*, tenants: Sequence[Tenant], member: Member) -> HomeView:
    """The home page of a member. The scope of `tenants` is open."""
    counts, connections = incident_counts(), connections_by_tenant()
    rows = [_tenant_row(tenant, counts.get(tenant.pk, {}), connections.get(tenant.pk)) for tenant in tenants]
    rows.sort(key=lambda row: (not row.active_incidents, row.tenant.name.casefold()))
    return HomeView(
        open_incidents=incident_rows(incidents_open()),
        tenants=rows,
        active_count=sum(row.active_incidents for row in rows),
        can_reset_demo=settings.DEMO and can_manage_tenants(member),
        can_manage=can_manage_tenants(member),
        can_add_tenants=can_manage_tenants(member),
        waiting=extensions.remediation().waiting_for(member=member, tenants=tenants),
    )


def overview_view(*, tenant: Tenant, member: Member) -> OverviewView:
    """The overview of one tenant, whose scope is open."""
    connection = connections_by_tenant().get(tenant.pk)
    return OverviewView(
        tenant=tenant,
        badge=tenant_badge(tenant, connection),
        connection=connection,
        credential=credential_words(connection),
        domains=list(connection.domains) if connection else [],
        protected_accounts=protected_accounts(),
        open_incidents=incident_rows(incidents_open()),
        active_incidents=incident_counts().get(tenant.pk, {}).get("active", 0),
        incidents_url=reverse("incidents:tenant_list", args=[tenant.slug]),
        can_see_connection=can_manage_tenants(member),
        can_act=can_act(member),
        connection_url=reverse("connections:page", args=[tenant.slug]),
        checks=checks_of(connection),
    )


def tenant_badge(tenant: Tenant, connection: Connection | None) -> Badge:
    """How the tenant stands, as a badge."""
    if tenant.state == TenantState.PAUSED:
        return Badge("amber", "ban", "Paused")
    if connection is None:
        return Badge("amber", "plug", "Not connected")
    if connection.last_error:
        return Badge("amber", "alert-triangle", "Connection fails")
    return Badge("green", "check", "Connected")


def _tenant_row(tenant: Tenant, counts: dict[str, int], connection: Connection | None) -> TenantRow:
    return TenantRow(
        tenant=tenant,
        url=reverse("incidents:overview", args=[tenant.slug]),
        incidents_url=reverse("incidents:tenant_list", args=[tenant.slug]),
        badge=tenant_badge(tenant, connection),
        active_incidents=counts.get("active", 0),
        unpublished_incidents=counts.get("unpublished", 0),
        last_contact_at=connection.last_contact_at if connection else None,
        last_error=connection.last_error if connection else "",
        has_petra_response=tenant.has_petra_response,
        is_demo=tenant.is_demo,
    )
