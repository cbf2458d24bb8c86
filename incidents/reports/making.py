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
from tenants import audit
from tenants.audit import PETRA, Act, Actor
from tenants.enums import Outcome
from tenants.models import Member
from tenants.scoping import tenant_scope, unscoped

logger = structlog.get_logger(__name__)

# How long a worker may take before it is held to be dead: hundreds of thousands of rows take their time.
LEASES = {
    ReportKind.PDF: timedelta(minutes=3),
    ReportKind.EXCEL: timedelta(minutes=14),
    ReportKind.CSV: timedelta(minutes=14),
}
UNHEARD = timedelta(seconds=30)  # a bell that nobody answered for so long was lost
GIVE_UP = timedelta(hours=1)  # after the press: what ended every worker so far would end the next one
KEPT = 20  # reports of an incident whose contents are kept
UNFINISHED = (ReportState.WAITING, ReportState.RUNNING)
ENDINGS = {ReportKind.PDF: "pdf", ReportKind.EXCEL: "xlsx", ReportKind.CSV: "zip"}
FAILED = "It could not be made. The evidence is unharmed; if it fails again, the log of the worker tells why."
GIVEN_UP = "No worker could finish it within an hour. The evidence is unharmed."


def report_order(*, incident: Incident, kind: ReportKind, by: Member) -> tuple[Report, bool]:
    """Ask for a report in the time zone of who asks, and whether it is a new one: one of the same kind that is not made
    yet is the same one.
    """
    with transaction.atomic():
        Incident.objects.select_for_update().filter(pk=incident.pk).values_list("pk").first()
        unfinished = Report.objects.filter(incident=incident, kind=kind, state__in=UNFINISHED).defer("content")
        waiting = unfinished.order_by("-pk").first()
        if waiting:
            return waiting, False
        report = Report.objects.create(
            tenant=incident.tenant,
            incident=incident,
            kind=kind,
            requested_by_id=by.pk,
            requested_by_name=by.display_name,
            time_zone=by.time_zone,
        )
        _record(report, incident, by=Actor.of(by), verb="make_report", words="asked for", outcome=Outcome.REQUESTED)
        incident_changed(incident_id=incident.pk)
        ring_report(report.pk)
    return report, True


def report_fetched(*, report: Report, by: Member) -> None:
    """Write down who took a report with them."""
    with transaction.atomic():
        _record(report, report.incident, by=Actor.of(by), verb="fetch_report", words="fetched", outcome=Outcome.DONE)


def _record(report: Report, incident: Incident, *, by: Actor, verb: str, words: str, outcome: Outcome) -> None:
    """Into the audit trail. The sum tells later whether a file is the one that was made."""
    act = Act(
        verb=verb,
        summary=f"{report.get_kind_display()} {words} – {incident.account}",
        object_type="report",
        object_id=report.pk,
        incident_id=incident.pk,
        outcome=outcome,
        after={"sha256": report.sha256} if report.sha256 else None,
    )
    audit.record([act], tenant=incident.tenant, by=by)


def report_make(report_id: int) -> None:
    """Make a report that was asked for, unless somebody else does."""
    with unscoped(reason="the bell names a report, not its tenant"):
        rows = Report.objects.select_related("incident__account", "incident__tenant")
        report = rows.filter(pk=report_id, state__in=UNFINISHED).first()
    if report is None:
        return
    with tenant_scope([report.tenant_id]):
        now = timezone.now()
        until = now + LEASES[ReportKind(report.kind)]
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


def _finish(report: Report, until: datetime | None, values: dict[str, Any]) -> None:
    """Compare-and-set of its end: nothing where another worker took this one for dead."""
    state = values.pop("state")
    report.sha256 = values.get("sha256", "")
    is_made = state == ReportState.FINISHED
    words, outcome = ("made", Outcome.DONE) if is_made else ("could not be made", Outcome.FAILED)
    with transaction.atomic():
        held = Report.objects.filter(pk=report.pk, lease_until=until, state__in=UNFINISHED)
        if not held.update(state=state, finished_at=timezone.now(), lease_until=None, **values):
            return
        _record(report, report.incident, by=Actor(None, PETRA), verb="made_report", words=words, outcome=outcome)
        of_incident = Report.objects.filter(incident_id=report.incident_id)
        kept = list(of_incident.order_by("-pk").values_list("pk", flat=True)[:KEPT])
        of_incident.exclude(pk__in=kept).update(content=None)
        incident_changed(incident_id=report.incident_id)


def reports_ring_overdue() -> None:
    """Ring again for reports that a dead worker or a lost message left behind; give up those that are too old."""
    now = timezone.now()
    lost = Q(state=ReportState.WAITING, requested_at__lt=now - UNHEARD)
    dead = Q(state=ReportState.RUNNING, lease_until__lt=now)
    with unscoped(reason="looks for reports left behind in all tenants"):
        rows = Report.objects.select_related("incident__account", "incident__tenant").defer("content")
        found = list(rows.filter(lost | dead).order_by("pk"))
    for report in found:
        if now - report.requested_at < GIVE_UP:
            ring_report(report.pk)
            continue
        with tenant_scope([report.tenant_id]):
            _finish(report, report.lease_until, {"state": ReportState.FAILED, "failure": GIVEN_UP})
