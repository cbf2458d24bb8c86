"""Where a campaign is looked at and acted on: on a page of its own, or under step 2 of the incident that tagged it.

The same acts, services and fragments serve both; the addresses and the tenants that count differ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from incidents.models import Incident
from remediation.contexts.campaigns import campaign_view
from remediation.models import Campaign
from remediation.policies import Refused
from remediation.selectors import campaigns_visible, incident_get
from tenants.models import Tenant
from tenants.permissions import TenantRequest, acting, check_form_tenant, organization_page, tenant_page
from tenants.scoping import tenant_scope

Act = Callable[..., HttpResponse | str]  # answers itself, or with what to tell; empty: what is shown tells enough


@dataclass(frozen=True, slots=True)
class Place:
    """A campaign, the tenants in which it exists for the reader, and its incident where it is looked at from there."""

    campaign: Campaign
    tenants: list[Tenant]
    incident: Incident | None = None

    def url(self, act: str, *ids: int) -> str:
        """The address of an act here."""
        if self.incident:
            return reverse(f"remediation:cross_tenant_{act}", args=[self.incident.tenant.slug, self.incident.pk, *ids])
        return reverse(f"remediation:campaign_{act}", args=[self.campaign.pk, *ids])

    @property
    def page_url(self) -> str:
        if self.incident:
            return reverse("remediation:cross_tenant", args=[self.incident.tenant.slug, self.incident.pk])
        return reverse("remediation:campaign", args=[self.campaign.pk])

    @property
    def box(self) -> str:
        """The id of the element that shows it."""
        return "cross-tenant" if self.incident else "campaign"


def visible_campaigns(request: TenantRequest) -> QuerySet[Campaign]:
    ids = [tenant.pk for tenant in request.tenants]
    return campaigns_visible(organization_id=request.user.organization_id, tenant_ids=ids)


def campaign_place(request: TenantRequest, campaign_id: int) -> Place:
    return Place(get_object_or_404(visible_campaigns(request), pk=campaign_id), request.tenants)


def other_tenants(request: TenantRequest) -> list[Tenant]:
    return [tenant for tenant in request.tenants if tenant.pk != request.tenant.pk]


def place_response(request: TenantRequest, place: Place, *, status: int = 200, **more: Any) -> HttpResponse:
    """The campaign as it is shown here: alone for htmx, in a page of its own otherwise."""
    context = {"place": place, "campaign": place.campaign, "incident": place.incident, "others": place.tenants, **more}
    context["view"] = campaign_view(campaign=place.campaign, tenants=place.tenants, member=request.user)
    name = "cross_tenant" if place.incident else "campaign"
    return render(request, f"remediation/{'_' if request.htmx else ''}{name}.html", context, status=status)


def in_campaign(act: Act) -> Callable[..., HttpResponseBase]:
    """An act on the campaign's own page."""

    @require_POST
    @organization_page
    @acting
    @wraps(act)
    def wrapper(request: TenantRequest, campaign_id: int, **ids: int) -> HttpResponse:
        return _answered(act, request, campaign_place(request, campaign_id), ids)

    return wrapper


def in_incident(act: Act) -> Callable[..., HttpResponseBase]:
    """The same act under step 2, on the incident's other tenants."""

    @require_POST
    @tenant_page
    @acting
    @wraps(act)
    def wrapper(request: TenantRequest, incident_id: int, **ids: int) -> HttpResponse:
        check_form_tenant(request)
        incident = incident_get(incident_id)
        place = Place(get_object_or_404(Campaign, incident=incident), other_tenants(request), incident)
        with tenant_scope(tenant.pk for tenant in place.tenants):
            return _answered(act, request, place, ids)

    return wrapper


def _answered(act: Act, request: TenantRequest, place: Place, ids: dict[str, int]) -> HttpResponse:
    try:
        answer = act(request, place, **ids)
    except Refused as refusal:
        return place_response(request, place, status=409, refusal=str(refusal))
    if not isinstance(answer, str):
        return answer
    if request.htmx:
        return place_response(request, place, notice=answer)
    if answer:
        messages.info(request, answer)
    return redirect(place.page_url)
