"""The pretend attacker's way in: whether a session, and the access token got with it, still open anything.

Source: ENTRA docs/identity/users/users-revoke-access and conditional-access/concept-continuous-access-evaluation. A
refresh token dies with a revoke, a lock or a new password; an access token lives on until it expires, or, where the
service evaluates access continuously, until word of it has come there.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from graph.simulator import clock
from graph.simulator.tenants import Tenant

_TOKEN_LIFE = timedelta(hours=1)

User = dict[str, Any]


def locked(user: User, *, is_enabled: bool) -> User:
    """The user, enabled or not, with the moment of a lock kept."""
    since = None if is_enabled else user.get("_disabledAt") or clock.stamp()
    return user | {"accountEnabled": is_enabled, "_disabledAt": since}


def still_works(tenant: Tenant, user: User, began: datetime, issued: datetime) -> dict[str, Any]:
    """Whether a session begun at a moment can get new tokens, and whether a token issued at another still works."""
    now = clock.now()
    until = _token_until(tenant, user, issued)
    can_renew = bool(user.get("accountEnabled")) and all(moment < began for moment in _revocations(user))
    return {
        "works": can_renew or now < until,
        "canRenew": can_renew,
        "tokenWorks": now < until,
        "tokenWorksUntil": clock.stamp(until),
    }


def _revocations(user: User) -> list[datetime]:
    named = (user.get("signInSessionsValidFromDateTime"), user.get("lastPasswordChangeDateTime"))
    return [clock.moment_of(text) for text in named if text]


def _token_until(tenant: Tenant, user: User, issued: datetime) -> datetime:
    """The token's own end, or an earlier one."""
    # Stored moments have whole seconds: what was revoked in the second of the issue came after it.
    ends = [moment for moment in _revocations(user) if moment >= issued.replace(microsecond=0)]
    if not user.get("accountEnabled"):
        since = user.get("_disabledAt")
        ends.append(clock.moment_of(since) if since else issued)
    delay = timedelta(seconds=tenant.settings.revocation_delay)
    return min([issued + _TOKEN_LIFE, *(moment + delay for moment in ends)])
