"""Indicators held against log rows."""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence

from django.db.models import Q
from django.http import Http404

from incidents.enums import IndicatorKind, Workload
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
_NUMBER_ALONE = re.compile(r"AS\d+")


def matches_any(indicators: Collection[Indicator]) -> Q | None:
    """The condition that a log row matches one of the indicators that count; None where there is nothing to match."""
    by_column: dict[str, list[str]] = defaultdict(list)
    condition: Q | None = None
    for indicator in indicators:
        if indicator.value and indicator.counts:
            by_column[MATCHED_COLUMNS[IndicatorKind(indicator.kind)]].append(indicator.value)
    for column, values in by_column.items():
        one = Q(**{f"{column}__in": values})
        for number in values if column == "network" else ():
            one |= _named_too(number)
        if column == "application":
            one |= _done_to(values)
        condition = one if condition is None else condition | one
    return condition


def _named_too(network: str) -> Q:
    """A network by its number alone means every name that goes with it."""
    return Q(network__startswith=f"{network} ") if _NUMBER_ALONE.fullmatch(network) else Q()


def _done_to(applications: Sequence[str]) -> Q:
    """What was done to an application in the directory: the unified audit log names it as the object alone."""
    return Q(workload=Workload.DIRECTORY, item__in=applications)


def matches(indicator: Indicator) -> Q:
    """The condition that a log row matches this indicator, whether it counts or not."""
    column = MATCHED_COLUMNS[IndicatorKind(indicator.kind)]
    condition = Q(**{column: indicator.value})
    if column == "application":
        return condition | _done_to([indicator.value])
    return condition | _named_too(indicator.value) if column == "network" else condition


def of_attacker(incident: Incident) -> Q:
    """The condition that a log row matches an indicator of the incident."""
    return matches_any(list(incident.indicators.all())) or Q(pk__in=[])


def indicator_get(incident: Incident, indicator_id: int) -> Indicator:
    """An indicator of the incident.

    Raises:
        Http404: when it is another's, or there is none.
    """
    found = Indicator.objects.filter(incident=incident, pk=indicator_id).first()
    if found is None:
        raise Http404("No such indicator.")
    return found
