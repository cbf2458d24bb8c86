"""Attack Impact: the part of the incident page, and the history of one message."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from incidents.contexts.impact import message_view
from incidents.selectors import incident_get
from incidents.views.page import part_response
from tenants.access import can_act
from tenants.permissions import TenantRequest, tenant_page


@require_safe
@never_cache
@tenant_page
def impact(request: TenantRequest, incident_id: int) -> HttpResponse:
    """What the attacker read, sent, changed and deleted."""
    return part_response(request, incident_get(incident_id), "impact")


@require_safe
@never_cache
@tenant_page
def impact_message(request: TenantRequest, incident_id: int) -> HttpResponse:
    """What the attacker did to one message; the drawer for htmx, a page for everybody else."""
    incident = incident_get(incident_id)
    wanted = request.GET.get("id", "")
    if len(wanted) > 998 or "\x00" in wanted:
        raise Http404
    message = message_view(incident=incident, internet_message_id=wanted)
    template = "incidents/_impact_message.html" if request.htmx else "incidents/impact_message.html"
    context = {"message": message, "incident": incident, "tenant": incident.tenant, "can_act": can_act(request.user)}
    return render(request, template, context)
