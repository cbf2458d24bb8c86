"""Reports and exports of an incident: asked for by a press, fetched once they are made."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from incidents.enums import ReportKind
from incidents.models import Report
from incidents.reports.making import report_fetched, report_order
from incidents.selectors import incident_get
from incidents.views.page import part_response
from tenants.permissions import TenantRequest, check_form_tenant, tenant_page

TYPES = {
    ReportKind.PDF: "application/pdf",
    ReportKind.EXCEL: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ReportKind.CSV: "application/zip",
}


@require_safe
@never_cache
@tenant_page
def reports(request: TenantRequest, incident_id: int) -> HttpResponse:
    """The section with all reports."""
    return part_response(request, incident_get(incident_id), "reports")


@require_POST
@tenant_page
def report_ask(request: TenantRequest, incident_id: int) -> HttpResponse:
    """Ask for a report or an export. Members who only look may take one with them."""
    check_form_tenant(request)
    incident = incident_get(incident_id)
    kind = request.POST.get("kind", "")
    if kind not in ReportKind.values:
        refusal = "This kind of report is not known. Nothing was made."
        return part_response(request, incident, "reports", status=422, refusal=refusal, refused_part="reports")
    report, is_new = report_order(incident=incident, kind=ReportKind(kind), by=request.user)
    if request.htmx:
        told = "" if is_new else _under_way(report)
        return part_response(request, incident_get(incident_id), "reports", report_told=told)
    address = reverse("incidents:detail", args=[request.tenant.slug, incident.pk])
    return HttpResponse(status=303, headers={"Location": f"{address}#reports"})


def _under_way(report: Report) -> str:
    return (
        f"{report.get_kind_display()} is being made already, for {report.requested_by_name}. No second one was begun."
    )


@require_safe
@never_cache
@tenant_page
def report_fetch(request: TenantRequest, incident_id: int, report_id: int) -> HttpResponse:
    """A report that is made, as a file."""
    incident = incident_get(incident_id)
    report = get_object_or_404(Report.objects.filter(incident=incident), pk=report_id)
    if report.content is None:
        raise Http404
    report.incident = incident
    report_fetched(report=report, by=request.user)
    response = HttpResponse(bytes(report.content), content_type=TYPES[ReportKind(report.kind)])
    response["Content-Disposition"] = f'attachment; filename="{report.file_name}"'
    return response
