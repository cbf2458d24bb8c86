"""What the panel has to say without being asked: services that do not answer, and the watch over the lock."""

from dataclasses import dataclass
from datetime import datetime

from incidents.models import Incident
from remediation.enums import WatchState
from remediation.models import SyncWatch
from remediation.services.watches import lock_stands
from tenants.circuits import open_circuits
from tenants.models import Tenant

SERVICE_NAMES = {"graph": "Microsoft Graph", "exchange": "Exchange Online"}


@dataclass(frozen=True, slots=True)
class OutageView:
    """A service that is not being asked at present: since when, after how many round trips, and when it is again."""

    service: str
    since: datetime
    misses: int
    retry_at: datetime


def outages_of(tenant: Tenant) -> list[OutageView]:
    """The services of a tenant that do not answer."""
    return [
        OutageView(SERVICE_NAMES.get(row.service, row.service), row.missed_since, row.misses, row.retry_at)
        for row in open_circuits(tenant)
        if row.retry_at
    ]


def watch_of(incident: Incident) -> SyncWatch | None:
    """The watch over the account's lock; None where there is none, or the lock stands no longer."""
    watch = SyncWatch.objects.filter(incident=incident).exclude(state=WatchState.ENDED).first()
    return watch if watch and lock_stands(incident) else None
