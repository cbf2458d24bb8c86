"""The button that resets the demo."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from graph.simulator.control import SimulatorUnavailable
from petra.demo import DemoUnavailable, demo_reset
from tenants.access import can_manage_tenants
from tenants.models import Member


@require_POST
def reset(request: HttpRequest) -> HttpResponse:
    """Put the demo tenants back to their beginning."""
    member = request.user
    if not settings.DEMO or not isinstance(member, Member):
        raise Http404
    if not can_manage_tenants(member):
        raise PermissionDenied("Only members who manage tenants can reset the demo.")
    try:
        summary = demo_reset(by=member)
    except (DemoUnavailable, SimulatorUnavailable) as error:
        messages.error(request, f"The demo was not reset: {error}")
    else:
        messages.success(request, f"Demo reset: {summary.tenants} tenants, {summary.incidents} incidents.")
    return redirect("incidents:home")
