"""Weighs the rows of an incident's account, and keeps what they suggest. Run twice, it changes nothing."""

from collections.abc import Iterator

from incidents.enums import IncidentState, IndicatorKind
from incidents.evidence.account_ledger import BASELINE
from incidents.evidence.indicators import BEFORE_ACCESS, Assessment, assess
from incidents.models import Incident, Indicator, LogRecord
from incidents.selectors import incident_records
from incidents.services.indicators import Suggested, indicators_suggest

_COLUMNS = (
    "tenant", "source", "workload", "occurred_at", "operation", "user_principal_name", "ip_address", "network",
    "is_hosting", "country", "city", "application", "device", "user_agent", "session_id", "is_success", "result",
    "subject", "item", "item_count",
)  # fmt: skip


def weigh_evidence(*, incident: Incident) -> Assessment:
    """Suggest indicators from what is stored now. The scope of the incident's tenant is open, no transaction is."""
    found = assess(
        _rows(incident),
        first_access_at=incident.first_access_at,
        person=str(incident.account),
        known_attackers=_known_attackers(incident),
    )
    suggested = [
        Suggested(kind=one.kind, value=one.value, confidence=one.confidence, reason="\n".join(one.reasons))
        for one in found.suggestions
    ]
    indicators_suggest(incident=incident, suggested=suggested)
    return found


def _rows(incident: Incident) -> Iterator[LogRecord]:
    """What the account did itself, from the baseline on."""
    since = incident.first_access_at - BEFORE_ACCESS - BASELINE
    records = incident_records(incident).filter(
        user_principal_name=incident.account.user_principal_name.lower(), occurred_at__gte=since
    )
    if incident.closed_at:
        records = records.filter(occurred_at__lte=incident.closed_at)
    return records.only(*_COLUMNS).iterator(chunk_size=2000)


def _known_attackers(incident: Incident) -> dict[str, str]:
    """The addresses that count in other incidents of the tenant, with whose they were."""
    others = Indicator.objects.filter(tenant_id=incident.tenant_id, kind=IndicatorKind.IP_ADDRESS)
    others = others.exclude(incident=incident).exclude(incident__state=IncidentState.DISMISSED)
    return {one.value: str(one.incident.account) for one in others.select_related("incident__account") if one.counts}
