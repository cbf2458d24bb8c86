"""Opens the scope of the tenants that the signed-in member may see, for as long as the view runs."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
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
        scope = tenant_scope(tenant.pk for tenant in request.tenants)  # type: ignore[attr-defined]  # ours
        with scope, timezone.override(_zone_of(request)):
            return get_response(request)

    return middleware


def _zone_of(request: HttpRequest) -> ZoneInfo:
    """The reader's own time zone; UTC for strangers, and where the name kept is no zone."""
    try:
        return ZoneInfo(getattr(request.user, "time_zone", "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
