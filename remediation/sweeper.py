"""Finds what was left behind: rows whose worker died, whose bell nobody heard, whose reading back is overdue."""

from datetime import datetime

from remediation import doorbell
from remediation.enums import WAITING_STATES, RunState, ScanState
from remediation.models import ActionRun, Scan
from remediation.transitions import move_runs
from tenants.scoping import unscoped


def resume_stalled(*, now: datetime) -> None:
    """Give runs of a dead worker back to the queue, and ring for every tenant that has something due."""
    with unscoped(reason="the sweeper looks for work in all tenants"):
        dead = ActionRun.objects.filter(lease_until__lte=now)
        move_runs(dead, source=RunState.RUNNING, to=RunState.QUEUED, lease_until=None)
        Scan.objects.filter(state=ScanState.RUNNING, lease_until__lte=now).update(state=ScanState.QUEUED)
        due = ActionRun.objects.filter(state__in=WAITING_STATES, due_at__lte=now).exclude(lease_until__gt=now)
        unverified = ActionRun.objects.filter(verify_due_at__lte=now)
        tenants = set(due.values_list("tenant_id", flat=True)) | set(unverified.values_list("tenant_id", flat=True))
        scans = set(Scan.objects.filter(state=ScanState.QUEUED).values_list("tenant_id", flat=True))
    for tenant_id in tenants:
        doorbell.ring_runs(tenant_id)
    for tenant_id in scans:
        doorbell.ring_scan(tenant_id)
