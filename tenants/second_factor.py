"""Second factors: an authenticator app or a passkey, and the policy that makes one a condition.

allauth keeps and checks them; here stands what is Petra's own: encryption at rest, the policy, the trail.
"""

from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from tenants.audit import Act, Actor, record_for_organization
from tenants.encryption import InvalidToken, decrypt, encrypt
from tenants.models import Member, Organization

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)  # recovery codes only stand in for one of these
NAMES = {
    Authenticator.Type.TOTP: "authenticator app",
    Authenticator.Type.WEBAUTHN: "passkey",
    Authenticator.Type.RECOVERY_CODES: "recovery codes",
}


class FactorNeeded(Exception):
    """Whoever requires a second factor of all needs one, or would shut themselves out of the page that lifts it."""


def factors_of(member: Member) -> QuerySet[Authenticator]:
    """The member's second factors; their recovery codes are none."""
    found: QuerySet[Authenticator] = Authenticator.objects.filter(user_id=member.pk, type__in=FACTORS)
    return found


def is_missing(member: Member) -> bool:
    """Whether the organization requires a second factor and the member has none."""
    is_required = Organization.objects.filter(pk=member.organization_id, require_second_factor=True).exists()
    return is_required and not factors_of(member).exists()


def requirement_set(*, organization: Organization, is_required: bool, by: Member) -> None:
    """Make a second factor a condition for every member, or lift that.

    Raises:
        FactorNeeded: when the member who requires it has none.
    """
    if is_required and not factors_of(by).exists():
        raise FactorNeeded
    with transaction.atomic():
        changed = Organization.objects.filter(pk=organization.pk).exclude(require_second_factor=is_required)
        if not changed.update(require_second_factor=is_required):
            return
        act = Act(
            verb="set_policy",
            summary=f"Second factor {'is required of every member' if is_required else 'is no longer required'}",
            object_type="organization",
            object_id=organization.pk,
            before={"require_second_factor": not is_required},
            after={"require_second_factor": is_required},
        )
        record_for_organization([act], organization=organization, by=Actor.of(by))


def change_recorded(*, member: Member, verb: str, summary: str) -> None:
    """Write down that a member changed how they sign in. Never what the secret is."""
    act = Act(verb=verb, summary=summary, object_type="member", object_id=member.pk)
    with transaction.atomic():
        record_for_organization([act], organization=member.organization, by=Actor.of(member))


def on_added(*, user: Member, authenticator: Authenticator, **_rest: Any) -> None:
    """Receiver of allauth's signal."""
    change_recorded(member=user, verb="add_second_factor", summary=f"Set up: {NAMES[authenticator.type]}")


def on_removed(*, user: Member, authenticator: Authenticator, **_rest: Any) -> None:
    """Receiver of allauth's signal."""
    change_recorded(member=user, verb="remove_second_factor", summary=f"Removed: {NAMES[authenticator.type]}")


def on_password_changed(*, user: Member, **_rest: Any) -> None:
    """Receiver of allauth's signal. Other sessions end by themselves: they carry the old password's hash."""
    change_recorded(member=user, verb="change_password", summary="Changed their password")


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Petra's words, keys and policy in allauth's second factors."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": (
            "Your organization requires a second factor, and this is your only one. Set up another one first."
        ),
        "incorrect_code": "This code is not right. Codes are valid for half a minute, and only once.",
    }

    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        others = factors_of(authenticator.user).exclude(pk=authenticator.pk)
        return not authenticator.user.organization.require_second_factor or others.exists()

    def generate_authenticator_name(self, user: Member, type: Authenticator.Type) -> str:  # noqa: A002  # allauth's name
        number = factors_of(user).filter(type=type).count() + 1
        return "Passkey" if number == 1 else f"Passkey {number}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": "Petra"}


class TOTPForm(ActivateTOTPForm):  # type: ignore[misc]  # allauth ships no types
    """Keeps the key of an app that is being set up encrypted in the session: sessions lie in the database."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.secret: str = _kept_encrypted(_current_request(), self.secret)


def _kept_encrypted(request: HttpRequest, value: str) -> str:
    """The key in the clear; a new one is replaced in the session by its ciphertext."""
    try:
        return decrypt(value)
    except InvalidToken:  # allauth has just made it
        request.session[SECRET_SESSION_KEY] = encrypt(value)
        return value


def _current_request() -> HttpRequest:
    from allauth.core import context  # it holds what its middleware put there

    request: HttpRequest = context.request
    return request
