"""The organization's tenants, in Settings: the list, and adding one."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from tenants.access import can_manage_tenants
from tenants.connection_forms import AddForm
from tenants.connection_page import tenant_entries
from tenants.enums import Role
from tenants.permissions import TenantRequest, organization_page
from tenants.portfolio import tenant_add


@require_safe
@never_cache
@organization_page
def tenants(request: TenantRequest) -> HttpResponse:
    """All tenants that the reader may see, with their connections."""
    return _list(request, _form(request))


@require_POST
@organization_page
def add(request: TenantRequest) -> HttpResponse:
    """Add a tenant; what follows is its Connection page."""
    if not can_manage_tenants(request.user):
        raise PermissionDenied("Only members who manage tenants can add one.")
    form = _form(request)
    if not form.is_valid():
        return _list(request, form, status=422)
    tenant = tenant_add(**form.values(), by=request.user)
    return HttpResponseRedirect(reverse("connections:page", args=[tenant.slug]), status=303)


def _form(request: TenantRequest) -> AddForm:
    can_mark = request.user.role == Role.ADMIN
    given = request.POST if request.method == "POST" else None
    return AddForm(given, tenants=request.tenants, can_mark=can_mark, auto_id="add_%s")


def _list(request: TenantRequest, form: AddForm, status: int = 200) -> HttpResponse:
    context = {
        "entries": tenant_entries(request.tenants),
        "form": form,
        "can_manage": can_manage_tenants(request.user),
    }
    return render(request, "tenants/tenants.html", context, status=status)
