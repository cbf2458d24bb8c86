"""One's own account: password, second factors, recovery codes, and where one is signed in."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from tenants import sessions
from tenants.permissions import TenantRequest
from tenants.second_factor import factors_of, is_missing


@require_safe
@never_cache
def account(request: TenantRequest) -> HttpResponse:
    """Everything about one's own sign-in on one page."""
    found = list(Authenticator.objects.filter(user_id=request.user.pk).order_by("pk"))
    codes = next((one.wrap() for one in found if one.type == Authenticator.Type.RECOVERY_CODES), None)
    context = {
        "app": next((one for one in found if one.type == Authenticator.Type.TOTP), None),
        "passkeys": [one for one in found if one.type == Authenticator.Type.WEBAUTHN],
        "codes_left": len(codes.get_unused_codes()) if codes else None,
        "sessions": sessions.session_list(member=request.user),
        "session_key": request.session.session_key,
    }
    return render(request, "account/account.html", context)


@require_safe
@never_cache
def second_factor(request: TenantRequest) -> HttpResponse:
    """What a member sees who has to set up a second factor first, and the way to both kinds."""
    context = {"is_required": is_missing(request.user), "has_one": factors_of(request.user).exists()}
    return render(request, "account/second_factor.html", context)


@require_POST
def session_end(request: TenantRequest, session_id: int) -> HttpResponse:
    """Sign out one of one's own sessions."""
    try:
        sessions.session_end(session_id=session_id, by=request.user)
    except UserSession.DoesNotExist as error:
        raise Http404("No such session.") from error
    messages.success(request, "That session is signed out.")
    return redirect("mfa_index")


@require_POST
def sessions_end_others(request: TenantRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    ended = sessions.sessions_end_others(by=request.user, key=request.session.session_key)
    messages.success(request, f"Signed out everywhere else: {ended} session{'' if ended == 1 else 's'}.")
    return redirect("mfa_index")
