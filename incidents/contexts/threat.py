"""Threat overview: how it was detected, the root cause, what the attacker is known by, the phish."""

from dataclasses import dataclass
from datetime import timedelta

from incidents.enums import Confidence, IndicatorKind, IndicatorState
from incidents.evidence.account_ledger import BASELINE
from incidents.evidence.indicators import BEFORE_ACCESS, SIGN_INS_NEEDED
from incidents.models import Incident, Indicator, PhishTag
from incidents.phish.candidates import PhishCandidate, phish_candidates
from incidents.selectors import EvidenceCounts, evidence_counts
from tenants.enums import TenantState


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorView:
    """One indicator. `tone`: a badge's kind; `rows`: how many log rows match it, None where there are too many to
    count.
    """

    indicator: Indicator
    reasons: list[str]
    rows: int | None
    tone: str
    icon: str
    words: str
    can_accept: bool
    can_reject: bool


@dataclass(frozen=True, slots=True)
class IndicatorGroup:
    """The indicators of one kind."""

    label: str
    is_mono: bool
    indicators: list[IndicatorView]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreatView:
    """`none_words`: why there is no indicator; `baseline_words`: that the person's habits are not known."""

    incident: Incident
    indicator_groups: list[IndicatorGroup]
    none_words: str
    baseline_words: str
    phish: list[PhishTag]
    candidates: list[PhishCandidate]


_IN_WORDS = (IndicatorKind.COUNTRY, IndicatorKind.APPLICATION)
_ORDER = {IndicatorState.ACCEPTED: 0, IndicatorState.SUGGESTED: 1, IndicatorState.REJECTED: 3}


def threat_view(*, incident: Incident) -> ThreatView:
    """The threat overview of an incident: a handful of queries, however many indicators."""
    indicators = sorted(incident.indicators.all(), key=_rank)
    counts = evidence_counts(incident, indicators, before=BEFORE_ACCESS, back=BASELINE)
    by_kind: dict[str, list[IndicatorView]] = {kind: [] for kind in IndicatorKind.values}
    for indicator in indicators:
        by_kind[indicator.kind].append(_indicator(indicator, counts.matches.get(indicator.pk)))
    groups = [
        IndicatorGroup(str(IndicatorKind(kind).label), kind not in _IN_WORDS, rows)
        for kind, rows in by_kind.items()
        if rows
    ]
    phish = list(incident.phish_tags.order_by("pk"))
    return ThreatView(
        incident=incident,
        indicator_groups=groups,
        none_words="" if groups else _none_words(incident, counts),
        baseline_words=_baseline_words(incident, counts),
        phish=phish,
        candidates=[] if phish else phish_candidates(incident=incident),
    )


def _rank(indicator: Indicator) -> tuple[int, int]:
    is_weak = indicator.state == IndicatorState.SUGGESTED and indicator.confidence == Confidence.LOW
    return _ORDER[IndicatorState(indicator.state)] + is_weak, indicator.pk


def _indicator(indicator: Indicator, rows: int | None) -> IndicatorView:
    tone, icon, words = _state(indicator)
    return IndicatorView(
        indicator=indicator,
        reasons=[line for line in indicator.reason.splitlines() if line],
        rows=rows,
        tone=tone,
        icon=icon,
        words=words,
        can_accept=indicator.state != IndicatorState.ACCEPTED,
        can_reject=indicator.state != IndicatorState.REJECTED,
    )


def _state(indicator: Indicator) -> tuple[str, str, str]:
    match indicator.state:
        case IndicatorState.ACCEPTED:
            return "red", "alert-triangle", "Attacker's"
        case IndicatorState.REJECTED:
            return "", "ban", "Rejected: does not count"
        case _ if indicator.counts:
            return "red", "alert-triangle", "Suggested, counts until rejected"
        case _:
            return "amber", "info-circle", "Suggested, does not count yet"


def _none_words(incident: Incident, counts: EvidenceCounts) -> str:
    """Not collected, none found: two different things."""
    if incident.tenant.state == TenantState.UNCONNECTED:
        if not counts.rows:
            return "No imported log row is of this account, so nothing can be suggested."
        return f"None found: nothing in the {counts.rows} imported rows stands out. Add what you know by hand."
    if not any(reading.finished_at for reading in incident.source_readings.all()):
        return "Not collected yet: the logs are still to be read, so no row can be told as the attacker's."
    if not counts.rows:
        return "Not known: no log row of this account could be collected. The logs below say why."
    return f"None found: nothing in the {counts.rows} rows collected stands out. Add what you know by hand."


def _baseline_words(incident: Incident, counts: EvidenceCounts) -> str:
    if not counts.rows or counts.sign_ins >= SIGN_INS_NEEDED:
        return ""
    days, number = BASELINE // timedelta(days=1), counts.sign_ins
    found = "no sign-in" if not number else f"only {number} sign-in{'' if number == 1 else 's'}"
    return (
        f"No baseline: there is {found} of {incident.account} in the {days} days before the first access. That "
        "something is new says nothing then; only acts that speak for themselves count."
    )
