"""How members have to sign in: the organization's policy."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from tenants.permissions import TenantRequest, admins_only
from tenants.second_factor import FactorNeeded, factors_of, requirement_set
from tenants.selectors import member_list


def _page(request: TenantRequest, status: int = 200, *, is_refused: bool = False) -> HttpResponse:
    people = [one for one in member_list(organization_id=request.user.organization_id) if one.is_active]
    without = [one for one in people if not one.has_second_factor]  # type: ignore[attr-defined]  # annotated
    context = {
        "organization": request.user.organization,
        "without": without,
        "people": len(people),
        "has_own": factors_of(request.user).exists(),
        "is_refused": is_refused,
    }
    return render(request, "tenants/security.html", context, status=status)


@require_safe
@admins_only
def security(request: TenantRequest) -> HttpResponse:
    """Whether a second factor is required, and whom that would stop."""
    return _page(request)


@require_POST
@admins_only
def security_change(request: TenantRequest) -> HttpResponse:
    """Require a second factor of every member, or stop doing so."""
    is_required = request.POST.get("require_second_factor") == "on"
    try:
        requirement_set(organization=request.user.organization, is_required=is_required, by=request.user)
    except FactorNeeded:
        return _page(request, 409, is_refused=True)
    words = "A second factor is required" if is_required else "A second factor is no longer required"
    messages.success(request, f"{words} of every member.")
    return redirect("tenants:security")
