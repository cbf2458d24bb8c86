"""Home, the lists of incidents, a tenant's overview."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from incidents.contexts import home_view, list_view, overview_view
from incidents.forms import IncidentFilter
from incidents.selectors import incident_list, incident_owners
from tenants.models import Tenant
from tenants.permissions import TenantRequest, tenant_page

PAGE = 50  # rows


@require_safe
@never_cache
def home(request: TenantRequest) -> HttpResponse:
    """All tenants, those with active incidents on top."""
    view = home_view(tenants=request.tenants, member=request.user)
    return render(request, "incidents/home.html", {"home": view})


@require_safe
@never_cache
def every_incident(request: TenantRequest) -> HttpResponse:
    """The incidents of all tenants that the reader may see."""
    return _list(request, tenant=None)


@require_safe
@never_cache
@tenant_page
def tenant_incidents(request: TenantRequest) -> HttpResponse:
    """The incidents of one tenant."""
    return _list(request, tenant=request.tenant)


@require_safe
@never_cache
@tenant_page
def overview(request: TenantRequest) -> HttpResponse:
    """A tenant's own first page."""
    view = overview_view(tenant=request.tenant, member=request.user)
    return render(request, "incidents/overview.html", {"overview": view, "tenant": request.tenant})


def _list(request: TenantRequest, *, tenant: Tenant | None) -> HttpResponse:
    tenants = [tenant] if tenant else request.tenants
    form = IncidentFilter(request.GET, tenants=tenants, owners=incident_owners())
    page = Paginator(incident_list(**form.criteria()), PAGE).get_page(request.GET.get("page"))
    view = list_view(
        page=page,
        sort=form.ordering,
        is_filtered=form.is_filtering,
        clear_url=request.path,
        one_tenant=tenant is not None,
    )
    template = "incidents/_list.html" if request.htmx else "incidents/list.html"
    return render(request, template, {"list": view, "form": form, "tenant": tenant})
