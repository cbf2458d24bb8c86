"""When evidence is collected: at the bell, again while Microsoft is still searching, and after a worker died."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from incidents.doorbell import ring_collection, ring_weighing
from incidents.enums import IncidentState
from incidents.evidence.collect import collect
from incidents.evidence.weigh import weigh_evidence
from incidents.extensions import remediation
from incidents.models import Incident
from tenants.enums import TenantState
from tenants.models import Connection
from tenants.scoping import tenant_scope, unscoped

logger = structlog.get_logger(__name__)

AGAIN = 30.0  # seconds until a query that is still running is looked at again
BUSY_AGAIN = 5.0  # seconds until the next incident of a tenant has its turn
LONGEST_BELL = 600.0  # seconds; the broker gives a message back to another worker when it was kept for longer
LEASE = timedelta(minutes=10)  # for reading all logs about one incident
OVERDUE = timedelta(minutes=5)  # nobody reads a log that long: its worker died, or never heard the bell
FOLLOWING = timedelta(minutes=15)  # while an incident is active, what comes later is read this often


class HoldLost(Exception):
    """Another worker took this one for dead, and reads the logs now."""


@dataclass(slots=True)
class Hold:
    """The hold of one worker on the logs of an incident."""

    incident_id: int
    until: datetime

    def extend(self) -> None:
        """Hold it for longer.

        Raises:
            HoldLost: when it is somebody else's meanwhile, or the tenant was paused.
        """
        until = timezone.now() + LEASE
        held = Incident.objects.filter(pk=self.incident_id, collecting_until=self.until)
        held = held.filter(tenant__state=TenantState.CONNECTED)
        if not held.update(collecting_until=until):
            raise HoldLost
        self.until = until

    def release(self) -> None:
        """Let go; not the hold of another one, that took this one for dead."""
        Incident.objects.filter(pk=self.incident_id, collecting_until=self.until).update(collecting_until=None)


def collect_for(incident_id: int) -> None:
    """Collect the evidence of one incident, inside the scope of its tenant; nothing for one that is gone, or paused."""
    with unscoped(reason="the bell names an incident, not its tenant"):
        found = Incident.objects.select_related("account", "tenant").filter(pk=incident_id).first()
    if found is None or found.tenant.state != TenantState.CONNECTED:
        return
    with tenant_scope([found.tenant_id]):
        hold = Hold(found.pk, timezone.now() + LEASE)
        if not _claim(found, hold.until):
            ring_collection(incident_id, countdown=BUSY_AGAIN)
            return
        try:
            summary = collect(incident=found, extend=hold.extend)
        except HoldLost:
            logger.warning("collection_taken_over", incident_id=incident_id)
            return
        finally:
            hold.release()
        if summary.added:
            remediation().evidence_collected(incident=found)
    failures = {str(one.source): one.failure for one in summary.sources if one.failure}
    logger.info("evidence_collected", incident_id=incident_id, added=summary.added, failures=failures)
    if summary.again_in is not None:
        ring_collection(incident_id, countdown=min(summary.again_in or AGAIN, LONGEST_BELL))


def weigh_for(incident_id: int) -> None:
    """Weigh the rows that are stored about one incident, and look for what the attacker left, by what they say."""
    with unscoped(reason="the bell names an incident, not its tenant"):
        found = Incident.objects.select_related("account", "tenant").filter(pk=incident_id).first()
    if found is None:
        return
    with tenant_scope([found.tenant_id]):
        weighed = weigh_evidence(incident=found)
        remediation().evidence_collected(incident=found)
    logger.info("evidence_weighed", incident_id=incident_id, suggestions=len(weighed.suggestions))


def ring_imported(tenant_id: int) -> None:
    """New rows were imported for a tenant: weigh them for its open incidents. The tenant's scope is open."""
    open_states = [IncidentState.UNPUBLISHED, IncidentState.ACTIVE]
    for incident_id in Incident.objects.filter(tenant_id=tenant_id, state__in=open_states).values_list("pk", flat=True):
        ring_weighing(incident_id)


def _claim(incident: Incident, until: datetime) -> bool:
    """Take the incident's logs in hand. One collection at a time in a tenant: other tenants need workers, too."""
    with transaction.atomic():
        Connection.objects.select_for_update().filter(tenant_id=incident.tenant_id).values_list("pk").first()
        if Incident.objects.filter(tenant_id=incident.tenant_id, collecting_until__gt=timezone.now()).exists():
            return False
        return bool(Incident.objects.filter(pk=incident.pk).update(collecting_until=until))


def ring_overdue() -> None:
    """Ring for the active incidents whose logs were never read to the end, or not lately."""
    now = timezone.now()
    before = now - OVERDUE
    with unscoped(reason="looks for collections left behind in all tenants; ids only"):
        active = Incident.objects.filter(state=IncidentState.ACTIVE, tenant__state=TenantState.CONNECTED)
        stuck = active.filter(source_readings__finished_at=None, source_readings__started_at__lt=before)
        never = active.filter(source_readings=None, published_at__lt=before)
        old = active.annotate(read_at=Max("source_readings__finished_at")).filter(read_at__lt=now - FOLLOWING)
        overdue = {pk for found in (stuck, never, old) for pk in found.values_list("pk", flat=True)}
    for incident_id in sorted(overdue):
        ring_collection(incident_id)
