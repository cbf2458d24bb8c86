"""Whose logs are looked at: those of an incident's account, of one person, or of a whole tenant."""

from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404

from incidents.enums import IndicatorState, LogSource, Workload
from incidents.models import Account, Incident, Indicator, LogRecord
from incidents.selectors.indicators import matches_any, of_attacker
from incidents.selectors.logs import account_records, incident_records, sources_read
from tenants.models import Tenant

NOTHING = Q(pk__in=[])


@dataclass(frozen=True, slots=True, kw_only=True)
class Logbook:
    """Log rows that are shown together, with the condition that makes a row the attacker's.

    Without `account` it is the whole tenant's; with `incident` it is the incident's.
    """

    tenant: Tenant
    of_attacker: Q
    account: Account | None = None
    incident: Incident | None = None
    was_read: frozenset[LogSource] = field(default_factory=frozenset)

    def records(self, workload: Workload) -> QuerySet[LogRecord]:
        """The rows of one tab, without their raw records."""
        if self.incident:
            return incident_records(self.incident, workload)
        if self.account:
            return account_records(self.account.user_principal_name, workload, was_read=self.was_read)
        return LogRecord.objects.filter(workload=workload).defer("raw")


def logbook_of_incident(incident: Incident) -> Logbook:
    """The rows of an incident's account, held against the incident's own indicators. Without a query where the
    incident was fetched with its indicators and readings.
    """
    return Logbook(
        tenant=incident.tenant, account=incident.account, incident=incident, of_attacker=of_attacker(incident)
    )


def logbook_of_account(tenant: Tenant, account_id: int) -> Logbook:
    """The rows of one account, held against the indicators of all its incidents.

    Raises:
        Http404: when there is no such account in the open scope.
    """
    account = get_object_or_404(Account, pk=account_id)
    incidents = list(Incident.objects.filter(account=account).prefetch_related("indicators", "source_readings"))
    indicators = [indicator for incident in incidents for indicator in incident.indicators.all()]
    readings = [reading for incident in incidents for reading in incident.source_readings.all()]
    return Logbook(
        tenant=tenant,
        account=account,
        of_attacker=matches_any(indicators) or NOTHING,
        was_read=sources_read(readings),
    )


def logbook_of_tenant(tenant: Tenant) -> Logbook:
    """The rows of a tenant; each is held against the indicators of its own account's incidents alone."""
    counting = Indicator.objects.exclude(state=IndicatorState.REJECTED).select_related("incident__account")
    by_address: dict[str, list[Indicator]] = defaultdict(list)
    for indicator in counting:
        by_address[indicator.incident.account.user_principal_name.lower()].append(indicator)
    condition = NOTHING
    for address, indicators in by_address.items():
        matching = matches_any(indicators)
        if matching is not None:
            concerned = Q(user_principal_name=address) | Q(workload=Workload.DIRECTORY, item=address)
            condition |= concerned & matching
    return Logbook(tenant=tenant, of_attacker=condition)


def log_accounts(text: str) -> QuerySet[Account]:
    """The accounts of the open scope by name, narrowed to those whose name or address has each of these words."""
    accounts = Account.objects.all()
    for word in text.split():
        accounts = accounts.filter(Q(display_name__icontains=word) | Q(user_principal_name__icontains=word))
    return accounts.order_by("display_name", "pk")
