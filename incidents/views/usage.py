"""How much Petra was used. For Admins and Billing; for others the page does not exist."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from incidents.selectors.usage import usage_get
from tenants.access import can_see_usage
from tenants.permissions import TenantRequest


@require_safe
def usage(request: TenantRequest) -> HttpResponse:
    """Counts by month; no tenant and no incident by name."""
    if not can_see_usage(request.user):
        raise Http404
    found = usage_get(organization_id=request.user.organization_id)
    return render(request, "incidents/usage.html", {"usage": found, "organization": request.user.organization})
