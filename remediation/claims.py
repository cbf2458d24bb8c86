"""Taking work: what is due is claimed by compare-and-set, with a lease and a new fence, lane by lane."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from remediation.enums import WAITING_STATES, OrderState, RunState, Step
from remediation.leases import LEASE
from remediation.models import ActionRun
from remediation.transitions import OPPOSITES, OVERRULED, READ_BACK_STATES, cancel_runs, lock_incidents, move_runs
from tenants.enums import TenantState
from tenants.models import Connection, Tenant

DUE_COLUMNS = ("pk", "tenant", "incident", "step", "action_key", "lane", "state", "tries", "ordered_at")
CLAIM_LIMIT = 640  # runs a worker takes at once
# A try that came back when its order had been stopped: it waits with the others until that is resumed.
STOPPED = Q(state=RunState.QUEUED, order__state=OrderState.STOPPED)
# That a tenant may have under way at once, strikes apart: while one is written down, another one is sent. Other tenants
# need hands, too.
MOST_SETS = 4


def claim_runs(*, tenant: Tenant, now: datetime, strikes_only: bool = False) -> list[ActionRun]:
    """Take what is due in a tenant, lane by lane: a mailbox that another worker is busy in is left alone.

    What is queued starts to run; an undo whose lease is free or ran out is taken with a new fence. Strikes are taken
    whatever else goes on; anything else only while the tenant keeps fewer than `MOST_SETS` workers busy.
    """
    with one_claim_at_a_time(tenant):
        if is_paused(tenant):
            return []
        runs = _still_wanted(_due(now, strikes_only=strikes_only), tenant)
        taken = {"lease_until": now + LEASE, "verified_at": None, "verify_due_at": None, "tries": F("tries") + 1}
        fence = uuid.uuid4().hex
        # The condition again: its worker may have come back between look and take, and renewed its lease.
        chosen = ActionRun.objects.filter(pk__in=[run.pk for run in runs]).exclude(lease_until__gt=now)
        move_runs(chosen, source=RunState.UNDOING, to=RunState.UNDOING, fence=fence, **taken)
        move_runs(chosen, source=RunState.QUEUED, to=RunState.RUNNING, fence=fence, **taken)
        return _held(fence)


def claim_unverified(*, tenant: Tenant, now: datetime) -> list[ActionRun]:
    """Take what is due to be read back, unless somebody is at it."""
    with one_claim_at_a_time(tenant):
        if is_paused(tenant) or _is_busy(now):
            return []
        due = ActionRun.objects.filter(verify_due_at__lte=now, state__in=READ_BACK_STATES).exclude(lease_until__gt=now)
        first = list(due.order_by("pk").values_list("pk", flat=True)[:CLAIM_LIMIT])
        fence = uuid.uuid4().hex
        due.filter(pk__in=first).update(fence=fence, lease_until=now + LEASE)  # not what is being undone meanwhile
        return _held(fence)


@contextmanager
def one_claim_at_a_time(tenant: Tenant) -> Iterator[None]:
    """A claim takes milliseconds, and nothing can slip between look and take."""
    with transaction.atomic():
        Connection.objects.select_for_update().filter(tenant=tenant).values_list("pk").first()
        yield


def is_paused(tenant: Tenant) -> bool:
    """Whether nothing is to be read or sent there, as it stands at this moment: what waits goes on waiting."""
    return Tenant.objects.filter(pk=tenant.pk, state=TenantState.PAUSED).exists()


def _held(fence: str) -> list[ActionRun]:
    """What was taken. The orders and incidents are a few that hundreds of runs share, so they are read once each."""
    held = ActionRun.objects.filter(fence=fence).order_by("pk")
    return list(held.prefetch_related("order__retraction", "incident__account"))


def renew_lease(fence: str, *, now: datetime, at_least: int = 1) -> bool:
    """The worker that holds this fence is still at it. False when fewer than `at_least` runs are held by it.

    In a tenant that was paused meanwhile nobody holds anything: what is under way stops, and is read before it goes on.
    """
    held = ActionRun.objects.filter(fence=fence, lease_until__isnull=False).exclude(tenant__state=TenantState.PAUSED)
    return held.update(lease_until=now + LEASE) >= at_least


def _is_busy(now: datetime) -> bool:
    """Whether the tenant keeps as many workers busy as it may."""
    held = ActionRun.objects.filter(lease_until__gt=now).exclude(step=Step.CONTAIN)
    return held.values("fence").distinct().count() >= MOST_SETS


def _due(now: datetime, *, strikes_only: bool) -> list[ActionRun]:
    """Runs that may be claimed, without those whose mailbox is being worked in. The strike goes first, and alone.

    A set is written down when all of it is through: an account that is locked must not wait for hundreds of mails.
    What the people at an incident wait for goes before the copies of a campaign.
    """
    waiting = ActionRun.objects.filter(state__in=WAITING_STATES)
    due = waiting.exclude(state=RunState.RUNNING).exclude(lease_until__gt=now).filter(due_at__lte=now)
    strike = list(due.filter(step=Step.CONTAIN).only(*DUE_COLUMNS).order_by("pk")[:CLAIM_LIMIT])
    if strike or strikes_only or _is_busy(now):
        return strike
    busy = waiting.filter(lease_until__gt=now, lane__startswith="mailbox:").values_list("lane", flat=True)
    free = due.exclude(lane__in=set(busy)).exclude(STOPPED).only(*DUE_COLUMNS)
    return list(free.order_by(F("order__retraction").asc(nulls_first=True), "step", "pk")[:CLAIM_LIMIT])


def _still_wanted(runs: list[ActionRun], tenant: Tenant) -> list[ActionRun]:
    """Without those whose opposite was ordered while a worker had them that has died, or came back with nothing.

    The press that ordered it could not cancel what was running. An account that was locked since must stay locked.
    """
    overruled = [run for run in runs if run.tries and run.state == RunState.QUEUED and _is_overruled(run)]
    if overruled:
        lock_incidents(run.incident_id for run in overruled)
        cancel_runs(ActionRun.objects.filter(pk__in=[run.pk for run in overruled]), tenant=tenant, why=OVERRULED)
    return [run for run in runs if run not in overruled]


def _is_overruled(run: ActionRun) -> bool:
    opposite = ActionRun.objects.filter(incident=run.incident_id, action_key__in=OPPOSITES.get(run.action_key, ()))
    return opposite.filter(ordered_at__gt=run.ordered_at).exclude(state=RunState.CANCELED).exists()
