"""Phish sweep, the pages of a campaign, and Cross-Tenant Phish in an incident's panel."""

from datetime import timedelta

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from remediation.contexts.campaigns import campaign_part_view, campaign_views
from remediation.forms import SweepForm
from remediation.models import Campaign
from remediation.places import Place, campaign_place, other_tenants, place_response, visible_campaigns
from remediation.policies import Refused
from remediation.selectors import campaigns_visible, incident_get
from remediation.services import retractions_waiting, sweep_begin
from tenants.access import can_act, can_see_organization
from tenants.permissions import TenantRequest, acting, organization_page, tenant_page
from tenants.scoping import tenant_scope

A_PAGE = 25
LOOKS_BACK = timedelta(days=30)  # what the form proposes
PROPOSED = ("link", "attachment_hash")  # what a link to the form may fill in


@require_GET
@never_cache
@organization_page
def sweeps(request: TenantRequest) -> HttpResponse:
    """The form, and all campaigns that the reader may see."""
    initial = {"since": timezone.localdate() - LOOKS_BACK, **{name: request.GET.get(name, "") for name in PROPOSED}}
    return _list(request, SweepForm(tenants=request.tenants, initial=initial))


def _list(request: TenantRequest, form: forms.Form, *, status: int = 200) -> HttpResponse:
    page = Paginator(visible_campaigns(request), A_PAGE).get_page(request.GET.get("page"))
    views = campaign_views(campaigns=list(page), tenants=request.tenants, member=request.user)
    context = {"form": form, "page": page, "campaigns": views, "can_act": can_act(request.user)}
    context["waiting"] = retractions_waiting(member=request.user, tenants=request.tenants)
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
    """What was found, tenant by tenant; alone for htmx, which asks again while something is under way."""
    return place_response(request, campaign_place(request, campaign_id))


@require_GET
@never_cache
@tenant_page
def campaign_part(request: TenantRequest, campaign_id: int) -> HttpResponse:
    """All mails of a campaign in one tenant, page by page."""
    visible = campaigns_visible(organization_id=request.user.organization_id, tenant_ids=[request.tenant.pk])
    found = get_object_or_404(visible, pk=campaign_id)
    page = request.GET.get("page")
    view = campaign_part_view(campaign=found, tenant=request.tenant, member=request.user, page=page)
    place = Place(found, [request.tenant])
    context = {"place": place, "campaign": found, "view": view, "part": view.parts[0], "page": view.page}
    context["has_campaign_page"] = can_see_organization(request.user)
    return render(request, "remediation/campaign_part.html", context)


@require_GET
@never_cache
@tenant_page
def cross_tenant(request: TenantRequest, incident_id: int) -> HttpResponse:
    """Cross-Tenant Phish of an incident: the other tenants, as far as the reader may see them."""
    incident, others = incident_get(incident_id), other_tenants(request)
    if found := Campaign.objects.filter(incident=incident).first():
        with tenant_scope(tenant.pk for tenant in others):
            return place_response(request, Place(found, others, incident))
    template = "remediation/_cross_tenant.html" if request.htmx else "remediation/cross_tenant.html"
    return render(request, template, {"incident": incident, "others": others})
