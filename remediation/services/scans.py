"""Asking for a look at what a step could act on, and how a look that came to nothing ends."""

from collections.abc import Iterable
from dataclasses import asdict
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


def scan_request(
    *, incident: Incident, step: Step, by: Member | None, due_at: datetime | None = None, repeats: int = 0
) -> bool:
    """Put a scan in the queue. Returns False when one is waiting already, or running and a person asks for it.

    `due_at` is for a search that Microsoft asked to put off; `repeats` says how often that was so already. A person's
    request makes such a one due at once.

    Raises:
        Refused: when a person asks, and the incident's state does not allow it.
    """
    if by:
        policies.check_incident_open(incident)
        policies.check_not_paused(incident.tenant)
    known = Scan.objects.filter(incident=incident, step=step)
    if by and known.filter(state=ScanState.RUNNING).exists():
        return False
    if due_at is None and known.filter(state=ScanState.QUEUED, due_at__isnull=False).update(due_at=None):
        doorbell.ring_scan(incident.tenant_id)
        return True
    try:
        with transaction.atomic():
            Scan.objects.create(
                tenant=incident.tenant,
                incident=incident,
                step=step,
                requested_by_name=by.display_name if by else PETRA,
                due_at=due_at,
                repeats=repeats,
            )
            incident_changed(incident_id=incident.pk)
            if due_at is None:  # otherwise the sweeper rings, when it is due
                doorbell.ring_scan(incident.tenant_id)
    except IntegrityError:
        return False
    return True


def scans_begin(*, incident: Incident, by: Member | None) -> None:
    """Look for everything that the steps could act on."""
    for step in FINDING_STEPS:
        scan_request(incident=incident, step=step, by=by)


def scan_give_up(*, scan: Scan, source: str, words: str) -> None:
    """A running scan comes to nothing. Never raises: where not even that can be written, its lease runs out."""
    try:
        with transaction.atomic():
            incident_changed(incident_id=scan.incident_id)  # first: it locks the incident, as everywhere
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
    rows = ({name: value for name, value in asdict(one).items() if name != "candidates"} for one in found)
    return [clean_json(row) for row in rows]
