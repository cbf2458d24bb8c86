"""Open incident: the form, and the press."""

from typing import Any

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from incidents.evidence.accounts import AccountUnknown, account_find
from incidents.forms import CONTROL
from incidents.models import Incident
from incidents.services import AlreadyOpen, IncidentRefused, Opening, incident_open
from incidents.services.opening import DEFAULT_TITLE
from tenants.access import can_act
from tenants.permissions import TenantRequest, acting, check_form_tenant, tenant_page

LOCAL = "%Y-%m-%dT%H:%M"  # how browsers write a moment without a zone


class OpeningForm(forms.Form):
    """Whose account, since when, and what happened. The moment is in the reader's time zone, which is named."""

    user = forms.CharField(
        label="Account",
        max_length=320,
        widget=forms.TextInput(
            attrs={**CONTROL, "autocomplete": "off", "spellcheck": "false", "inputmode": "email", "dir": "ltr"}
        ),
        help_text="The address with which the person signs in.",
        error_messages={"required": "Give the address of the account."},
    )
    since = forms.DateTimeField(
        label="Compromised since",
        widget=forms.DateTimeInput(attrs={**CONTROL, "type": "datetime-local"}, format=LOCAL),
        error_messages={
            "required": "Say since when the account is held to be compromised.",
            "invalid": "Give day and time, as in 2026-03-01 10:30.",
        },
    )
    title = forms.CharField(
        label="What happened",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={**CONTROL, "placeholder": DEFAULT_TITLE}),
        help_text="In a few words; it stands in the list of incidents.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        zone = timezone.get_current_timezone_name()
        self.fields[
            "since"
        ].help_text = (
            f"Time zone: {zone}. The first moment that may have been the attacker's; logs are read from a day before."
        )

    def opening(self) -> Opening:
        """What is known at the beginning."""
        return Opening(since=self.cleaned_data["since"], title=self.cleaned_data["title"])


@require_safe
@never_cache
@tenant_page
def open_form(request: TenantRequest) -> HttpResponse:
    """The form, filled in with the account that it was reached from."""
    form = OpeningForm(initial={"user": request.GET.get("user", "")[:320]})
    return _page(request, form)


@require_POST
@tenant_page
@acting
def open_incident(request: TenantRequest) -> HttpResponse:
    """Open it, and go to its page."""
    check_form_tenant(request)
    form = OpeningForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        account = account_find(tenant=request.tenant, address=form.cleaned_data["user"])
        incident = incident_open(tenant=request.tenant, account=account, opening=form.opening(), by=request.user)
    except AccountUnknown as unknown:
        form.add_error("user", str(unknown))
        return _page(request, form, status=422)
    except AlreadyOpen as met:
        return _page(request, form, status=409, met=met.incident, words=str(met))
    except IncidentRefused as refusal:
        form.add_error("since", str(refusal))
        return _page(request, form, status=422)
    response = HttpResponseRedirect(reverse("incidents:detail", args=[request.tenant.slug, incident.pk]))
    response.status_code = 303
    return response


def _page(
    request: TenantRequest, form: OpeningForm, *, status: int = 200, met: Incident | None = None, words: str = ""
) -> HttpResponse:
    context = {
        "form": form,
        "tenant": request.tenant,
        "can_act": can_act(request.user),
        "met": met,
        "words": words,
    }
    return render(request, "incidents/open.html", context, status=status)
