"""What the attacker is known by: suggested from the evidence, accepted, rejected, added by hand.

Every change moves the incident's version, so that all pages tell its rows anew.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from incidents.enums import Confidence, IndicatorKind, IndicatorOrigin, IndicatorState
from incidents.extensions import evidence_weighed
from incidents.models import Incident, Indicator
from incidents.services.states import IncidentRefused, incident_changed, record_act
from tenants.models import Member

MOST_BY_HAND = 200  # of one incident
_VERBS = {IndicatorState.ACCEPTED: "accept_indicator", IndicatorState.REJECTED: "reject_indicator"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """One suggestion to be kept: `reason` tells in words, line by line, why."""

    kind: IndicatorKind
    value: str
    confidence: Confidence
    reason: str


def indicators_suggest(*, incident: Incident, suggested: Collection[Suggested]) -> int:
    """Keep what the evidence suggests now. Returns how many changed.

    What a person decided, and what was added by hand, stays as it is; what was rejected is not suggested again. A
    suggestion that nobody decided on goes when the evidence does not bear it any more.
    """
    with transaction.atomic():
        _lock(incident)
        known = {(one.kind, one.value): one for one in Indicator.objects.filter(incident=incident)}
        wanted = {(str(one.kind), one.value[:512]): one for one in suggested}
        new = [_indicator(incident, one) for key, one in wanted.items() if key not in known]
        Indicator.objects.bulk_create(new)
        changed = [known[key] for key, one in wanted.items() if key in known and _take_over(known[key], one)]
        Indicator.objects.bulk_update(changed, ["reason", "confidence"], batch_size=100)
        stale = [one.pk for key, one in known.items() if key not in wanted and _is_undecided(one)]
        Indicator.objects.filter(pk__in=stale).delete()
        count = len(new) + len(changed) + len(stale)
        if count:
            incident_changed(incident_id=incident.pk)
    return count


def _lock(incident: Incident) -> None:
    """The incident before its indicators, in every transaction: none waits for another in a ring."""
    Incident.objects.select_for_update().filter(pk=incident.pk).values_list("pk").first()


def _indicator(incident: Incident, one: Suggested) -> Indicator:
    return Indicator(
        tenant_id=incident.tenant_id,
        incident=incident,
        kind=one.kind,
        value=one.value[:512],
        reason=one.reason,
        state=IndicatorState.SUGGESTED,
        origin=IndicatorOrigin.EVIDENCE,
        confidence=one.confidence,
    )


def _is_undecided(indicator: Indicator) -> bool:
    return indicator.state == IndicatorState.SUGGESTED and indicator.origin == IndicatorOrigin.EVIDENCE


def _take_over(indicator: Indicator, one: Suggested) -> bool:
    if not _is_undecided(indicator) or (indicator.reason, indicator.confidence) == (one.reason, one.confidence):
        return False
    indicator.reason, indicator.confidence = one.reason, one.confidence
    return True


def indicator_decide(*, incident: Incident, indicator: Indicator, state: IndicatorState, by: Member) -> None:
    """Accept or reject an indicator; pressed twice, it is done once.

    Raises:
        IncidentRefused: when the indicator is not of this incident.
    """
    if indicator.incident_id != incident.pk:
        raise IncidentRefused("The form names an indicator of another incident. Nothing was changed.")
    with transaction.atomic():
        _lock(incident)
        others = Indicator.objects.filter(pk=indicator.pk).exclude(state=state)
        decided: dict[str, Any] = {"decided_at": timezone.now(), "decided_by_name": by.display_name}
        if others.update(state=state, **decided):
            word = IndicatorState(state).label
            record_act(incident, by=by, verb=_VERBS[state], summary=f"{word} as the attacker's – {indicator}")
            incident_changed(incident_id=incident.pk)
            evidence_weighed(incident=incident)


def indicator_add(*, incident: Incident, kind: IndicatorKind, value: str, reason: str, by: Member) -> Indicator:
    """Add an indicator by hand, checked and normalized before; one that was suggested is accepted by it.

    Raises:
        IncidentRefused: when it stands there already, or there are too many.
    """
    with transaction.atomic():
        _lock(incident)
        rows = Indicator.objects.filter(incident=incident)
        met = rows.filter(kind=kind, value=value).first()
        if met and met.state == IndicatorState.ACCEPTED:
            raise IncidentRefused(f"{met} is among the indicators already. Nothing was changed.")
        if met:
            indicator_decide(incident=incident, indicator=met, state=IndicatorState.ACCEPTED, by=by)
            met.refresh_from_db()
            return met
        if rows.filter(origin=IndicatorOrigin.HAND).count() >= MOST_BY_HAND:
            raise IncidentRefused(f"There are {MOST_BY_HAND} indicators added by hand already. Nothing was added.")
        added = Indicator.objects.create(
            tenant=incident.tenant,
            incident=incident,
            kind=kind,
            value=value,
            reason=reason.strip(),
            state=IndicatorState.ACCEPTED,
            origin=IndicatorOrigin.HAND,
            confidence=Confidence.HIGH,
            decided_at=timezone.now(),
            decided_by_name=by.display_name,
        )
        record_act(incident, by=by, verb="add_indicator", summary=f"Indicator added – {added}", reason=reason)
        incident_changed(incident_id=incident.pk)
        evidence_weighed(incident=incident)
    return added
