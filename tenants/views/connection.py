"""A tenant's Connection page, and what is pressed on it: POST, managers only, one and the same tenant."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from graph import Service
from tenants import connecting, portfolio
from tenants.access import can_manage_tenants
from tenants.connecting import ConnectRefused
from tenants.connection_forms import (
    ConsentForm,
    FinishForm,
    MarkForm,
    NameForm,
    OwnApplicationForm,
    PauseForm,
    RemoveForm,
)
from tenants.connection_page import connection_page
from tenants.enums import ConnectionApplication
from tenants.models import ConsentRequest
from tenants.permissions import TenantRequest, acting, check_form_tenant, organization_page, tenant_page
from tenants.portfolio import TenantRefused

MOST_WORDS = 500  # characters of what comes with an answer; it is somebody else's text
MANAGERS_ONLY = "Only members who manage tenants can change a connection."

Act = Callable[[TenantRequest], HttpResponse]


def _managed(act: Act) -> Callable[..., HttpResponse]:
    """What all acts have in common; a refusal is told on the page, in words."""

    @require_POST
    @tenant_page
    @acting
    @wraps(act)
    def view(request: TenantRequest) -> HttpResponse:
        if not can_manage_tenants(request.user):
            raise PermissionDenied(MANAGERS_ONLY)
        check_form_tenant(request)
        try:
            return act(request)
        except (ConnectRefused, TenantRefused) as refusal:
            return _page(request, status=409, refusal=str(refusal))

    return view  # type: ignore[return-value]  # tenant_page answers any kind of response


def _page(request: TenantRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    page = connection_page(tenant=request.tenant, tenants=request.tenants, member=request.user, **more)
    template = "tenants/_connection.html" if request.htmx else "tenants/connection.html"
    context = {"page": page, "tenant": request.tenant, "forms": page.forms}
    return render(request, template, context, status=status)


def _invalid(request: TenantRequest, name: str, form: forms.Form) -> HttpResponse:
    return _page(request, status=422, given={name: form})


def _done(request: TenantRequest, words: str) -> HttpResponse:
    """The fragment for htmx; else 303 to the page, which says it."""
    if request.htmx:
        return _page(request)
    messages.success(request, words)
    return HttpResponseRedirect(reverse("connections:page", args=[request.tenant.slug]), status=303)


@require_safe
@never_cache
@tenant_page
def page(request: TenantRequest) -> HttpResponse:
    """How Petra reaches the tenant, and what is missing there."""
    return _page(request)


@_managed
def test(request: TenantRequest) -> HttpResponse:
    """Look again at everything that the connection needs."""
    looked = connecting.connection_test(tenant=request.tenant, by=request.user)
    return _done(request, looked.failure or f"Connection of {request.tenant.name} tested.")


@_managed
def consent(request: TenantRequest) -> HttpResponse:
    """Make a consent link, and show it: it is kept nowhere else."""
    form = ConsentForm(request.POST)
    if not form.is_valid():
        return _page(request, status=422, refusal="No such consent can be asked for. Nothing was changed.")
    link = connecting.consent_begin(
        tenant=request.tenant,
        application=ConnectionApplication(form.cleaned_data["application"]),
        service=Service(form.cleaned_data["service"]),
        redirect_uri=request.build_absolute_uri(reverse("connections:answer")),
        by=request.user,
    )
    return _page(request, link=link)


@_managed
def finish(request: TenantRequest) -> HttpResponse:
    """Prove an administrator's answer, and store the connection."""
    form = FinishForm(request.POST)
    if not form.is_valid():
        return _page(request, status=422, refusal="That is no answer of Microsoft's. Nothing was stored.")
    connecting.consent_finish(
        tenant=request.tenant,
        state=form.cleaned_data["state"],
        microsoft_tenant_id=str(form.cleaned_data["microsoft_tenant_id"]),
        by=request.user,
    )
    return _done(request, f"{request.tenant.name} is connected. What is still missing stands below.")


@_managed
def own(request: TenantRequest) -> HttpResponse:
    """Store an application of the tenant's own, once it has signed in."""
    form = OwnApplicationForm(request.POST, request.FILES, tenant=request.tenant, auto_id="own_%s")
    if not form.is_valid():
        return _invalid(request, "own", form)
    connecting.connection_prove(connection=form.connection(), by=request.user)
    return _done(request, f"{request.tenant.name} is connected. What is still missing stands below.")


