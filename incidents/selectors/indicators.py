"""Indicators held against log rows."""

from collections import defaultdict
from collections.abc import Collection

from django.db.models import Q

from incidents.enums import IndicatorKind
from incidents.models import Incident, Indicator

# The column of a log row that an indicator of this kind is held against.
MATCHED_COLUMNS = {
    IndicatorKind.IP_ADDRESS: "ip_address",
    IndicatorKind.NETWORK: "network",
    IndicatorKind.COUNTRY: "country",
    IndicatorKind.DEVICE: "device",
    IndicatorKind.SESSION: "session_id",
    IndicatorKind.USER_AGENT: "user_agent",
    IndicatorKind.APPLICATION: "application",
}


def matches_any(indicators: Collection[Indicator]) -> Q | None:
    """The condition that a log row matches one of the indicators that count; None where there is nothing to match."""
    by_column: dict[str, list[str]] = defaultdict(list)
    for indicator in indicators:
        if indicator.value and indicator.counts:
            by_column[MATCHED_COLUMNS[IndicatorKind(indicator.kind)]].append(indicator.value)
    condition: Q | None = None
    for column, values in by_column.items():
        one = Q(**{f"{column}__in": values})
        condition = one if condition is None else condition | one
    return condition


def of_attacker(incident: Incident) -> Q:
    """The condition that a log row matches an indicator of the incident."""
    return matches_any(list(incident.indicators.all())) or Q(pk__in=[])
