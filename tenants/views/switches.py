"""Switches of a tenant."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from tenants.access import can_manage_tenants
from tenants.forms import ResponseSwitch
from tenants.permissions import TenantRequest, acting, check_form_tenant, tenant_page
from tenants.switches import petra_response_set


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
