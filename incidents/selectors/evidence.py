"""Counts of an incident's log rows, for the threat overview."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q

from incidents.enums import Workload
from incidents.models import Incident, Indicator
from incidents.selectors.indicators import matches
from incidents.selectors.logs import incident_records

MOST_COUNTED = 80  # indicators whose rows are counted in one query


@dataclass(frozen=True, slots=True)
class EvidenceCounts:
    """Rows of the account, successful sign-ins of its baseline, and rows that match each indicator, by its id."""

    rows: int
    sign_ins: int
    matches: dict[int, int]


def evidence_counts(
    incident: Incident, indicators: Sequence[Indicator], *, before: timedelta, back: timedelta
) -> EvidenceCounts:
    """Count the account's rows in one query. The baseline is the span `back`, up to `before` the first access."""
    end, counted = incident.first_access_at - before, indicators[:MOST_COUNTED]
    own = Q(user_principal_name=incident.account.user_principal_name.lower(), workload=Workload.LOGINS)
    accepted = ~Q(is_success=False) | Q(is_success=None)
    baseline = own & accepted & Q(occurred_at__gte=end - back, occurred_at__lt=end)
    columns = {f"indicator_{one.pk}": Count("pk", filter=matches(one)) for one in counted}
    records = incident_records(incident).order_by()
    found = records.aggregate(rows=Count("pk"), sign_ins=Count("pk", filter=baseline), **columns)
    return EvidenceCounts(found["rows"], found["sign_ins"], {one.pk: found[f"indicator_{one.pk}"] for one in counted})
