"""Where a member is signed in: seen, listed and ended. The rows are allauth's; each names a session of Django's."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from tenants.audit import Act, Actor, record_for_organization
from tenants.models import Member

SEEN_EVERY = timedelta(minutes=1)  # a request is no reason to write more often

# The first that fits: most browsers also name those that came before them.
BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What every request asks of its session, in one query."""

    is_seen_long_ago: bool
    is_factor_missing: bool


def standing_of(key: str | None) -> Standing | None:
    """How the session stands; None when it was not noted yet."""
    factors = Authenticator.objects.filter(user_id=OuterRef("user_id")).exclude(type=Authenticator.Type.RECOVERY_CODES)
    is_required = Q(user__organization__require_second_factor=True)
    found = (
        UserSession.objects.filter(session_key=key)
        .annotate(is_missing=ExpressionWrapper(is_required & ~Exists(factors), output_field=BooleanField()))
        .values_list("last_seen_at", "is_missing")
        .first()
    )
    return Standing(timezone.now() - found[0] >= SEEN_EVERY, found[1]) if found else None


def session_seen(request: HttpRequest) -> None:
    """Note that the signed-in reader's session was used, and from where. A session without a row gets one."""
    UserSession.objects.create_from_request(request)


def session_list(*, member: Member) -> list[UserSession]:
    """The member's sessions that still open the console, the one used last first; `browser` names each for people."""
    alive = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=timezone.now())
    found: QuerySet[UserSession] = UserSession.objects.filter(Exists(alive), user_id=member.pk)
    sessions = list(found.order_by("-last_seen_at", "-pk"))
    for session in sessions:
        session.browser = browser_name(session.user_agent)
    return sessions


def browser_name(user_agent: str) -> str:
    """What a browser says that it is, shortly: "Firefox on Windows". What is not known stays unknown."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "Unknown browser")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return f"{browser} on {system}" if system else browser


def session_end(*, session_id: int, by: Member) -> None:
    """Sign out one of the member's own sessions.

    Raises:
        UserSession.DoesNotExist: when it is not theirs, or has ended.
    """
    with transaction.atomic():
        session = UserSession.objects.select_for_update().get(pk=session_id, user_id=by.pk)
        session.end()
        _tell(by, "Signed out one of their sessions")


def sessions_end_others(*, by: Member, key: str | None) -> int:
    """Sign the member out everywhere but in the session of this key; returns how many sessions that were."""
    with transaction.atomic():
        ended = sessions_end(member_id=by.pk, but=key)
        _tell(by, "Signed out everywhere else")
    return ended


def sessions_end(*, member_id: int, but: str | None = None) -> int:
    """Delete all sessions of a member, one apart if named. Call it inside the transaction that is the reason."""
    sessions = UserSession.objects.filter(user_id=member_id)
    if but is not None:
        sessions = sessions.exclude(session_key=but)
    keys = list(sessions.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    sessions.delete()
    return len(keys)


def ended_among(keys: Collection[str]) -> set[str]:
    """Those of the sessions that no longer open the console: signed out, expired, or their member was deactivated."""
    alive = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    return set(keys) - set(alive.values_list("session_key", flat=True))


def _tell(member: Member, what: str) -> None:
    act = Act(verb="end_sessions", summary=what, object_type="member", object_id=member.pk)
    record_for_organization([act], organization=member.organization, by=Actor.of(member))
