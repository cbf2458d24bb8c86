"""Directory synchronization: what the cloud changed on synced accounts gives way to the directory at home.

Source: ENTRA docs/identity/users/users-revoke-access; the account's name as in reference-connect-accounts-permissions.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from graph.simulator import clock, sessions
from graph.simulator.audit_trail import Change, record_change_by
from graph.simulator.state import Query, Store
from graph.simulator.tenants import Tenant

_ACCOUNT_NAME = "On-Premises Directory Synchronization Service Account"
_SYNCED = Query("users", "json_extract(body, '$.onPremisesSyncEnabled') = 1")


def catch_up(store: Store, tenant: Tenant) -> None:
    """Run the cycle that has become due since somebody last looked, dated as if it had come by itself."""
    tenant = store.tenant(tenant.id) or tenant  # a call under way may hold one from before a rollback
    interval = tenant.settings.sync_interval
    due = int((clock.seconds() - tenant.synced_at) // interval) if interval > 0 else 0
    if due < 1:
        return
    # Between two requests nothing changes, so the first cycle that is due does all that the later ones would.
    first = tenant.synced_at + interval
    tenant.synced_at += due * interval
    run_cycle(store, tenant, datetime.fromtimestamp(first, UTC))


def run_cycle(store: Store, tenant: Tenant, at: datetime | None = None) -> int:
    """One cycle of Entra Connect. Returns the number of synced accounts."""
    by = _sync_account(store, tenant)
    moment = clock.stamp(at)
    with store.transaction():
        users = store.rows(tenant, _SYNCED)
        for user in users:
            user["onPremisesLastSyncDateTime"] = moment
            set_enabled(store, tenant, (user, bool(user.get("_onPremisesAccountEnabled", True))), by, at)
        store.save_tenant(tenant)
    return len(users)


def set_enabled(
    store: Store,
    tenant: Tenant,
    wish: tuple[dict[str, Any], bool],
    by: dict[str, Any],
    at: datetime | None = None,
) -> None:
    """Save the user of a wish, enabled or not; where that is a change, in the two audit rows that Entra writes."""
    user, is_enabled = wish
    before = bool(user["accountEnabled"])
    store.save(tenant, "users", sessions.locked(user, is_enabled=is_enabled))
    if before == is_enabled:
        return
    for activity in ("Update user", "Enable account" if is_enabled else "Disable account"):
        values = {"AccountEnabled": (before, is_enabled)}
        record_change_by(store, tenant, Change(activity, "UserManagement", "User", user, values=values), by, at)


def person(user: dict[str, Any]) -> dict[str, Any]:
    """A user as the audit names an initiator."""
    return {name: user.get(name) for name in ("id", "displayName", "userPrincipalName")} | {"ipAddress": None}


def _sync_account(store: Store, tenant: Tenant) -> dict[str, Any]:
    """The tenant's own account of Entra Connect, or one as its installation would have made it."""
    found = store.rows(tenant, Query("users", "alias LIKE 'Sync!_%' ESCAPE '!'", limit=1))
    if found:
        return person(found[0])
    server = uuid.uuid5(uuid.UUID(tenant.id), "Entra Connect")
    address = f"Sync_DC01_{server.hex[:12]}@{tenant.domain_names[0]}"
    return person({"id": str(server), "displayName": _ACCOUNT_NAME, "userPrincipalName": address})
