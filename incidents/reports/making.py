"""Asking for a report, and making it: once for each press, again where a worker died."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from incidents.doorbell import ring_report
from incidents.enums import ReportKind, ReportState
from incidents.exports.cells import file_name
from incidents.models import Incident, Report
from incidents.reports.facts import incident_facts
from incidents.reports.pdf import pdf_of
from incidents.reports.tables import csv_archive_of, excel_of
from incidents.selectors import incident_get
from incidents.services import incident_changed
from incidents.services.states import record_act
from tenants.models import Member
from tenants.scoping import tenant_scope, unscoped

logger = structlog.get_logger(__name__)

LEASE = timedelta(minutes=5)
KEPT = 20  # reports of an incident whose contents are kept
UNFINISHED = (ReportState.WAITING, ReportState.RUNNING)
ENDINGS = {ReportKind.PDF: "pdf", ReportKind.EXCEL: "xlsx", ReportKind.CSV: "zip"}
FAILED = "The report could not be made. Press again; if it fails again, the log tells why."


def report_order(*, incident: Incident, kind: ReportKind, by: Member) -> Report:
    """Ask for a report. One of the same kind that is not made yet is the same one."""
    with transaction.atomic():
        Incident.objects.select_for_update().filter(pk=incident.pk).values_list("pk").first()
        waiting = Report.objects.filter(incident=incident, kind=kind, state__in=UNFINISHED).order_by("-pk").first()
        if waiting:
            return waiting
        report = Report.objects.create(
            tenant=incident.tenant,
            incident=incident,
            kind=kind,
            requested_by_id=by.pk,
            requested_by_name=by.display_name,
            time_zone=by.time_zone,
        )
        record_act(incident, by=by, verb="make_report", summary=f"{kind.label} asked for – {incident.account}")
        incident_changed(incident_id=incident.pk)
        ring_report(report.pk)
    return report


def report_fetched(*, report: Report, by: Member) -> None:
    """Write down who took a report with them."""
    with transaction.atomic():
        summary = f"{report.get_kind_display()} fetched – {report.incident.account}"
        record_act(report.incident, by=by, verb="fetch_report", summary=summary)


def report_make(report_id: int) -> None:
    """Make a report that was asked for, unless somebody else does."""
    with unscoped(reason="the bell names a report, not its tenant"):
        report = Report.objects.filter(pk=report_id, state__in=UNFINISHED).first()
    if report is None:
        return
    with tenant_scope([report.tenant_id]):
        now = timezone.now()
        until = now + LEASE
        free = Report.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), pk=report.pk)
        if free.filter(state__in=UNFINISHED).update(state=ReportState.RUNNING, lease_until=until):
            _finish(report, until, _made(report))


def _made(report: Report) -> dict[str, Any]:
    try:
        return _content(report)
    except Exception:  # whatever it was, the press is answered; the trace is in the log
        logger.exception("report_failed", report_id=report.pk)
        return {"state": ReportState.FAILED, "failure": FAILED}


def _content(report: Report) -> dict[str, Any]:
    incident = incident_get(report.incident_id)
    kind = ReportKind(report.kind)
    makers = {ReportKind.EXCEL: excel_of, ReportKind.CSV: csv_archive_of}
    with timezone.override(report.time_zone):
        facts = incident_facts(incident, made_by=report.requested_by_name)
        content = makers[kind](incident, facts) if kind in makers else pdf_of(facts)
        day = f"{timezone.localdate():%Y-%m-%d}"
    return {
        "state": ReportState.FINISHED,
        "content": content,
        "sha256": hashlib.sha256(content).hexdigest(),
        "file_name": file_name(incident.tenant.name, incident.account.display_name, day, ending=ENDINGS[kind]),
    }


def _finish(report: Report, until: datetime, values: dict[str, Any]) -> None:
    state = values.pop("state")
    with transaction.atomic():
        held = Report.objects.filter(pk=report.pk, lease_until=until)
        if not held.update(state=state, finished_at=timezone.now(), lease_until=None, **values):
            return
        of_incident = Report.objects.filter(incident_id=report.incident_id)
        kept = list(of_incident.order_by("-pk").values_list("pk", flat=True)[:KEPT])
        of_incident.exclude(pk__in=kept).update(content=None)
        incident_changed(incident_id=report.incident_id)


def reports_ring_overdue() -> None:
    """Ring again for reports that a dead worker or a lost message left behind."""
    with unscoped(reason="looks for reports left behind in all tenants; ids only"):
        waiting = Report.objects.filter(state__in=UNFINISHED).exclude(lease_until__gt=timezone.now())
        found = list(waiting.values_list("pk", flat=True))
    for report_id in found:
        ring_report(report_id)
