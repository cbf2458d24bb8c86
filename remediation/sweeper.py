"""Finds what was left behind: rows whose worker died, whose bell nobody heard, whose reading back is overdue."""

from datetime import datetime

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q

from remediation import doorbell
from remediation.claims import STOPPED
from remediation.enums import OPEN_WATCHES, WAITING_STATES, RunState, ScanState, Step
from remediation.models import ActionRun, Scan, SyncWatch
from remediation.services.approval import retractions_expire
from remediation.services.scans import scan_give_up
from remediation.transitions import READ_BACK_STATES, move_runs
from tenants.enums import TenantState
from tenants.scoping import unscoped

INTERRUPTED = "This search was interrupted; a new one is waiting already."
logger = structlog.get_logger(__name__)


def resume_stalled(*, now: datetime) -> None:
    """Give runs and scans of a dead worker back to the queue, and ring for every tenant that has something due."""
    for part in (_resume_runs, _ring_runs, _resume_scans, _ring_scans, _ring_watches, _expire_approvals):
        try:
            part(now)
        except Exception:  # the other parts concern other work
            logger.exception("sweeping_broke", part=part.__name__)


def _resume_runs(now: datetime) -> None:
    with unscoped(reason="the sweeper looks for runs of dead workers in all tenants"):
        dead = ActionRun.objects.filter(lease_until__lte=now)
        move_runs(dead, source=RunState.RUNNING, to=RunState.QUEUED, lease_until=None)


def _ring_runs(now: datetime) -> None:
    with unscoped(reason="the sweeper looks for runs that are due in all tenants"):
        free = ActionRun.objects.exclude(lease_until__gt=now).exclude(tenant__state=TenantState.PAUSED)
        due = free.filter(state__in=WAITING_STATES, due_at__lte=now).exclude(STOPPED)
        unverified = free.filter(verify_due_at__lte=now, state__in=READ_BACK_STATES)
        strikes = set(due.filter(step=Step.CONTAIN).values_list("tenant_id", flat=True))
        tenants = set(due.values_list("tenant_id", flat=True)) | set(unverified.values_list("tenant_id", flat=True))
    for tenant_id in sorted(strikes):
        doorbell.ring_strike(tenant_id)
    for tenant_id in sorted(tenants):
        doorbell.ring_runs(tenant_id)


def _resume_scans(now: datetime) -> None:
    with unscoped(reason="the sweeper looks for scans of dead workers in all tenants"):
        for scan in Scan.objects.filter(state=ScanState.RUNNING, lease_until__lte=now).order_by("pk"):
            try:
                with transaction.atomic():
                    dead = Scan.objects.filter(pk=scan.pk, state=ScanState.RUNNING, lease_until__lte=now)
                    dead.update(state=ScanState.QUEUED, lease_until=None)
            except IntegrityError:  # only one may wait, and another one does
                scan_give_up(scan=scan, source="Search", words=INTERRUPTED)


def _ring_scans(now: datetime) -> None:
    with unscoped(reason="the sweeper looks for scans that wait in all tenants"):
        due = Scan.objects.filter(Q(due_at=None) | Q(due_at__lte=now), state=ScanState.QUEUED)
        due = due.exclude(tenant__state=TenantState.PAUSED)
        tenants = set(due.values_list("tenant_id", flat=True))
    for tenant_id in tenants:
        doorbell.ring_scan(tenant_id)


def _ring_watches(now: datetime) -> None:
    with unscoped(reason="the sweeper looks for watches that are due in all tenants"):
        due = SyncWatch.objects.filter(state__in=OPEN_WATCHES, due_at__lte=now).exclude(lease_until__gt=now)
        due = due.exclude(tenant__state=TenantState.PAUSED)
        tenants = set(due.values_list("tenant_id", flat=True))
    for tenant_id in sorted(tenants):
        doorbell.ring_watch(tenant_id)


def _expire_approvals(now: datetime) -> None:
    retractions_expire(now=now)
