"""Asking for a look at what a step could act on, and how a look that came to nothing ends."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from incidents.models import Incident
from incidents.services import incident_changed
from remediation import doorbell, policies
from remediation.actions.finding import Found, clean_json
from remediation.enums import FINDING_STEPS, ScanState, Step
from remediation.models import Scan
from tenants.audit import PETRA
from tenants.models import Member

logger = structlog.get_logger(__name__)


def scan_request(*, incident: Incident, step: Step, by: Member | None) -> bool:
    """Put a scan in the queue. Returns False when one is waiting already, or running and a person asks for it.

    A person's request makes one that was put off due at once.

    Raises:
        Refused: when a person asks, and the incident's state does not allow it.
    """
    if by:
        policies.check_incident_open(incident)
        policies.check_not_paused(incident.tenant)
    of = {"tenant_id": incident.tenant_id, "incident_id": incident.pk, "step": step}
    return scan_queue(of, by=by)


def scan_queue(
    of: Mapping[str, int | None], *, by: Member | None = None, due_at: datetime | None = None, repeats: int = 0
) -> bool:
    """Put a scan in the queue, of what these columns say; see `scan_request`.

    `due_at` is for a search that Microsoft asked to put off; `repeats` says how often that was so already.
    """
    known, tenant_id = Scan.objects.filter(**of), of["tenant_id"]
    assert tenant_id  # noqa: S101  # every scan is made in one tenant
    if by and known.filter(state=ScanState.RUNNING).exists():
        return False
    if due_at is None and known.filter(state=ScanState.QUEUED, due_at__isnull=False).update(due_at=None):
        doorbell.ring_scan(tenant_id)
        return True
    try:
        with transaction.atomic():
            name = by.display_name if by else PETRA
            scan_changed(Scan.objects.create(**of, requested_by_name=name, due_at=due_at, repeats=repeats))
            if due_at is None:  # otherwise the sweeper rings, when it is due
                doorbell.ring_scan(tenant_id)
    except IntegrityError:
        return False
    return True


def scan_changed(scan: Scan) -> None:
    """Tell the pages that look at its incident. It locks the incident: before the scan, as everywhere."""
    if scan.incident_id:
        incident_changed(incident_id=scan.incident_id)


def scans_begin(*, incident: Incident, by: Member | None) -> None:
    """Look for everything that the steps could act on."""
    for step in FINDING_STEPS:
        scan_request(incident=incident, step=step, by=by)


def scan_give_up(*, scan: Scan, source: str, words: str) -> None:
    """A running scan comes to nothing. Never raises: where not even that can be written, its lease runs out."""
    try:
        with transaction.atomic():
            scan_changed(scan)  # first: it locks the incident, as everywhere
            Scan.objects.filter(pk=scan.pk, fence=scan.fence, state=ScanState.RUNNING).update(
                state=ScanState.FAILED,
                coverage=coverage_of([Found(source=source, is_checked=False, note=words)]),
                finished_at=timezone.now(),
                lease_until=None,
            )
    except Exception:
        logger.exception("scan_not_settled", scan_id=scan.pk)


def coverage_of(found: Iterable[Found]) -> list[dict[str, Any]]:
    """What was looked at and what was not, as a scan keeps it."""
    kept = ("source", "kind", "rows", "is_checked", "note")
    return [clean_json({name: getattr(one, name) for name in kept}) for one in found]
