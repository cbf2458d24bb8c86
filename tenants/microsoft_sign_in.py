"""Signing in with the MSP's own Microsoft accounts (OpenID Connect), for existing active members and nobody else.

The address in Microsoft's answer finds the member the first time; from then on only the very same Microsoft account
(its `sub`) opens this member, whoever may be given the address later.
"""

from typing import Any

import structlog
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from tenants.models import Member
from tenants.second_factor import change_recorded

logger = structlog.get_logger(__name__)
PROVIDER = "microsoft"
REFUSED = "No active member has this Microsoft account. Ask an Admin of your organization for an invitation."
FAILED = "Microsoft did not sign you in. Try again, or use your password."


def back_to_sign_in(request: HttpRequest, words: str) -> HttpResponse:
    """The sign-in page, with a sentence that says why."""
    messages.error(request, words)
    return redirect("account_login")


class MicrosoftAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Who may come in this way, and what is said to the others."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Let in whom the account belongs to, or bind it to the member of its address.

        Raises:
            ImmediateHttpResponse: for everybody else.
        """
        member = sociallogin.user if sociallogin.is_existing else _member_of(sociallogin)
        if member is None or not member.is_active or sociallogin.state.get("process") != "login":
            logger.warning("microsoft_sign_in_refused", subject=sociallogin.account.uid)
            raise ImmediateHttpResponse(back_to_sign_in(request, REFUSED))
        if not sociallogin.is_existing:
            sociallogin.connect(request, member)
            change_recorded(member=member, verb="bind_microsoft", summary="Signed in with Microsoft for the first time")

    def on_authentication_error(self, request: HttpRequest, provider: Any, **details: Any) -> None:
        logger.warning("microsoft_sign_in_failed", error=type(details.get("exception")).__name__)
        raise ImmediateHttpResponse(back_to_sign_in(request, FAILED))


def _member_of(sociallogin: SocialLogin) -> Member | None:
    """The member of the address that Microsoft named, unless another Microsoft account is theirs already."""
    address = str(sociallogin.account.extra_data.get("id_token", {}).get("email") or "").lower()
    bound = SocialAccount.objects.filter(provider=sociallogin.account.provider).values("user_id")
    return Member.objects.exclude(pk__in=bound).filter(email=address).first() if address else None


class VerifyingAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # allauth ships no types
    """Checks the signature of every id token; allauth trusts TLS for those it fetched itself."""

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
            verify_signature=True,
        )
        return claims
