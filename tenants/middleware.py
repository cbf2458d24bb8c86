"""Opens the scope of the tenants that the signed-in member may see, for as long as the view runs."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_only_middleware

from tenants.access import tenants_visible_to
from tenants.scoping import tenant_scope

GetResponse = Callable[[HttpRequest], HttpResponseBase]


@sync_only_middleware
def tenant_scope_middleware(get_response: GetResponse) -> GetResponse:
    """Load the member's tenants once (`request.tenants`) and let the view see their rows and no others."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        request.tenants = list(tenants_visible_to(request.user)) if request.user.is_authenticated else []  # type: ignore[attr-defined]  # ours
        request.tenant = None  # type: ignore[attr-defined]  # set by permissions.tenant_page
        with tenant_scope(tenant.pk for tenant in request.tenants):  # type: ignore[attr-defined]  # ours
            return get_response(request)

    return middleware
