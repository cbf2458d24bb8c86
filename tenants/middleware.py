"""Opens the scope of the tenants that the signed-in member may see, for as long as the view runs."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.decorators import sync_only_middleware

from tenants.access import tenants_visible_to
from tenants.scoping import tenant_scope


class SignInMiddleware(LoginRequiredMiddleware):
    """Send strangers to the sign-in page. A fragment that finds its session gone takes the whole page there."""

    def handle_no_permission(  # type: ignore[override]  # a redirect, or what stands for one in a fragment
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseBase:
        response = super().handle_no_permission(request, view_func)
        if request.headers.get("HX-Request") != "true":
            return response
        return HttpResponse(status=204, headers={"HX-Redirect": resolve_url(self.get_login_url(view_func))})


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
