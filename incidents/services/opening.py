"""Opening an incident: one account, held to be taken over since a moment."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from incidents.doorbell import ring_collection, ring_weighing
from incidents.enums import IncidentState
from incidents.extensions import incident_opened
from incidents.models import Account, Incident, LogRecord
from incidents.services.states import IncidentRefused, record_act
from tenants.enums import TenantState
from tenants.models import Member, Tenant

DEFAULT_TITLE = "Account takeover suspected"
LONGEST_AGO = timedelta(days=365)  # Microsoft keeps no log for longer; imported ones may reach back further
OPEN_STATES = (IncidentState.UNPUBLISHED, IncidentState.ACTIVE)


class AlreadyOpen(IncidentRefused):
    """An incident of this account is open already: `incident`."""

    def __init__(self, incident: Incident) -> None:
        state = incident.get_state_display().lower()
        super().__init__(f"An incident of {incident.account} is {state} already. No second one was opened.")
        self.incident = incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is known at the beginning: since when, what happened, and how it came to notice."""

    since: datetime
    title: str = ""
    detected_by: str = ""


def incident_open(*, tenant: Tenant, account: Account, opening: Opening, by: Member | None) -> Incident:
    """Open an incident of an account. It begins unpublished, or active at once where Petra Response is on.

    Two people at the same moment open one: the account is locked meanwhile.

    Raises:
        AlreadyOpen: when one of this account is unpublished or active.
        IncidentRefused: when it cannot have been so.
    """
    now = timezone.now()
    check_since(account=account, since=opening.since, now=now)
    with transaction.atomic():
        Account.objects.select_for_update().filter(pk=account.pk).values_list("pk").first()
        met = Incident.objects.filter(account=account, state__in=OPEN_STATES).select_related("account", "tenant")
        if first := met.order_by("pk").first():
            raise AlreadyOpen(first)
        is_active = Tenant.objects.filter(pk=tenant.pk, has_petra_response=True).exists()
        incident = Incident.objects.create(
            tenant=tenant,
            account=account,
            title=opening.title.strip()[:200] or DEFAULT_TITLE,
            detected_by=opening.detected_by or (f"Opened by {by.display_name}." if by else "Opened by Petra."),
            state=IncidentState.ACTIVE if is_active else IncidentState.UNPUBLISHED,
            first_access_at=opening.since,
            opened_at=now,
            published_at=now if is_active else None,
        )
        since = f"{opening.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        summary = f"Incident opened – {account}: {incident.title}, since {since}"
        record_act(incident, by=by, verb="open_incident", summary=summary)
        if is_active:
            incident_opened(incident=incident, by=by)
        evidence_ring(incident)
    return incident


def check_since(*, account: Account, since: datetime, now: datetime) -> None:
    """Raises IncidentRefused for a moment in the future, or before everything that a log could tell of."""
    if since > now:
        raise IncidentRefused("“Compromised since” is in the future. Nothing was opened.")
    if since >= now - LONGEST_AGO:
        return
    rows = LogRecord.objects.filter(
        tenant_id=account.tenant_id, user_principal_name=account.user_principal_name.lower()
    )
    first = rows.aggregate(first=Min("occurred_at"))["first"]
    if first is None or since < first - timedelta(days=1):
        told = f"the first log record of {account} is of {first:%Y-%m-%d}" if first else "no log record is as old"
        raise IncidentRefused(f"“Compromised since” is more than a year ago, and {told}. Nothing was opened.")


def evidence_ring(incident: Incident) -> None:
    """Have the evidence read: from Microsoft, or, where the tenant is not connected, from the rows that are there."""
    if incident.tenant.state == TenantState.UNCONNECTED:
        ring_weighing(incident.pk)
    else:
        ring_collection(incident.pk)
