"""The page of the trail of what was done."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenants.access import tenant_get
from tenants.forms import ActivityFilter
from tenants.models import AuditEvent
from tenants.permissions import TenantRequest
from tenants.selectors import audit_trail

PAGE = 50  # rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityView:
    """One page of the audit trail, newest first. `first_url` is empty on the first page, `next_url` on the last."""

    events: list[AuditEvent]
    tenant_slug: str
    first_url: str
    next_url: str


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


def _address(slug: str, before: int | None = None) -> str:
    return "?" + urlencode({name: value for name, value in (("tenant", slug), ("before", before)) if value})
