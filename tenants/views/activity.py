"""The page of the trail of what was done, and the same as a file."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from tenants.access import tenant_get
from tenants.activity_export import activity_export
from tenants.forms import ActivityFilter
from tenants.models import AuditEvent
from tenants.permissions import TenantRequest
from tenants.trail import ChainEnd, chain_ends, trail_page, trail_rows, trail_verbs

PAGE = 50  # rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityView:
    """One page of the audit trail, newest first. `first_url` is empty on the first page, `next_url` on the last.

    `asked`: the filters, as the address has them. `ends`: the newest links of the chains that these entries are of.
    """

    events: list[AuditEvent]
    asked: dict[str, str]
    ends: list[ChainEnd]
    first_url: str
    next_url: str


@require_safe
def activity(request: TenantRequest) -> HttpResponse:
    """The audit trail, as far as the reader may see it; 404 for a tenant that does not exist for them."""
    form = _form(request, request.GET)
    wanted, asked, before = form.wanted(), form.asked(), form.cleaned_data.get("before")
    if wanted.tenant:
        request.tenant = wanted.tenant  # the switcher and the tabs stay with it
    rows = trail_rows(member=request.user, tenants=request.tenants, wanted=wanted)
    events, following = trail_page(rows, before_id=before, size=PAGE)
    view = ActivityView(
        events=events,
        asked=asked,
        ends=chain_ends(member=request.user, tenants=request.tenants, tenant=wanted.tenant),
        first_url=_address(asked) if before else "",
        next_url=_address(asked | {"before": str(following)}) if following else "",
    )
    template = "tenants/_activity.html" if request.htmx else "tenants/activity.html"
    return render(request, template, {"activity": view, "form": form})


@require_POST
def export(request: TenantRequest) -> HttpResponse:
    """What the page shows with these filters, all pages of it, as CSV."""
    form = _form(request, request.POST)
    content = activity_export(by=request.user, tenants=request.tenants, wanted=form.wanted())
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    name = f"petra-activity-{timezone.now():%Y-%m-%d-%H%M%S}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _form(request: TenantRequest, given: QueryDict) -> ActivityFilter:
    """The filters.

    Raises:
        Http404: when they name a tenant that does not exist for the reader.
    """
    if slug := given.get("tenant", ""):
        tenant_get(slug=slug, tenants=request.tenants)
    verbs = trail_verbs(member=request.user, tenants=request.tenants)
    return ActivityFilter(given, tenants=request.tenants, verbs=verbs)


def _address(asked: dict[str, str]) -> str:
    return "?" + urlencode(asked)