@_managed
def rename(request: TenantRequest) -> HttpResponse:
    """Give the tenant another name."""
    form = NameForm(request.POST, tenants=request.tenants, itself=request.tenant, auto_id="rename_%s")
    if not form.is_valid():
        return _invalid(request, "name", form)
    portfolio.tenant_rename(tenant=request.tenant, name=form.cleaned_data["name"], by=request.user)
    return _done(request, f"Renamed to {request.tenant.name}.")


@_managed
def mark(request: TenantRequest) -> HttpResponse:
    """Mark the tenant sensitive, or no longer."""
    form = MarkForm(request.POST)
    form.is_valid()
    is_sensitive = bool(form.cleaned_data["is_sensitive"])
    portfolio.tenant_mark(tenant=request.tenant, is_sensitive=is_sensitive, by=request.user)
    return _done(request, f"{request.tenant.name} is {'sensitive now' if is_sensitive else 'no longer sensitive'}.")


@_managed
def pause(request: TenantRequest) -> HttpResponse:
    """Read and send nothing there from now on."""
    form = PauseForm(request.POST, auto_id="pause_%s")
    if not form.is_valid():
        return _invalid(request, "pause", form)
    portfolio.tenant_pause(tenant=request.tenant, reason=form.cleaned_data["reason"], by=request.user)
    return _done(request, f"{request.tenant.name} is paused.")


@_managed
def resume(request: TenantRequest) -> HttpResponse:
    """Read and send again."""
    portfolio.tenant_resume(tenant=request.tenant, by=request.user)
    return _done(request, f"{request.tenant.name} is resumed.")


@_managed
def remove(request: TenantRequest) -> HttpResponse:
    """Destroy what Petra holds of the tenant; the audit trail stays."""
    form = RemoveForm(request.POST, auto_id="remove_%s")
    if not form.is_valid():
        return _invalid(request, "remove", form)
    portfolio.tenant_remove(tenant=request.tenant, by=request.user, **form.cleaned_data)
    messages.success(request, f"{request.tenant.name} was removed. Its audit trail stays.")
    return HttpResponseRedirect(reverse("tenants:tenants"), status=303)


# --- What Microsoft sends back ----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """What came back with the browser. Words that are not ours are shown only where the state is good."""

    asked: ConsentRequest | None = None
    state: str = ""
    microsoft_tenant_id: str = ""
    refusal: str = ""
    error: str = ""
    description: str = ""


@require_safe
@never_cache
@organization_page
def answer(request: TenantRequest) -> HttpResponse:
    """Where Microsoft sends the browser after the consent page. Nothing is done here: what it says is to be proven."""
    if not can_manage_tenants(request.user):
        raise PermissionDenied(MANAGERS_ONLY)
    view = _read_answer(request)
    context = {"answer": view, "tenant": view.asked.tenant if view.asked else None}
    return render(request, "tenants/connection_answer.html", context, status=200 if view.asked else 400)


def _read_answer(request: HttpRequest) -> AnswerView:
    told = {name: request.GET.get(name, "") for name in ("state", "tenant", "admin_consent", "error")}
    try:
        asked = connecting.consent_get(state=told["state"], by=request.user)  # type: ignore[arg-type]  # signed in
    except ConnectRefused as refusal:
        return AnswerView(refusal=str(refusal))
    # Microsoft says admin_consent=True where it was declined, too: the error decides.
    description = request.GET.get("error_description", "")[:MOST_WORDS]
    if told["error"] or description:
        return AnswerView(asked=asked, error=told["error"][:100] or "error", description=description)
    form = FinishForm({"state": told["state"], "microsoft_tenant_id": told["tenant"]})
    if told["admin_consent"].lower() != "true" or not form.is_valid():
        return AnswerView(asked=asked, error="incomplete", description="Microsoft's answer does not say who accepted.")
    return AnswerView(
        asked=asked, state=told["state"], microsoft_tenant_id=str(form.cleaned_data["microsoft_tenant_id"])
    )
