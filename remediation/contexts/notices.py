"""What the whole panel waits for: services of Microsoft that do not answer in this tenant."""

from dataclasses import dataclass
from datetime import datetime

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
