"""The page of the organization's members."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenants.permissions import TenantRequest, organization_page
from tenants.selectors import member_list


@require_safe
@organization_page
def members(request: HttpRequest) -> HttpResponse:
    """Who belongs to the organization, and what they may do."""
    ours: TenantRequest = request  # type: ignore[assignment]  # the middleware makes it one
    people = member_list(organization_id=ours.user.organization_id)
    return render(request, "tenants/members.html", {"members": people, "organization": ours.user.organization})
