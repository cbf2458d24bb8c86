"""The page behind an invitation's link. It is open to strangers: the token is what lets them in."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from tenants import membership
from tenants.membership import MembershipRefused
from tenants.membership_forms import AcceptForm
from tenants.models import Invitation
from tenants.selectors import invitation_open

DIGEST = "invitation"  # in the session: the token's hash, so that no address and no history keeps the token


def _invitation(request: HttpRequest) -> Invitation | None:
    try:
        return invitation_open(token_digest=request.session.get(DIGEST, ""))
    except Invitation.DoesNotExist:
        return None


def _page(request: HttpRequest, found: Invitation | None, status: int = 200, **more: Any) -> HttpResponse:
    if found is None:
        return render(request, "account/invitation_gone.html", status=404)
    form = AcceptForm(email=found.email)
    return render(request, "account/invitation.html", {"invitation": found, "form": form} | more, status=status)


@login_not_required
@require_safe
@never_cache
def invitation(request: HttpRequest) -> HttpResponse:
    """What one is invited to. The link's token is taken out of the address at once."""
    if token := request.GET.get("token"):
        request.session[DIGEST] = membership.token_hash(token)
        return redirect("invitation")
    return _page(request, _invitation(request))


@sensitive_post_parameters("password", "repeated")
@login_not_required
@require_POST
@never_cache
def invitation_accept(request: HttpRequest) -> HttpResponse:
    """Become a member, with the name and the password chosen."""
    found = _invitation(request)
    form = AcceptForm(request.POST, email=found.email if found else "")
    if found is None or not form.is_valid():
        return _page(request, found, 422, form=form)
    try:
        membership.invitation_accept(
            token_digest=found.token_hash,
            display_name=form.cleaned_data["display_name"],
            password=form.cleaned_data["password"],
        )
    except Invitation.DoesNotExist:  # somebody was quicker
        return _page(request, None)
    except MembershipRefused as refusal:
        return _page(request, found, 409, form=form, refusal=str(refusal))
    del request.session[DIGEST]
    messages.info(request, "Your account is ready. Sign in with the password that you chose.")
    return redirect("account_login")
