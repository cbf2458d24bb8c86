"""Pages of the organization: its members, and the trail of what was done."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from tenants.access import can_manage_tenants, tenant_get
from tenants.forms import ActivityFilter, ResponseSwitch
from tenants.models import AuditEvent
from tenants.permissions import TenantRequest, acting, check_form_tenant, organization_page, tenant_page
from tenants.selectors import audit_trail, member_list
from tenants.switches import petra_response_set

PAGE = 50  # rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityView:
    """One page of the audit trail, newest first. `first_url` is empty on the first page, `next_url` on the last."""

    events: list[AuditEvent]
    tenant_slug: str
    first_url: str
    next_url: str


@require_safe
@organization_page
def members(request: HttpRequest) -> HttpResponse:
    """Who belongs to the organization, and what they may do."""
    ours: TenantRequest = request  # type: ignore[assignment]  # the middleware makes it one
    people = member_list(organization_id=ours.user.organization_id)
    return render(request, "tenants/members.html", {"members": people, "organization": ours.user.organization})


@require_safe
def activity(request: TenantRequest) -> HttpResponse:
    """The audit trail, as far as the reader may see it; 404 for a tenant that does not exist for them."""
    form = ActivityFilter(request.GET, tenants=request.tenants)
    form.is_valid()
    slug, before = request.GET.get("tenant", ""), form.cleaned_data.get("before")
    tenant = tenant_get(slug=slug, tenants=request.tenants) if slug else None
    if tenant:
        request.tenant = tenant  # the switcher and the tabs stay with it
    events, following = audit_trail(
        member=request.user, tenants=request.tenants, tenant=tenant, before_id=before, size=PAGE
    )
    view = ActivityView(
        events=events,
        tenant_slug=slug,
        first_url=_address(slug) if before else "",
        next_url=_address(slug, following) if following else "",
    )
    template = "tenants/_activity.html" if request.htmx else "tenants/activity.html"
    return render(request, template, {"activity": view, "form": form})


@require_POST
@tenant_page
@acting
def petra_response(request: TenantRequest) -> HttpResponse:
    """Switch Petra Response on or off in a tenant."""
    if not can_manage_tenants(request.user):
        raise PermissionDenied("Only admins, and members who can manage tenants, switch Petra Response.")
    check_form_tenant(request)
    form = ResponseSwitch(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("The form does not say whether to switch on or off. Nothing was changed.")
    is_on = form.cleaned_data["switch"] == "on"
    if petra_response_set(tenant=request.tenant, is_on=is_on, by=request.user):
        messages.info(request, f"Petra Response is {'on' if is_on else 'off'} at {request.tenant.name}.")
    is_home = form.cleaned_data["place"] == "home"
    return redirect("incidents:home") if is_home else redirect("incidents:overview", tenant=request.tenant.slug)


def _address(slug: str, before: int | None = None) -> str:
    return "?" + urlencode({name: value for name, value in (("tenant", slug), ("before", before)) if value})
