"""The organization's policies: how members sign in, and what a second one has to approve."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from tenants.approval import approval_set
from tenants.enums import ApprovalRule
from tenants.forms import ApprovalForm
from tenants.permissions import TenantRequest, admins_only
from tenants.second_factor import FactorNeeded, factors_of, requirement_set
from tenants.selectors import member_list


def _page(
    request: TenantRequest, status: int = 200, *, is_refused: bool = False, approval: ApprovalForm | None = None
) -> HttpResponse:
    people = [one for one in member_list(organization_id=request.user.organization_id) if one.is_active]
    without = [one for one in people if not one.has_second_factor]  # type: ignore[attr-defined]  # annotated
    context = {
        "organization": request.user.organization,
        "without": without,
        "people": len(people),
        "has_own": factors_of(request.user).exists(),
        "is_refused": is_refused,
        "approval": approval or ApprovalForm.of(request.user.organization),
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


@require_POST
@admins_only
def approval_change(request: TenantRequest) -> HttpResponse:
    """Which retractions a second member has to approve."""
    form = ApprovalForm(request.POST)
    if not form.is_valid():
        return _page(request, 422, approval=form)
    said = form.cleaned_data
    rule = ApprovalRule(said["rule"])
    approval_set(
        organization=request.user.organization,
        rule=rule,
        mails=said["mails"],
        tenants=said["tenants"],
        by=request.user,
    )
    messages.success(request, f"Retractions that a second member has to approve: {rule.label.lower()}.")
    return redirect("tenants:security")
