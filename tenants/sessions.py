"""Where a member is signed in: seen, listed and ended. The rows are allauth's; each names a session of Django's."""

from collections.abc import Collection
from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from tenants.audit import Act, Actor, record_for_organization
from tenants.models import Member

SEEN_EVERY = timedelta(minutes=1)  # a request is no reason to write more often


def session_seen(request: HttpRequest) -> None:
    """Note that the signed-in reader's session was used, and from where. A session without a row gets one."""
    key = request.session.session_key
    seen_at = UserSession.objects.filter(session_key=key).values_list("last_seen_at", flat=True).first()
    if seen_at is None or timezone.now() - seen_at >= SEEN_EVERY:
        UserSession.objects.create_from_request(request)


def session_list(*, member: Member) -> list[UserSession]:
    """The member's sessions that still open the console, the one used last first."""
    alive = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=timezone.now())
    found: QuerySet[UserSession] = UserSession.objects.filter(Exists(alive), user_id=member.pk)
    return list(found.order_by("-last_seen_at", "-pk"))


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
