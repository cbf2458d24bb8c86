"""What can be pressed on an incident page. One address per act, POST only; the answer is the part that it changed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from incidents import services
from incidents.contexts.log_addresses import log_url
from incidents.forms import AssignForm, DismissForm, NoteForm, PhishForm
from incidents.log_filter import LogFilter
from incidents.models import Incident
from incidents.selectors import incident_get, log_record_get, logbook_of_incident
from incidents.services import IncidentRefused
from incidents.views.page import part_response
from tenants.permissions import TenantRequest, acting, check_form_tenant, tenant_page
from tenants.selectors import owners_for


@dataclass(frozen=True, slots=True)
class Invalid:
    """A form in error, and the name under which the page shows it."""

    name: str
    form: forms.Form

    @property
    def words(self) -> str:
        return " ".join(str(error) for errors in self.form.errors.values() for error in errors)


Act = Callable[..., Invalid | None]  # of the request, the incident, and what else the address names


def answered_by(part: str) -> Callable[[Act], Callable[..., HttpResponse]]:
    """What all acts have in common: POST, a member who may act, one and the same tenant, refusals told in words."""

    def decorate(act: Act) -> Callable[..., HttpResponse]:
        @require_POST
        @tenant_page
        @acting
        @wraps(act)
        def view(request: TenantRequest, incident_id: int, **named: int) -> HttpResponse:
            check_form_tenant(request)
            incident = incident_get(incident_id)
            try:
                invalid = act(request, incident, **named)
            except IncidentRefused as refusal:
                fresh = incident_get(incident_id)
                return part_response(request, fresh, part, status=409, refusal=str(refusal), refused_part=part)
            if invalid:
                more = {invalid.name: invalid.form, "refusal": invalid.words, "refused_part": part}
                return part_response(request, incident, part, status=422, **more)
            if request.htmx:
                return part_response(request, incident_get(incident_id), part)
            return _back(request, incident, part)

        return view  # type: ignore[return-value]  # tenant_page answers any kind of response

    return decorate


def _back(request: TenantRequest, incident: Incident, part: str) -> HttpResponse:
    """303 to the page, at the part that was changed; to the tab and page of the logs on which the form stood."""
    if part == "logs":
        address = log_url(logbook_of_incident(incident), LogFilter(request.POST).choice())
    else:
        address = reverse("incidents:detail", args=[request.tenant.slug, incident.pk])
    response = HttpResponseRedirect(f"{address}#{part}")
    response.status_code = 303
    return response


@answered_by("header")
def publish(request: TenantRequest, incident: Incident) -> None:
    """Begin the work on an unpublished incident."""
    services.incident_publish(incident=incident, by=request.user)


@answered_by("header")
def dismiss(request: TenantRequest, incident: Incident) -> Invalid | None:
    """Close it as a false alarm, with the reason."""
    form = DismissForm(request.POST)
    if not form.is_valid():
        return Invalid("dismiss_form", form)
    services.incident_dismiss(incident=incident, reason=form.cleaned_data["reason"], by=request.user)
    return None


@answered_by("header")
def reopen(request: TenantRequest, incident: Incident) -> None:
    """Make a closed incident active again."""
    services.incident_reopen(incident=incident, by=request.user)


@answered_by("header")
def assign(request: TenantRequest, incident: Incident) -> Invalid | None:
    """Give it an owner, or none."""
    form = AssignForm(request.POST, owners=owners_for(incident.tenant))
    if not form.is_valid():
        return Invalid("assign_form", form)
    services.incident_assign(incident=incident, owner=form.cleaned_data["owner"], by=request.user)
    return None


@answered_by("notes")
def note(request: TenantRequest, incident: Incident) -> Invalid | None:
    """Write a note."""
    form = NoteForm(request.POST)
    if not form.is_valid():
        return Invalid("note_form", form)
    services.note_add(incident=incident, text=form.cleaned_data["text"], by=request.user)
    return None


@answered_by("logs")
def phish_mark(request: TenantRequest, incident: Incident) -> Invalid | None:
    """Mark the message of a log row as the phish."""
    form = PhishForm(request.POST)
    if not form.is_valid():
        return Invalid("phish_form", form)
    record = log_record_get(incident, form.cleaned_data["record"])
    services.phish_mark(
        incident=incident, record=record, by=request.user, internet_message_id=form.cleaned_data["message"]
    )
    return None


@answered_by("logs")
def phish_unmark(request: TenantRequest, incident: Incident) -> Invalid | None:
    """Take the mark from the message of a log row."""
    form = PhishForm(request.POST)
    if not form.is_valid():
        return Invalid("phish_form", form)
    record = log_record_get(incident, form.cleaned_data["record"])
    message = form.cleaned_data["message"] or record.internet_message_id
    services.phish_unmark(incident=incident, internet_message_id=message, by=request.user)
    return None
