"""The circuit breaker of a tenant's services, kept in the database so that all processes know what one has seen.

It opens after five round trips in a row without an answer, over at least ten seconds. While it is open nothing is sent;
then one worker asks, and its answer closes the circuit or keeps it open for twice as long, up to five minutes.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from graph import Service
from tenants.models import ServiceCircuit, Tenant

MISSES = 5
OVER = timedelta(seconds=10)  # a burst of failures within one hiccup is no outage
FIRST_WAIT, LONGEST_WAIT = 15, 300  # seconds
PROBE = timedelta(seconds=60)  # how long the one who asks has for it, before another may

logger = structlog.get_logger(__name__)


class TenantCircuit:
    """A `graph.Circuit` for one tenant and one piece of work. Not to be shared between threads.

    `always_asks` is for the strike: it is sent whatever is known, and counts like any other round trip.
    """

    def __init__(self, tenant: Tenant, *, always_asks: bool = False) -> None:
        self._tenant = tenant
        self._always_asks = always_asks
        self._rows = {row.service: row for row in ServiceCircuit.objects.filter(tenant=tenant)}

    def wait(self, service: Service) -> float:
        """Seconds for which the service is not to be asked; 0.0 when it may be."""
        row = self._rows.get(str(service))
        if self._always_asks or row is None or row.retry_at is None:
            return 0.0
        now = timezone.now()
        if row.retry_at <= now and self._may_probe(row, now):
            return 0.0
        return max(1.0, ((row.retry_at or now) - now).total_seconds())

    def _may_probe(self, row: ServiceCircuit, now: datetime) -> bool:
        """Compare-and-set: one worker asks, the others wait for what comes of it."""
        known = ServiceCircuit.objects.filter(pk=row.pk)
        has_won = known.filter(retry_at__lte=now).update(retry_at=now + PROBE)
        # For the one who asks it counts as closed until it misses again; for the others until that one is through.
        row.retry_at = None if has_won else known.values_list("retry_at", flat=True).first()
        return row.retry_at is None

    def told(self, service: Service, *, has_answered: bool) -> None:
        """A round trip came back, with an answer in it or without any."""
        if not has_answered:
            self._missed(str(service))
        elif row := self._rows.pop(str(service), None):
            ServiceCircuit.objects.filter(pk=row.pk).delete()
            if row.opened_at:
                logger.info("circuit_closed", tenant_id=self._tenant.pk, service=row.service)

    def _missed(self, service: str) -> None:
        now = timezone.now()
        ours = {"tenant": self._tenant, "service": service}
        with transaction.atomic():
            # Locked as it is got: another worker that hears an answer deletes the row.
            row, _ = ServiceCircuit.objects.select_for_update().get_or_create(**ours, defaults={"missed_since": now})
            row.misses += 1
            if row.misses >= MISSES and now - row.missed_since >= OVER:
                _keep_open(row, now)
            row.save()
        self._rows[service] = row
        if row.opened_at == now:
            logger.warning("circuit_opened", tenant_id=self._tenant.pk, service=service, misses=row.misses)


def _keep_open(row: ServiceCircuit, now: datetime) -> None:
    """Open it, or keep it open for twice as long. What was under way when it opened changes nothing."""
    if row.waiting_since and now < row.waiting_since + timedelta(seconds=row.wait_seconds):
        return
    row.opened_at = row.opened_at or now
    row.wait_seconds = min(row.wait_seconds * 2 or FIRST_WAIT, LONGEST_WAIT)
    row.waiting_since, row.retry_at = now, now + timedelta(seconds=row.wait_seconds)


def open_circuits(tenant: Tenant) -> list[ServiceCircuit]:
    """The services of a tenant that do not answer and are not being asked at present."""
    return list(ServiceCircuit.objects.filter(tenant=tenant, opened_at__isnull=False).order_by("service"))


def open_circuit_counts() -> dict[str, int]:
    """In how many tenants of the open scope each service does not answer."""
    rows = ServiceCircuit.objects.filter(opened_at__isnull=False).order_by().values_list("service")
    return dict(rows.annotate(tenants=Count("pk")).order_by("service"))
