"""The Remediation Actions panel: the same fragment in the page and alone, and one POST address per action."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from incidents.models import Incident
from incidents.services import IncidentRefused
from remediation.contexts import panel_view
from remediation.enums import FINDING_STEPS, Step
from remediation.forms import JudgeForm, PressForm, ReasonForm, SelectionForm, UndoForm, words_of
from remediation.models import ActionRun, Finding, WorkOrder
from remediation.passwords import PasswordGone, reveal, spell
from remediation.policies import Refused
from remediation.selectors import incident_get
from remediation.services import (
    finding_judge,
    incident_mark_remediated,
    retraction_approve,
    retraction_override,
    retraction_refuse,
    retry_words,
    runs_undo,
    scan_request,
    step_press,
    step_preview,
    step_retry,
    undo_words,
    watch_stop,
)
from tenants.permissions import TenantRequest, acting, check_form_tenant, tenant_page


def _step(number: int, *, among: tuple[Step, ...] = tuple(Step)) -> Step:
    if number not in among:
        raise Http404
    return Step(number)


def panel_response(request: TenantRequest, incident: Incident, *, status: int = 200, **more: Any) -> HttpResponse:
    """The panel: alone for htmx, in a page of its own otherwise."""
    context = {
        "incident": incident,
        "panel": panel_view(incident=incident, member=request.user),
        "press_key": uuid.uuid4().hex,
        **more,
    }
    template = "remediation/_panel.html" if request.htmx else "remediation/panel.html"
    return render(request, template, context, status=status)


def _answer(request: TenantRequest, incident: Incident, words: str, *, level: str = "info") -> HttpResponse:
    """After an act: the fresh panel for htmx; back to the incident's page otherwise."""
    if request.htmx:
        incident = incident_get(incident.pk)
        return panel_response(request, incident, notice=words, notice_level=level)
    if words:
        messages.add_message(request, messages.WARNING if level == "warning" else messages.INFO, words)
    return redirect("incidents:detail", tenant=request.tenant.slug, incident_id=incident.pk)


def _reason(request: TenantRequest) -> str:
    """The reason that came with a press.

    Raises:
        Refused: when it is too long.
    """
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise Refused(words_of(form))
    return str(form.cleaned_data["reason"])


def _refused(request: TenantRequest, incident: Incident, words: str, *, status: int = 409) -> HttpResponse:
    incident = incident_get(incident.pk)
    return panel_response(request, incident, status=status, notice=words, notice_level="warning")


def _acts_on_incident(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponseBase]:
    """What every act has in common: POST, a member who may act, one and the same tenant, refusals told in words."""

    @require_POST
    @tenant_page
    @acting
    @wraps(view)
    def wrapper(request: TenantRequest, incident_id: int, *args: Any, **kwargs: Any) -> HttpResponse:
        check_form_tenant(request)
        incident = incident_get(incident_id)
        try:
            return view(request, incident, *args, **kwargs)
        except (Refused, IncidentRefused, PasswordGone) as refusal:
            return _refused(request, incident, str(refusal))

    return wrapper


@require_GET
@never_cache
@tenant_page
def panel(request: TenantRequest, incident_id: int) -> HttpResponse:
    """The panel as it stands."""
    return panel_response(request, incident_get(incident_id))


@_acts_on_incident
def press(request: TenantRequest, incident: Incident, step: int) -> HttpResponse:
    """Take a step: what was selected, or all that is suspicious."""
    form = PressForm(request.POST)
    if not form.is_valid():
        return _refused(request, incident, words_of(form), status=422)
    if step == Step.REMEDIATED:
        incident_mark_remediated(incident=incident, reason=form.cleaned_data["reason"], by=request.user)
        return _answer(request, incident, "")
    pressed = step_press(incident=incident, step=_step(step), press=form.press(), by=request.user)
    return _answer(request, incident, pressed.words)


@_acts_on_incident
def approve(request: TenantRequest, incident: Incident, order_id: int) -> HttpResponse:
    """Let happen what waits for approval, as the second member."""
    order = get_object_or_404(WorkOrder, incident=incident, pk=order_id)
    retraction_approve(asked=order, tenants=[request.tenant], by=request.user)
    return _answer(request, incident, "")


