"""Acts on a campaign: search again, plan a retraction, confirm it, decide on it, stop, resume, retry and undo it.

Each stands at two addresses, see `places`.
"""

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from remediation.contexts.campaigns import campaign_views
from remediation.forms import ChosenForm, ConfirmForm, ReasonForm, TakeBackForm, words_of
from remediation.models import Retraction
from remediation.places import Place
from remediation.policies import Refused
from remediation.selectors import retractions_visible
from remediation.services import (
    campaign_search,
    retraction_approve,
    retraction_begin,
    retraction_plan,
    retraction_refuse,
    retraction_resume,
    retraction_retry,
    retraction_stop,
    retraction_undo,
)
from tenants.permissions import TenantRequest


def _retraction(place: Place, retraction_id: int) -> Retraction:
    ids = [tenant.pk for tenant in place.tenants]
    visible = retractions_visible(campaign_id=place.campaign.pk, tenant_ids=ids)
    return get_object_or_404(visible.select_related("campaign"), pk=retraction_id)


def search(request: TenantRequest, place: Place) -> str:
    """Look again, in all tenants that the campaign concerns."""
    (view,) = campaign_views(campaigns=[place.campaign], tenants=place.tenants, member=request.user)
    count = campaign_search(campaign=place.campaign, tenants=[part.tenant for part in view.parts], by=request.user)
    return "" if count else "A search is under way already."


def plan(request: TenantRequest, place: Place) -> HttpResponse:
    """What a press would take out, and the very requests; nothing is written, nothing is sent."""
    form = ChosenForm(request.POST)
    if not form.is_valid():
        raise Refused(words_of(form))
    chosen = form.chosen()
    would = retraction_plan(campaign=place.campaign, chosen=chosen, tenants=place.tenants, by=request.user)
    context = {"place": place, "campaign": place.campaign, "incident": place.incident, "plan": would, "chosen": chosen}
    template = "remediation/_retraction_plan.html" if request.htmx else "remediation/retraction_plan.html"
    return render(request, template, {**context, "press_key": uuid.uuid4().hex})


def begin(request: TenantRequest, place: Place) -> str:
    """Confirm a plan."""
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        raise Refused(words_of(form))
    begun = retraction_begin(
        campaign=place.campaign,
        chosen=form.chosen(),
        confirmed=form.confirmed(),
        tenants=place.tenants,
        by=request.user,
    )
    return begun.words


def approve(request: TenantRequest, place: Place, retraction_id: int) -> str:
    """Let it happen, as the second member."""
    retraction_approve(asked=_retraction(place, retraction_id), tenants=place.tenants, by=request.user)
    return ""


def refuse(request: TenantRequest, place: Place, retraction_id: int) -> str:
    """Do not let it happen; or withdraw it, as the one who asked."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise Refused(words_of(form))
    found, reason = _retraction(place, retraction_id), form.cleaned_data["reason"]
    retraction_refuse(asked=found, tenants=place.tenants, reason=reason, by=request.user)
    return ""


def stop(request: TenantRequest, place: Place, retraction_id: int) -> str:
    """Begin nothing more of it."""
    retraction_stop(retraction=_retraction(place, retraction_id), tenants=place.tenants, by=request.user)
    return ""


def resume(request: TenantRequest, place: Place, retraction_id: int) -> str:
    """Go on with it."""
    retraction_resume(retraction=_retraction(place, retraction_id), tenants=place.tenants, by=request.user)
    return ""


def retry(request: TenantRequest, place: Place, retraction_id: int) -> str:
    """Try again what failed of it."""
    retraction_retry(retraction=_retraction(place, retraction_id), tenants=place.tenants, by=request.user)
    return ""


def undo(request: TenantRequest, place: Place, retraction_id: int) -> str:
    """Put mails back: some, those of a tenant, or all of it."""
    form = TakeBackForm(request.POST)
    if not form.is_valid():
        raise Refused(words_of(form))
    retraction_undo(
        retraction=_retraction(place, retraction_id),
        tenants=place.tenants,
        by=request.user,
        run_ids=form.cleaned_data["runs"],
        tenant_slugs=form.cleaned_data["whole"],
    )
    return ""
