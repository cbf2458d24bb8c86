"""The reports of an incident: what was asked for, what is ready."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import BooleanField, ExpressionWrapper, Q

from incidents.enums import ReportState
from incidents.models import Incident, Report

SHOWN = 8


@dataclass(frozen=True, slots=True)
class ReportsView:
    """The newest reports, without their contents. `retriable` are the ids of those that failed and whose kind nobody
    asked for since; `kept` of those that can be fetched.
    """

    reports: Sequence[Report]
    retriable: frozenset[int]
    kept: frozenset[int]


def reports_view(*, incident: Incident) -> ReportsView:
    """The reports section: one query."""
    is_kept = ExpressionWrapper(Q(content__isnull=False), output_field=BooleanField())
    rows = Report.objects.filter(incident=incident).annotate(is_kept=is_kept).defer("content").order_by("-pk")
    found = list(rows[:SHOWN])
    latest = {report.kind: report.pk for report in reversed(found)}.values()
    failed = {report.pk for report in found if report.state == ReportState.FAILED}
    return ReportsView(
        reports=found,
        retriable=frozenset(failed & set(latest)),
        kept=frozenset(report.pk for report in found if report.is_kept),
    )
