"""What stands around a view: the tenant of the address, and the right to act."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase

from tenants.access import can_act, can_see_organization, tenant_get
from tenants.models import Member, Tenant
from tenants.scoping import tenant_scope


class TenantRequest(HttpRequest):
    """A request as views of this project see it: signed in, with the tenants that exist for the reader."""

    user: Member
    tenants: list[Tenant]
    tenant: Tenant


View = Callable[..., HttpResponseBase]


def tenant_page(view: View) -> View:
    """Turn the address's tenant into a Tenant (404 for strangers) and narrow the scope to it alone."""

    @wraps(view)
    def wrapper(request: HttpRequest, tenant: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
        ours = cast(TenantRequest, request)
        ours.tenant = tenant_get(slug=tenant, tenants=ours.tenants)
        with tenant_scope([ours.tenant.pk]):
            return view(ours, *args, **kwargs)

    return wrapper


def acting(view: View) -> View:
    """403 for members who may look but not act."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not can_act(cast(TenantRequest, request).user):
            raise PermissionDenied("Your role can look at this, but not change it.")
        return view(request, *args, **kwargs)

    return wrapper


def organization_page(view: View) -> View:
    """404 for those for whom the organization's own pages do not exist."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not can_see_organization(cast(TenantRequest, request).user):
            raise Http404
        return view(request, *args, **kwargs)

    return wrapper
