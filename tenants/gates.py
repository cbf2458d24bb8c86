"""What stands between a session and any page: noting that it is used, the second factor, and Billing's one page.

The gates refuse by default: a page that is added later is closed until it is named here.
"""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin

from tenants import second_factor
from tenants.enums import Role
from tenants.models import Member
from tenants.sessions import session_seen, standing_of

View = Callable[..., HttpResponseBase]

SET_UP = "second_factor"
SIGN_OUT = "account_logout"
# What a member may reach whose second factor is missing: the page that says so, and the steps of setting one up.
SETTING_UP = frozenset({SET_UP, SIGN_OUT, "mfa_activate_totp", "mfa_add_webauthn", "account_reauthenticate"})
# One's own account is everybody's.
OWN_ACCOUNT = SETTING_UP | {
    "account_change_password",
    "account_set_password",
    "mfa_index",
    "mfa_authenticate",
    "mfa_deactivate_totp",
    "mfa_generate_recovery_codes",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "mfa_remove_webauthn",
    "mfa_view_recovery_codes",
    "session_end",
    "sessions_end_others",
}
HOME, USAGE = "incidents:home", "incidents:usage"


def _member_behind(request: HttpRequest, view: View) -> Member | None:
    """The signed-in member; None where the view is open to strangers: machines, and signing in and out."""
    is_open = not getattr(view, "login_required", True)
    return request.user if isinstance(request.user, Member) and not is_open else None


def _name(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""


class SessionMiddleware(MiddlewareMixin):
    """Notes when and from where a session was last used, and stops who has no second factor where one is required."""

    def process_view(self, request: HttpRequest, view: View, _args: Any, _kwargs: Any) -> HttpResponse | None:
        member = _member_behind(request, view)
        if member is None:
            return None
        standing = standing_of(request.session.session_key)
        if standing is None or standing.is_seen_long_ago:
            session_seen(request)
        is_missing = second_factor.is_missing(member) if standing is None else standing.is_factor_missing
        if not is_missing or _name(request) in SETTING_UP:
            return None
        if request.headers.get("HX-Request") == "true":
            return HttpResponse(status=204, headers={"HX-Redirect": reverse(SET_UP)})
        return redirect(SET_UP)


class BillingMiddleware(MiddlewareMixin):
    """For Billing nothing exists but the usage page and their own account."""

    def process_view(self, request: HttpRequest, view: View, _args: Any, _kwargs: Any) -> HttpResponse | None:
        member = _member_behind(request, view)
        name = _name(request)
        if member is None or member.role != Role.BILLING or name == USAGE or name in OWN_ACCOUNT:
            return None
        if name == HOME:
            return redirect(USAGE)
        raise Http404
