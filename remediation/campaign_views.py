"""Phish sweep, the pages of a campaign, and Cross-Tenant Phish in an incident's panel."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from incidents.models import Incident
from remediation.contexts.campaigns import campaign_view, campaign_views
from remediation.forms import SweepForm
from remediation.models import Campaign
from remediation.policies import Refused
from remediation.selectors import campaigns_visible, incident_get
from remediation.services import campaign_search, sweep_begin
from tenants.access import can_act
from tenants.models import Tenant
from tenants.permissions import TenantRequest, acting, check_form_tenant, organization_page, tenant_page
from tenants.scoping import tenant_scope

A_PAGE = 25
LOOKS_BACK = timedelta(days=30)  # what the form proposes


def _campaign_get(request: TenantRequest, campaign_id: int) -> Campaign:
    return get_object_or_404(_visible(request), pk=campaign_id)


def _visible(request: TenantRequest) -> QuerySet[Campaign]:
    ids = [tenant.pk for tenant in request.tenants]
    return campaigns_visible(organization_id=request.user.organization_id, tenant_ids=ids)


@require_GET
@never_cache
@organization_page
def sweeps(request: TenantRequest) -> HttpResponse:
    """The form, and all campaigns that the reader may see."""
    since = timezone.localdate() - LOOKS_BACK
    return _list(request, SweepForm(tenants=request.tenants, initial={"since": since}))


def _list(request: TenantRequest, form: forms.Form, *, status: int = 200) -> HttpResponse:
    page = Paginator(_visible(request), A_PAGE).get_page(request.GET.get("page"))
    views = campaign_views(campaigns=list(page), tenants=request.tenants, can_act=can_act(request.user))
    context = {"form": form, "page": page, "campaigns": views, "can_act": can_act(request.user)}
    return render(request, "remediation/sweeps.html", context, status=status)


@require_POST
@organization_page
@acting
def sweep(request: TenantRequest) -> HttpResponse:
    """Begin to look, and go to the page of what is found."""
    form = SweepForm(request.POST, tenants=request.tenants)
    if not form.is_valid():
        return _list(request, form, status=422)
    try:
        campaign = sweep_begin(**form.chosen(), by=request.user)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _list(request, form, status=422)
    response = HttpResponseRedirect(reverse("remediation:campaign", args=[campaign.pk]))
    response.status_code = 303
    return response


@require_GET
@never_cache
@organization_page
def campaign(request: TenantRequest, campaign_id: int) -> HttpResponse:
    """What was found, tenant by tenant; alone for htmx, which asks again while a search is under way."""
    return _page(request, _campaign_get(request, campaign_id))


def _page(request: TenantRequest, campaign: Campaign, *, status: int = 200, refusal: str = "") -> HttpResponse:
    view = campaign_view(campaign=campaign, tenants=request.tenants, can_act=can_act(request.user))
    template = "remediation/_campaign.html" if request.htmx else "remediation/campaign.html"
    return render(request, template, {"view": view, "campaign": campaign, "refusal": refusal}, status=status)


@require_POST
@organization_page
@acting
def search(request: TenantRequest, campaign_id: int) -> HttpResponse:
    """Look again in all tenants that the reader may see and that the campaign concerns."""
    found = _campaign_get(request, campaign_id)
    view = campaign_view(campaign=found, tenants=request.tenants, can_act=True)
    try:
        count = campaign_search(campaign=found, tenants=[part.tenant for part in view.parts], by=request.user)
    except Refused as refusal:
        return _page(request, found, status=409, refusal=str(refusal))
    if request.htmx:
        return _page(request, found)
    messages.info(request, "Searching again." if count else "A search is under way already.")
    return redirect("remediation:campaign", campaign_id=found.pk)


@require_GET
@never_cache
@tenant_page
def cross_tenant(request: TenantRequest, incident_id: int) -> HttpResponse:
    """Cross-Tenant Phish of an incident: the other tenants, as far as the reader may see them."""
    return _cross_tenant(request, incident_get(incident_id))


def _others(request: TenantRequest) -> list[Tenant]:
    return [tenant for tenant in request.tenants if tenant.pk != request.tenant.pk]


def _cross_tenant(request: TenantRequest, incident: Incident, *, status: int = 200, refusal: str = "") -> HttpResponse:
    others = _others(request)
    campaign = Campaign.objects.filter(incident=incident).first()
    context: dict[str, Any] = {"incident": incident, "others": others, "refusal": refusal}
    if campaign:
        with tenant_scope(tenant.pk for tenant in others):
            context["view"] = campaign_view(campaign=campaign, tenants=others, can_act=can_act(request.user))
    template = "remediation/_cross_tenant.html" if request.htmx else "remediation/cross_tenant.html"
    return render(request, template, context, status=status)


@require_POST
@tenant_page
@acting
def cross_tenant_search(request: TenantRequest, incident_id: int) -> HttpResponse:
    """Look again in the other tenants that the reader may see."""
    check_form_tenant(request)
    incident = incident_get(incident_id)
    campaign = get_object_or_404(Campaign, incident=incident)
    others = _others(request)
    try:
        with tenant_scope(tenant.pk for tenant in others):
            campaign_search(campaign=campaign, tenants=others, by=request.user)
    except Refused as refusal:
        return _cross_tenant(request, incident, status=409, refusal=str(refusal))
    if request.htmx:
        return _cross_tenant(request, incident)
    return redirect("remediation:cross_tenant", tenant=request.tenant.slug, incident_id=incident.pk)
