"""The reports of an incident: what was asked for, what is ready."""

from dataclasses import dataclass

from incidents.models import Incident, Report

SHOWN = 8


@dataclass(frozen=True, slots=True)
class ReportsView:
    """The newest reports, without their contents."""

    reports: list[Report]


def reports_view(*, incident: Incident) -> ReportsView:
    """The reports section: one query."""
    rows = Report.objects.filter(incident=incident).defer("content").order_by("-pk")
    return ReportsView(list(rows[:SHOWN]))