@_acts_on_incident
def refuse(request: TenantRequest, incident: Incident, order_id: int) -> HttpResponse:
    """Do not let it happen; or withdraw it, as the one who asked."""
    order, reason = get_object_or_404(WorkOrder, incident=incident, pk=order_id), _reason(request)
    retraction_refuse(asked=order, tenants=[request.tenant], reason=reason, by=request.user)
    return _answer(request, incident, "")


@_acts_on_incident
def override(request: TenantRequest, incident: Incident, order_id: int) -> HttpResponse:
    """An emergency: go on without approval, as the one who asked."""
    order = get_object_or_404(WorkOrder, incident=incident, pk=order_id)
    retraction_override(order=order, reason=_reason(request), by=request.user)
    return _answer(request, incident, "")


@_acts_on_incident
def retry(request: TenantRequest, incident: Incident, step: int) -> HttpResponse:
    """Retry failed: just those items of a step that failed."""
    chosen = _step(step)
    count = step_retry(incident=incident, step=chosen, by=request.user)
    return _answer(request, incident, "" if count else retry_words(incident=incident, step=chosen))


@_acts_on_incident
def undo(request: TenantRequest, incident: Incident) -> HttpResponse:
    """Take back what the named runs did."""
    form = UndoForm(request.POST)
    if not form.is_valid() or not form.cleaned_data["runs"]:
        return _refused(request, incident, "Nothing was selected to undo.", status=422)
    chosen = form.cleaned_data
    count = runs_undo(incident=incident, run_ids=chosen["runs"], by=request.user, confirmed=chosen["confirmed"])
    return _answer(request, incident, "" if count else undo_words(incident=incident, run_ids=chosen["runs"]))


@_acts_on_incident
def scan(request: TenantRequest, incident: Incident, step: int) -> HttpResponse:
    """Look again for what a step could act on."""
    is_new = scan_request(incident=incident, step=_step(step, among=FINDING_STEPS), by=request.user)
    return _answer(request, incident, "" if is_new else "A search is running already.")


@_acts_on_incident
def stop_watch(request: TenantRequest, incident: Incident) -> HttpResponse:
    """Stop watching whether the synchronization enables the account again."""
    was_watched = watch_stop(incident=incident, by=request.user)
    return _answer(request, incident, "" if was_watched else "Nobody was watching this account any more.")


@_acts_on_incident
def judge(request: TenantRequest, incident: Incident, finding_id: int) -> HttpResponse:
    """Keep a verdict on a finding."""
    form = JudgeForm(request.POST)
    if not form.is_valid():
        return _refused(request, incident, words_of(form), status=422)
    finding = get_object_or_404(Finding, incident=incident, pk=finding_id)
    finding_judge(incident=incident, finding=finding, verdict=form.cleaned_data["verdict"], by=request.user)
    return _answer(request, incident, "")


@never_cache
@_acts_on_incident
@sensitive_variables("password")
def reveal_password(request: TenantRequest, incident: Incident, run_id: int) -> HttpResponse:
    """Show a new password, once, to the one who pressed."""
    run = get_object_or_404(ActionRun.objects.select_related("tenant"), incident=incident, pk=run_id)
    password = reveal(run=run, by=request.user)
    context = {"incident": incident, "password": password, "spelling": spell(password)}
    template = "remediation/_password.html" if request.htmx else "remediation/password.html"
    return render(request, template, context)


@require_GET
@never_cache
@tenant_page
def preview(request: TenantRequest, incident_id: int, step: int) -> HttpResponse:
    """What a press would change, and the very requests; nothing is written, nothing is sent."""
    incident = incident_get(incident_id)
    form = SelectionForm(request.GET)
    if not form.is_valid():
        return _refused(request, incident, words_of(form), status=422)
    chosen = form.cleaned_data
    try:
        drafts = step_preview(
            incident=incident, step=_step(step), finding_ids=chosen["items"], all_suspicious=chosen["all"]
        )
    except Refused as refusal:
        return _refused(request, incident, str(refusal))
    context = {"incident": incident, "step": Step(step), "drafts": drafts}
    template = "remediation/_preview.html" if request.htmx else "remediation/preview.html"
    return render(request, template, context)
