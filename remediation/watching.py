"""Looks at the synchronized accounts that step 1 locked, and asks Microsoft's log who enabled one that is not locked.

Only the synchronization is answered by locking again. A person may have had a reason: that is told, and left to people.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.utils import timezone

from graph import GraphClient, GraphError, audit, in_plain_words, users
from graph.odata import literal
from graph.odata import moment as written
from remediation.actions.base import all_rows, ask, moment
from remediation.claims import is_paused
from remediation.enums import OPEN_WATCHES
from remediation.leases import LEASE, LeaseLost, Pulse
from remediation.models import SyncWatch
from remediation.policies import is_synchronization
from remediation.services.watches import (
    lock_stands,
    next_look,
    watch_end,
    watch_relock,
    watch_seen,
    watch_warn,
)
from remediation.stages import advance
from tenants.connections import ConnectionUnusable, calls_count, graph_client
from tenants.encryption import InvalidToken
from tenants.models import Connection, Tenant
from tenants.scoping import tenant_scope

SOON = timedelta(seconds=60)  # Microsoft's log tells of a change a little after the change itself
MOST_UNEXPLAINED = 5  # looks before it is told without saying by whom
BEFORE_LOCK = timedelta(minutes=2)  # Microsoft's clock and ours
SEEN = ("id", "accountEnabled", "onPremisesSyncEnabled")
CHANGES = ("Enable account", "Disable account", "Update user")
UNUSABLE = "The connection to this tenant cannot be used: {}"
logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Enabling:
    """Who enabled an account, and when, as Microsoft's directory audit tells it."""

    at: datetime
    name: str
    user_principal_name: str

    @property
    def is_by_synchronization(self) -> bool:
        return is_synchronization(self.name, self.user_principal_name)

    @property
    def by(self) -> str:
        return self.user_principal_name or self.name or "somebody whom Microsoft does not name"


def watch_due(*, tenant: Tenant) -> int:
    """Look at the accounts whose watch is due in a tenant. Returns how many."""
    count = 0
    with tenant_scope([tenant.pk]):
        for watch in () if is_paused(tenant) else _claimed(timezone.now()):
            try:
                _look(watch, tenant)
            except LeaseLost:
                logger.warning("watch_lease_lost", watch_id=watch.pk)
            count += 1
    return count


def _claimed(now: datetime) -> Iterator[SyncWatch]:
    """The watches that are due, each taken by compare-and-set."""
    due = SyncWatch.objects.filter(state__in=OPEN_WATCHES, due_at__lte=now).exclude(lease_until__gt=now)
    for watch in due.select_related("incident__account").order_by("pk"):
        fence = uuid.uuid4().hex
        taken: dict[str, Any] = {"fence": fence, "lease_until": timezone.now() + LEASE, "due_at": next_look(watch, now)}
        if SyncWatch.objects.filter(pk=watch.pk, fence=watch.fence, due_at__lte=now).update(**taken):
            watch.fence, watch.lease_until = fence, taken["lease_until"]
            yield watch


def _renew(fence: str, now: datetime) -> bool:
    return bool(SyncWatch.objects.filter(fence=fence, state__in=OPEN_WATCHES).update(lease_until=now + LEASE))


def _look(watch: SyncWatch, tenant: Tenant) -> None:
    if not lock_stands(watch.incident):
        watch_end(watch)
        return
    try:
        connection = Connection.objects.select_related("tenant").get(tenant=tenant)
        client = graph_client(connection)
    except (ConnectionUnusable, Connection.DoesNotExist, InvalidToken) as error:
        watch_seen(watch, problem=UNUSABLE.format(error))
        return
    try:
        _look_with(client, watch)
    except GraphError as error:
        watch_seen(watch, problem=in_plain_words(error))
    finally:
        calls_count(client)
        SyncWatch.objects.filter(pk=watch.pk, fence=watch.fence).update(lease_until=None)


def _look_with(client: GraphClient, watch: SyncWatch) -> None:
    """One look, and what follows from it.

    Raises:
        GraphError: when the account, or the log of who changed it, cannot be read.
    """
    user_id = watch.incident.account.object_id
    account = _read(client, watch, ask(users.get(user_id, select=SEEN)))
    if not account.get("onPremisesSyncEnabled"):
        watch_end(watch)  # nothing overwrites the cloud's lock
        return
    if account.get("accountEnabled") is False:
        watch_seen(watch)
        return
    since = written(watch.began_at - BEFORE_LOCK)
    asked = f"activityDateTime ge {since} and targetResources/any(t: t/id eq {literal(user_id)})"
    enabling = last_enabling(_read(client, watch, all_rows(audit.directory_audits(filter=asked))))
    if enabling is None:
        _unexplained(watch)
    elif enabling.is_by_synchronization:
        watch_relock(watch, enabled_at=enabling.at)
    else:
        words = f"The account is enabled again, by {enabling.by} at {enabling.at:%H:%M:%S} UTC"
        watch_warn(watch, words=f"{words}. Petra does not lock it again by itself")


def _read(client: GraphClient, watch: SyncWatch, stages: Any) -> Any:
    assert watch.lease_until is not None  # noqa: S101  # the claim set it
    pulse = Pulse(partial(_renew, watch.fence), lease_until=watch.lease_until)
    (result,) = advance(client, [stages], pulse=pulse)
    if isinstance(result, Exception):
        raise result
    return result


def _unexplained(watch: SyncWatch) -> None:
    """Enabled, and the log does not tell yet by whom: look again soon, and in the end tell just that."""
    if watch.unexplained + 1 >= MOST_UNEXPLAINED:
        watch_warn(
            watch,
            words="The account is enabled again, and Microsoft's log does not say by whom. Petra does not lock it "
            "again by itself",
        )
    ours = SyncWatch.objects.filter(pk=watch.pk, fence=watch.fence)
    ours.update(unexplained=watch.unexplained + 1, due_at=timezone.now() + SOON)


def last_enabling(audits: list[dict[str, Any]]) -> Enabling | None:
    """Who enabled the account, if that is the newest of the changes of whether it is enabled.

    Where the newest one is a lock, ours above all, Microsoft's log does not tell yet what came after it.
    """
    changes = [(at, is_enabled, record) for record in audits for at, is_enabled in _change_in(record)]
    _, is_enabled, record = max(changes, key=lambda change: change[0], default=(None, False, {}))
    if not is_enabled:
        return None
    by = record.get("initiatedBy") or {}
    user, app = by.get("user") or {}, by.get("app") or {}
    name = user.get("displayName") or app.get("displayName") or ""
    return Enabling(
        datetime.fromisoformat(record["activityDateTime"]), str(name), str(user.get("userPrincipalName") or "")
    )


def _change_in(record: dict[str, Any]) -> Iterator[tuple[datetime, bool]]:
    """When a record changed whether the account is enabled, and to what; nothing where it changed something else."""
    at, activity = moment(record.get("activityDateTime")), record.get("activityDisplayName")
    if at is None or activity not in CHANGES or record.get("result") == "failure":
        return
    targets = record.get("targetResources") or []
    changed = [each for target in targets for each in target.get("modifiedProperties") or []]
    # Values stand there as JSON in a text: "[true]".
    values = [str(each.get("newValue")).lower() for each in changed if each.get("displayName") == "AccountEnabled"]
    if values or activity != "Update user":
        yield at, "true" in values[-1] if values else activity == "Enable account"
