"""The incident page: whole, and each of its parts alone for htmx. A part's address gives the whole page to others."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from incidents import live as stream
from incidents.contexts import header_view, impact_view, logs_view, threat_view, timeline_view, trail_view
from incidents.contexts.log_addresses import log_url
from incidents.contexts.reports import reports_view
from incidents.forms import AssignForm, DismissForm, NoteForm, TimelineFilter
from incidents.indicator_form import IndicatorForm
from incidents.log_filter import LogFilter
from incidents.models import Incident
from incidents.selectors import incident_get, logbook_of_incident
from tenants.access import can_act
from tenants.permissions import TenantRequest, tenant_page
from tenants.selectors import owners_for

Context = dict[str, Any]


def _header(request: TenantRequest, incident: Incident) -> Context:
    owners = owners_for(incident.tenant)
    return {
        "header": header_view(incident=incident, member=request.user, owners=owners),
        "assign_form": AssignForm(initial={"owner": incident.owner_id}, owners=owners),
        "dismiss_form": DismissForm(),
    }


def _threat(request: TenantRequest, incident: Incident) -> Context:
    return {"threat": threat_view(incident=incident), "indicator_form": IndicatorForm()}


def _notes(request: TenantRequest, incident: Incident) -> Context:
    return {"notes": list(incident.notes.order_by("-pk")), "note_form": NoteForm()}


def _timeline(request: TenantRequest, incident: Incident) -> Context:
    return {"timeline": timeline_view(incident=incident, choice=TimelineFilter(request.GET).choice())}


def _logs(request: TenantRequest, incident: Incident) -> Context:
    # A form of the logs says which tab and page it stood on, so that its answer is the same one.
    form = LogFilter(request.POST or request.GET)
    return {"logs": logs_view(book=logbook_of_incident(incident), choice=form.choice()), "log_filter": form}


def _activity(request: TenantRequest, incident: Incident) -> Context:
    return {"trail": trail_view(incident=incident, before=request.GET.get("trail", ""))}


def _reports(_request: TenantRequest, incident: Incident) -> Context:
    return {"reports": reports_view(incident=incident)}


def _impact(request: TenantRequest, incident: Incident) -> Context:
    asked = request.GET
    return {"impact": impact_view(incident=incident, show=asked.get("show", ""), page=asked.get("page", ""))}


PARTS: dict[str, Callable[[TenantRequest, Incident], Context]] = {
    "header": _header,
    "threat": _threat,
    "notes": _notes,
    "timeline": _timeline,
    "logs": _logs,
    "activity": _activity,
    "reports": _reports,
}
# Parts that take their time: the page leaves room for them, and asks once it is there.
LAZY: dict[str, Callable[[TenantRequest, Incident], Context]] = {"impact": _impact}


def page_response(request: TenantRequest, incident: Incident, *, status: int = 200, **more: Any) -> HttpResponse:
    """The whole page."""
    context = _shared(request, incident)
    for part in PARTS.values():
        context |= part(request, incident)
    return render(request, "incidents/detail.html", {**context, **more}, status=status)


def part_response(
    request: TenantRequest, incident: Incident, part: str, *, status: int = 200, **more: Any
) -> HttpResponse:
    """One part for htmx, the whole page for everybody else. `more` joins the context: a form in error, a refusal."""
    made = {**PARTS, **LAZY}[part]
    if not request.htmx:
        lazy = made(request, incident) if part in LAZY else {}
        return page_response(request, incident, status=status, **lazy, **more)
    context = {**_shared(request, incident), **made(request, incident), **more}
    return render(request, f"incidents/_{part}.html", context, status=status)


def _shared(request: TenantRequest, incident: Incident) -> Context:
    return {
        "incident": incident,
        "tenant": incident.tenant,
        "can_act": can_act(request.user),
        "refusal": "",
        "refused_part": "",
    }


@require_safe
@never_cache
@tenant_page
def detail(request: TenantRequest, incident_id: int) -> HttpResponse:
    """One incident, from top to bottom."""
    return page_response(request, incident_get(incident_id))


def _part_view(part: str) -> Callable[..., HttpResponse]:
    @require_safe
    @never_cache
    @tenant_page
    def view(request: TenantRequest, incident_id: int) -> HttpResponse:
        return part_response(request, incident_get(incident_id), part)

    return view  # type: ignore[return-value]  # tenant_page answers any kind of response


header = _part_view("header")
threat = _part_view("threat")
notes = _part_view("notes")
timeline = _part_view("timeline")
activity = _part_view("activity")


@require_safe
@never_cache
@tenant_page
def logs(request: TenantRequest, incident_id: int) -> HttpResponse:
    """The logs; what was chosen by hand stands in the browser's address, so that it can be shared."""
    incident = incident_get(incident_id)
    response = part_response(request, incident, "logs")
    if not request.htmx or request.htmx.trigger == "logs":  # that one is the live update
        return response
    return addressed(response, log_url(logbook_of_incident(incident), LogFilter(request.GET).choice()))


def addressed(response: HttpResponse, address: str) -> HttpResponse:
    """A fragment that belongs to another address than the browser shows."""
    response["HX-Replace-Url"] = address
    return response


@require_GET
@tenant_page
def live(request: TenantRequest, incident_id: int) -> StreamingHttpResponse:
    """The incident's versions as an event stream, as long as the page stays open.

    Access was checked by the time the stream begins; it tells numbers only, and each fetch is checked anew.
    """
    incident = incident_get(incident_id)
    key = request.session.session_key or ""  # the stream ends with this session
    body = stream.versions(incident.pk, known=incident.version, session_key=key)
    response = StreamingHttpResponse(body, content_type="text/event-stream")
    response["Cache-Control"] = "no-cache, no-store"
    response["X-Accel-Buffering"] = "no"  # nginx would hold the messages back
    return response
