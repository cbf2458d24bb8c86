"""What the frame around every page shows: tenants to switch between, tabs, the reader's time zone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import ResolverMatch, reverse
from django.utils import timezone

from tenants.access import can_see_organization
from tenants.enums import Role
from tenants.extensions import active_incidents
from tenants.models import Member, Tenant
from tenants.scoping import tenant_scope


@dataclass(frozen=True, slots=True)
class SwitcherItem:
    """A tenant in the switcher."""

    slug: str
    name: str
    chip_initials: str
    chip_color_class: str
    active_incidents: int
    switch_url: str


@dataclass(frozen=True, slots=True)
class Tab:
    label: str
    url: str
    is_current: bool


# Changing the tenant keeps the reader on the same kind of page; any page not named here leads to the incidents.
_OVERVIEWS = ("incidents:overview", "incidents:home")
_ACTIVITY = "tenants:activity"
_USAGE = "incidents:usage"
_SETTINGS = ("/settings/", "/usage/")
_CONNECTION = "connections:page"
# Pages that every tenant has under the same name; one person's leads to everybody's.
_OF_TENANTS = {
    **{name: name for name in ("tenant_logins", "tenant_exchange", "tenant_sharepoint", "tenant_teams", "users")},
    "user_activity": "users",
}


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor. The switcher is computed only when a template asks for it: fragments have none."""
    member = getattr(request, "user", None)
    if not isinstance(member, Member):
        return {}
    page = _page_name(request.resolver_match)
    return {
        "tenants": _switcher(getattr(request, "tenants", []), page),
        "current_tenant": getattr(request, "tenant", None),
        "all_tenants_url": _all_tenants_url(page),
        "nav": lambda: _tabs(request, member),
        "search_url": "" if member.role == Role.BILLING else reverse("incidents:list"),
        "zone_name": timezone.get_current_timezone_name(),
    }


def _page_name(match: ResolverMatch | None) -> str:
    return match.view_name if match else ""


def _all_tenants_url(page: str) -> str:
    if page in (*_OVERVIEWS, _CONNECTION):
        return reverse("incidents:home")
    return reverse(_ACTIVITY if page == _ACTIVITY else "incidents:list")


def _switch_url(page: str, tenant: Tenant) -> str:
    if page == _ACTIVITY:
        return f"{reverse(_ACTIVITY)}?tenant={tenant.slug}"
    if page == _CONNECTION:
        return reverse(_CONNECTION, args=[tenant.slug])
    if same := _OF_TENANTS.get(page.removeprefix("incidents:")):
        return reverse(f"incidents:{same}", args=[tenant.slug])
    return reverse("incidents:overview" if page in _OVERVIEWS else "incidents:tenant_list", args=[tenant.slug])


def _switcher(tenants: list[Tenant], page: str) -> Callable[[], list[SwitcherItem]]:
    def items() -> list[SwitcherItem]:
        # A tenant's page narrows the scope to that tenant; the switcher counts in all that the reader may see.
        with tenant_scope(tenant.pk for tenant in tenants):
            counts = active_incidents()
        return [
            SwitcherItem(
                slug=tenant.slug,
                name=tenant.name,
                chip_initials=tenant.chip_initials,
                chip_color_class=tenant.chip_color_class,
                active_incidents=counts.get(tenant.pk, 0),
                switch_url=_switch_url(page, tenant),
            )
            for tenant in tenants
        ]

    return items


def _tabs(request: HttpRequest, member: Member) -> list[Tab]:
    tenant: Tenant | None = getattr(request, "tenant", None)
    path = request.path
    if member.role == Role.BILLING:
        return [Tab("Usage", reverse(_USAGE), path == reverse(_USAGE))]
    incidents = reverse("incidents:tenant_list", args=[tenant.slug]) if tenant else reverse("incidents:list")
    activity = reverse("tenants:activity")
    tabs = [
        Tab("Incidents", incidents, "/incidents/" in path),
        Tab("Activity", f"{activity}?tenant={tenant.slug}" if tenant else activity, path == activity),
    ]
    if can_see_organization(member):
        sweeps = reverse("remediation:sweeps")
        tabs.insert(1, Tab("Phish sweep", sweeps, path.startswith(sweeps)))
        members = reverse("tenants:members")
        tabs.append(Tab("Settings", members, path.startswith(_SETTINGS) and path != activity))
    return tabs
