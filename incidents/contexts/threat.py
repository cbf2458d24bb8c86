"""Threat overview: how it was detected, the root cause, what the attacker is known by, the phish."""

from dataclasses import dataclass

from incidents.enums import IndicatorKind
from incidents.models import Incident, Indicator, PhishTag


@dataclass(frozen=True, slots=True)
class IndicatorGroup:
    """The indicators of one kind."""

    label: str
    is_mono: bool
    indicators: list[Indicator]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreatView:
    incident: Incident
    indicator_groups: list[IndicatorGroup]
    phish: list[PhishTag]


_IN_WORDS = (IndicatorKind.COUNTRY, IndicatorKind.APPLICATION)


def threat_view(*, incident: Incident) -> ThreatView:
    """The threat overview of an incident: two queries."""
    by_kind: dict[str, list[Indicator]] = {kind: [] for kind in IndicatorKind.values}
    for indicator in incident.indicators.order_by("pk"):
        by_kind[indicator.kind].append(indicator)
    groups = [
        IndicatorGroup(str(IndicatorKind(kind).label), kind not in _IN_WORDS, rows)
        for kind, rows in by_kind.items()
        if rows
    ]
    return ThreatView(
        incident=incident,
        indicator_groups=groups,
        phish=list(incident.phish_tags.order_by("pk")),
    )
