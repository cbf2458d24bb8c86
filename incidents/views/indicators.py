"""What can be pressed in the threat overview: accept, reject and add indicators, and say which mail was the phish."""

from incidents import services
from incidents.enums import IndicatorKind, IndicatorState
from incidents.forms import PhishForm
from incidents.indicator_form import IndicatorForm
from incidents.models import Incident
from incidents.selectors import indicator_get, log_record_get
from incidents.views.acts import Invalid, answered_by
from tenants.permissions import TenantRequest


@answered_by("threat")
def indicator_accept(request: TenantRequest, incident: Incident, indicator_id: int) -> None:
    """It is the attacker's: every row that matches it counts."""
    indicator = indicator_get(incident, indicator_id)
    services.indicator_decide(incident=incident, indicator=indicator, state=IndicatorState.ACCEPTED, by=request.user)


@answered_by("threat")
def indicator_reject(request: TenantRequest, incident: Incident, indicator_id: int) -> None:
    """It is not the attacker's: no row counts because of it, and it is not suggested again."""
    indicator = indicator_get(incident, indicator_id)
    services.indicator_decide(incident=incident, indicator=indicator, state=IndicatorState.REJECTED, by=request.user)


@answered_by("threat")
def indicator_add(request: TenantRequest, incident: Incident) -> Invalid | None:
    """Add one by hand."""
    form = IndicatorForm(request.POST)
    if not form.is_valid():
        return Invalid("indicator_form", form)
    given = form.cleaned_data
    services.indicator_add(
        incident=incident,
        kind=IndicatorKind(given["kind"]),
        value=given["value"],
        reason=given["note"],
        by=request.user,
    )
    return None


@answered_by("threat")
def phish_pick(request: TenantRequest, incident: Incident) -> Invalid | None:
    """Mark one of the mails that were read before the first sign-in as the phish."""
    form = PhishForm(request.POST)
    if not form.is_valid():
        return Invalid("phish_form", form)
    record = log_record_get(incident, form.cleaned_data["record"])
    message = form.cleaned_data["message"]
    services.phish_mark(incident=incident, record=record, by=request.user, internet_message_id=message)
    return None
