"""Logs of a tenant and of one person, and one record whole. Those of an incident are a part of its page."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from incidents.contexts.log_record import record_view
from incidents.contexts.logs import logs_view
from incidents.enums import Workload
from incidents.log_filter import LogFilter
from incidents.models import LogRecord
from incidents.selectors import (
    Logbook,
    incident_get,
    log_accounts,
    log_record_get,
    logbook_of_account,
    logbook_of_incident,
    logbook_of_tenant,
    tenant_record_get,
)
from incidents.views.page import Context, addressed
from tenants.access import can_act
from tenants.permissions import TenantRequest, tenant_page

ACCOUNTS = 100  # on a page
LONGEST_SEARCH = 200


@require_safe
@never_cache
@tenant_page
def tenant_logins(request: TenantRequest) -> HttpResponse:
    """The sign-ins of a tenant."""
    return _tenant_logs(request, Workload.LOGINS)


@require_safe
@never_cache
@tenant_page
def tenant_exchange(request: TenantRequest) -> HttpResponse:
    """What was done to mail and mailboxes in a tenant."""
    return _tenant_logs(request, Workload.EXCHANGE)


@require_safe
@never_cache
@tenant_page
def tenant_sharepoint(request: TenantRequest) -> HttpResponse:
    """What was done to files in a tenant."""
    return _tenant_logs(request, Workload.SHAREPOINT)


@require_safe
@never_cache
@tenant_page
def tenant_teams(request: TenantRequest) -> HttpResponse:
    """What was done in Teams in a tenant."""
    return _tenant_logs(request, Workload.TEAMS)


@require_safe
@never_cache
@tenant_page
def users(request: TenantRequest) -> HttpResponse:
    """The accounts of a tenant that Petra knows, each with a way to its activity."""
    text = request.GET.get("q", "").replace("\x00", "")[:LONGEST_SEARCH]
    page = Paginator(log_accounts(text), ACCOUNTS).get_page(request.GET.get("page"))
    context = {"tenant": request.tenant, "page": page, "text": text, "can_act": can_act(request.user)}
    return render(request, "incidents/users.html", context)


@require_safe
@never_cache
@tenant_page
def user_activity(request: TenantRequest, account_id: int) -> HttpResponse:
    """The logs of one person."""
    return _page(request, logbook_of_account(request.tenant, account_id), None)


@require_safe
@never_cache
@tenant_page
def log_record(request: TenantRequest, incident_id: int, record_id: int) -> HttpResponse:
    """A record of an incident's account."""
    incident = incident_get(incident_id)
    return _record(request, logbook_of_incident(incident), log_record_get(incident, record_id))


@require_safe
@never_cache
@tenant_page
def tenant_log_record(request: TenantRequest, record_id: int) -> HttpResponse:
    """A record of a tenant."""
    return _record(request, logbook_of_tenant(request.tenant), tenant_record_get(record_id))


def _tenant_logs(request: TenantRequest, workload: Workload) -> HttpResponse:
    return _page(request, logbook_of_tenant(request.tenant), workload)


def _page(request: TenantRequest, book: Logbook, workload: Workload | None) -> HttpResponse:
    form = LogFilter(request.GET)
    logs = logs_view(book=book, choice=form.choice(workload))
    context: Context = {"logs": logs, "log_filter": form, "account": book.account, "incidents": []}
    context |= {"tenant": request.tenant, "can_act": can_act(request.user)}
    if request.htmx:
        return addressed(render(request, "incidents/_logs.html", context), logs.url)
    if book.account:
        context["incidents"] = list(book.account.incidents.order_by("-opened_at"))
    return render(request, "incidents/logs.html", context)


def _record(request: TenantRequest, book: Logbook, record: LogRecord) -> HttpResponse:
    template = "incidents/_log_record.html" if request.htmx else "incidents/log_record.html"
    context: Context = {"view": record_view(book=book, record=record), "tenant": request.tenant}
    context |= {"incident": book.incident, "can_act": can_act(request.user)}
    return render(request, template, context)
