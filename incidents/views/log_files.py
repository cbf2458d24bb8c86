"""Logs to take along: what a filter shows as CSV or Excel, and one record as it was kept."""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from incidents.contexts.log_addresses import TENANT_PAGES
from incidents.contexts.log_chips import filter_words
from incidents.exports.logs import EXCEL, KINDS, LogExport, csv_of, excel_of, export_recorded
from incidents.log_filter import LogFilter
from incidents.models import LogRecord
from incidents.selectors import (
    Logbook,
    incident_get,
    log_record_get,
    logbook_of_account,
    logbook_of_incident,
    logbook_of_tenant,
    tenant_record_get,
)
from tenants.permissions import TenantRequest, check_form_tenant, tenant_page

EXCEL_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_POST
@tenant_page
def logs_export(request: TenantRequest, incident_id: int) -> HttpResponseBase:
    """The logs of an incident. Members who only look may take them along."""
    check_form_tenant(request)
    return _export(request, logbook_of_incident(incident_get(incident_id)))


@require_POST
@tenant_page
def user_export(request: TenantRequest, account_id: int) -> HttpResponseBase:
    """The logs of one person."""
    check_form_tenant(request)
    return _export(request, logbook_of_account(request.tenant, account_id))


@require_POST
@tenant_page
def tenant_export(request: TenantRequest) -> HttpResponseBase:
    """The logs of a tenant."""
    check_form_tenant(request)
    return _export(request, logbook_of_tenant(request.tenant))


@require_safe
@never_cache
@tenant_page
def log_raw(request: TenantRequest, incident_id: int, record_id: int) -> HttpResponseBase:
    """A record of an incident's account, byte for byte."""
    return _raw(log_record_get(incident_get(incident_id), record_id))


@require_safe
@never_cache
@tenant_page
def tenant_log_raw(request: TenantRequest, record_id: int) -> HttpResponseBase:
    """A record of a tenant, byte for byte."""
    return _raw(tenant_record_get(record_id))


def _export(request: TenantRequest, book: Logbook) -> HttpResponseBase:
    form, kind = LogFilter(request.POST), request.POST.get("kind", "")
    choice = form.choice()
    is_offered = book.account is not None or choice.workload in TENANT_PAGES
    if kind not in KINDS or not form.is_understood or not is_offered:
        return render(request, "incidents/export_refused.html", status=422)
    words = [told for _, told in filter_words(choice)]
    export = LogExport(book=book, choice=choice, filters=words, by=request.user, at=timezone.now())
    export_recorded(export, kind)
    if kind == EXCEL:
        return _named(HttpResponse(excel_of(export), content_type=EXCEL_TYPE), export.name(kind))
    return _named(_streamed(request, csv_of(export)), export.name(kind))


def _streamed(request: TenantRequest, pieces: Iterator[str]) -> StreamingHttpResponse:
    content = _one_by_one(pieces) if isinstance(request, ASGIRequest) else pieces
    return StreamingHttpResponse(content, content_type="text/csv; charset=utf-8")


async def _one_by_one(pieces: Iterator[str]) -> AsyncIterator[str]:
    """Pieces as they are made: an event loop would gather all of a plain iterator first."""
    made = sync_to_async(lambda: next(pieces, None))
    while (piece := await made()) is not None:
        yield piece


def _raw(record: LogRecord) -> HttpResponseBase:
    response = HttpResponse(bytes(record.raw), content_type="application/octet-stream")
    _named(response, f"record-{record.pk}.json")
    return response


def _named(response: HttpResponseBase, name: str) -> HttpResponseBase:
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
