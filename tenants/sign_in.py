"""Sign-in rules: members are made by an admin, nobody signs themselves up."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from tenants.models import Member


def address_tried(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """For the lock-out: the address that somebody tried to sign in with. allauth names it differently from its form."""
    given = credentials or {}
    address = given.get("email") or given.get("login") or request.POST.get("login", "")
    return str(address).strip().lower()


class SignInAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Petra's rules and words in allauth's sign-in."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": (
            "There were too many wrong attempts. Sign-in is paused for this account: try again in 5 minutes."
        ),
        "rate_limited": "There were too many wrong attempts. Try again in 5 minutes.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Member | None:
        """Whoever was deactivated is told what everybody hears whose password is wrong."""
        member: Member | None = super().authenticate(request, **credentials)
        return member if member is not None and member.is_active else None
