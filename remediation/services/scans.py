"""Asking for a look at what a step could act on."""

from django.db import IntegrityError, transaction

from incidents.models import Incident
from incidents.services import incident_changed
from remediation import doorbell, policies
from remediation.enums import ScanState, Step
from remediation.models import Scan
from tenants.audit import PETRA
from tenants.models import Member

SCANNED_STEPS = (Step.RETRACT, Step.PERSISTENCE)


def scan_request(*, incident: Incident, step: Step, by: Member | None) -> bool:
    """Put a scan in the queue. Returns False when one is waiting already, or running and a person asks for it.

    Raises:
        Refused: when a person asks, and the incident's state does not allow it.
    """
    if by:
        policies.check_incident_open(incident)
    running = Scan.objects.filter(incident=incident, step=step, state=ScanState.RUNNING)
    if by and running.exists():
        return False
    try:
        with transaction.atomic():
            Scan.objects.create(
                tenant=incident.tenant,
                incident=incident,
                step=step,
                requested_by_name=by.display_name if by else PETRA,
            )
            incident_changed(incident_id=incident.pk)
            doorbell.ring_scan(incident.tenant_id)
    except IntegrityError:
        return False
    return True


def scans_begin(*, incident: Incident, by: Member | None) -> None:
    """Look for everything that the steps could act on."""
    for step in SCANNED_STEPS:
        scan_request(incident=incident, step=step, by=by)
