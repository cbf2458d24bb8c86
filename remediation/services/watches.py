"""Decisions about the watch over a synchronized account: begun with the lock, ended with it, stopped by hand."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from incidents.models import Incident
from incidents.services import incident_changed
from remediation.enums import HOLDING_STATES, OPEN_WATCHES, RunState, Step, WatchState
from remediation.models import ActionRun, SyncWatch
from remediation.plans import drafts_for
from remediation.policies import Refused
from remediation.selectors import incident_lock
from remediation.services.orders import Ordered, order_place
from remediation.transitions import move_watch, progress
from tenants import audit
from tenants.audit import PETRA, Act, Actor
from tenants.enums import Outcome
from tenants.models import Member

# Entra Connect runs every 30 minutes by default, at a moment that nobody here knows: no look is later than this.
# https://learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-sync-feature-scheduler
LOOK_EVERY = timedelta(minutes=5)
SLOWLY = timedelta(minutes=30)  # between looks once the lock is a day old
DAY = timedelta(days=1)


def watches_begin(locks: Iterable[ActionRun]) -> None:
    """Watch the accounts that these runs locked, where the directory on-premises is their master.

    Call it in the transaction that settles the locks.
    """
    for run in locks:
        incident = run.incident
        assert incident  # noqa: S101  # a campaign locks nobody
        account = incident.account
        if not (account.is_synced or account.read_at is None):
            continue
        now = timezone.now()
        watch, is_new = SyncWatch.objects.get_or_create(
            tenant_id=run.tenant_id, incident=incident, defaults={"began_at": now, "due_at": now + LOOK_EVERY}
        )
        if not is_new:
            again: dict[str, Any] = {
                "began_at": now,
                "due_at": now + LOOK_EVERY,
                "warning": "",
                "problem": "",
                "unexplained": 0,
            }
            SyncWatch.objects.filter(pk=watch.pk, state=WatchState.WATCHING).update(**again)
            move_watch(watch, to=WatchState.WATCHING, stopped_by_name="", **again)
            progress({incident.pk})  # it was perhaps told as enabled again until now


def watch_stop(*, incident: Incident, by: Member) -> bool:
    """Stop watching. Returns False when nobody was."""
    with transaction.atomic():
        watch = SyncWatch.objects.filter(incident=incident).first()
        if watch is None or not move_watch(watch, to=WatchState.STOPPED, stopped_by_name=by.display_name):
            return False
        _record(incident, "stop_sync_watch", "Stopped watching the lock", Actor.of(by))
        incident_changed(incident_id=incident.pk)
    return True


def lock_stands(incident: Incident) -> bool:
    """Whether step 1 is done and neither undone nor followed by step 5, and the incident active."""
    if not incident.is_active:
        return False
    runs = ActionRun.objects.filter(incident=incident, state__in=HOLDING_STATES).order_by("pk")
    lock = runs.filter(action_key="lock_account").last()
    if lock is None or lock.state in (RunState.UNDOING, RunState.UNDO_FAILED):
        return False
    return not runs.filter(action_key="enable_account", pk__gt=lock.pk).exists()


def watch_relock(watch: SyncWatch, *, enabled_at: datetime) -> bool:
    """The synchronization enabled the account again: lock it again, as an order of Petra's own, for all to see.

    Returns False when the lock stands no longer, or the watch was stopped or taken over: then nothing was done.
    """
    with transaction.atomic():
        incident = incident_lock(watch.incident_id)
        if not SyncWatch.objects.filter(pk=watch.pk, fence=watch.fence, state__in=OPEN_WATCHES).exists():
            return False
        if not lock_stands(incident):
            watch_end(watch)
            return False
        reason = f"The directory synchronization enabled the account again at {enabled_at:%H:%M:%S} UTC."
        key = f"sync-watch-{watch.pk}-{watch.relocks + 1}"
        drafts = drafts_for(incident, Step.CONTAIN, [])
        try:
            order_place(
                incident, Ordered(step=Step.CONTAIN, key=key, drafts=drafts, reason=reason, by=Actor(None, PETRA))
            )
        except Refused:  # somebody is locking it right now
            return True
        now = timezone.now()
        SyncWatch.objects.filter(pk=watch.pk).update(relocks=watch.relocks + 1, relocked_at=now)
        _record(incident, "relock_after_sync", f"{reason} It is locked again", Actor(None, PETRA))
    return True


def watch_warn(watch: SyncWatch, *, words: str) -> None:
    """The account is enabled, and not by the synchronization: tell it, once, and do nothing."""
    with transaction.atomic():
        incident = incident_lock(watch.incident_id)
        is_new = move_watch(watch, to=WatchState.WARNED, warning=words)
        if is_new:
            _record(incident, "warn_account_enabled", words, Actor(None, PETRA))
        progress({incident.pk})


def watch_seen(watch: SyncWatch, *, problem: str = "") -> None:
    """It was looked at: the account is locked, or, with a `problem`, nothing could be seen."""
    values = {"problem": problem} if problem else {"problem": "", "checked_at": timezone.now(), "unexplained": 0}
    with transaction.atomic():
        SyncWatch.objects.filter(pk=watch.pk, state__in=OPEN_WATCHES).update(**values)
        if not problem:
            move_watch(watch, to=WatchState.WATCHING, sources=[WatchState.WARNED], warning="")
        progress({watch.incident_id})


def watch_end(watch: SyncWatch) -> None:
    """The lock stands no longer: there is nothing to watch."""
    move_watch(watch, to=WatchState.ENDED, warning="")


def next_look(watch: SyncWatch, now: datetime) -> datetime:
    """When to look again."""
    return now + (LOOK_EVERY if now - watch.began_at < DAY else SLOWLY)


def _record(incident: Incident, verb: str, words: str, by: Actor) -> None:
    act = Act(
        verb=verb,
        summary=f"{words} – {incident.account}",
        object_type="incident",
        object_id=incident.pk,
        incident_id=incident.pk,
        outcome=Outcome.DONE,
    )
    audit.record([act], tenant=incident.tenant, by=by)
