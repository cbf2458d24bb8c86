"""What stands around a view: the tenant of the address, and the right to act."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

import structlog
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django_htmx.middleware import HtmxDetails

from tenants.access import can_act, can_see_organization, is_admin, tenant_get
from tenants.models import Member, Tenant
from tenants.scoping import tenant_scope


class TenantRequest(HttpRequest):
    """A request as views of this project see it: signed in, with the tenants that exist for the reader."""

    user: Member
    htmx: HtmxDetails
    tenants: list[Tenant]
    tenant: Tenant


View = Callable[..., HttpResponseBase]


class TenantMismatch(Exception):
    """A form, the address and the objects named do not belong to one and the same tenant. Nothing was done."""

    def __init__(self) -> None:
        super().__init__("This form was made for another tenant. Nothing was done.")


def check_form_tenant(request: HttpRequest) -> None:
    """Hold the form's hidden `tenant` (the slug it was rendered for) against the address's.

    Raises:
        TenantMismatch: when they differ, or the form names none. `tenant_page` makes a 409 of it.
    """
    if request.POST.get("tenant") != cast(TenantRequest, request).tenant.slug:
        raise TenantMismatch


def _mismatch(request: HttpRequest, words: str) -> HttpResponse:
    """409, and the page keeps what it shows: htmx puts the notice among the flashes."""
    is_htmx = bool(getattr(request, "htmx", False))
    template = "components/error_notice.html" if is_htmx else "409.html"
    response = render(request, template, {"status": 409, "reason": words}, status=409)
    if is_htmx:
        response["HX-Retarget"], response["HX-Reswap"] = "#flashes", "beforeend"
    return response


def tenant_page(view: View) -> View:
    """Turn the address's tenant into a Tenant (404 for strangers) and narrow the scope to it alone.

    A `TenantMismatch` raised inside becomes a 409 that says that nothing was done.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, tenant: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
        ours = cast(TenantRequest, request)
        ours.tenant = tenant_get(slug=tenant, tenants=ours.tenants)
        structlog.contextvars.bind_contextvars(tenant_id=ours.tenant.pk)  # also for the line that ends the request
        with tenant_scope([ours.tenant.pk]):
            try:
                return view(ours, *args, **kwargs)
            except TenantMismatch as mismatch:
                return _mismatch(ours, str(mismatch))

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


def admins_only(view: View) -> View:
    """403 for members who are no Admin; 404 for those for whom the organization's own pages do not exist."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not is_admin(cast(TenantRequest, request).user):
            raise PermissionDenied("Only an Admin may do this.")
        return view(request, *args, **kwargs)

    return organization_page(wrapper)
