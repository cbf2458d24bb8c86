"""Members of the organization: who they are, what they may do, and who is invited. Changed by Admins only."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_POST, require_safe

from tenants import membership
from tenants.access import is_admin
from tenants.letters import invitation_send
from tenants.membership import MembershipRefused, Rights
from tenants.membership_forms import InvitationForm, RightsForm
from tenants.models import Invitation, Member
from tenants.permissions import TenantRequest, admins_only, organization_page
from tenants.selectors import invitation_list, member_get, member_list


def _members_page(request: TenantRequest, status: int = 200, **more: Any) -> HttpResponse:
    organization = request.user.organization
    context: dict[str, Any] = {
        "members": member_list(organization_id=organization.pk),
        "organization": organization,
        "visible": {tenant.pk for tenant in request.tenants},  # a guest's tenant may be none of the reader's
    }
    if is_admin(request.user):
        context["invitations"] = invitation_list(organization_id=organization.pk)
        context["form"] = InvitationForm(tenants=request.tenants, initial={"role": "full_member"})
        context |= {"is_email_on": settings.IS_EMAIL_ON, "now": timezone.now()}
    return render(request, "tenants/members.html", context | more, status=status)


def _member_page(request: TenantRequest, shown: Member, status: int = 200, **more: Any) -> HttpResponse:
    rights = Rights.of(shown)
    initial = rights.columns() | {"tenants": list(rights.tenant_ids)}
    form = RightsForm(tenants=request.tenants, initial=initial)
    is_self = shown.pk == request.user.pk
    context = {"member": shown, "form": form, "is_self": is_self}
    return render(request, "tenants/member.html", context | more, status=status)


def _member_or_404(request: TenantRequest, member_id: int) -> Member:
    try:
        return member_get(member_id=member_id, organization_id=request.user.organization_id)
    except Member.DoesNotExist as error:
        raise Http404("No such member.") from error


@require_safe
@organization_page
def members(request: TenantRequest) -> HttpResponse:
    """Who belongs to the organization, and what they may do."""
    return _members_page(request)


@require_POST
@admins_only
def member_invite(request: TenantRequest) -> HttpResponse:
    """Invite somebody. The answer shows the link; no other page ever does."""
    form = InvitationForm(request.POST, tenants=request.tenants)
    if not form.is_valid():
        return _members_page(request, 422, form=form)
    email = form.cleaned_data["email"]
    try:
        invited, token = membership.invitation_make(email=email, rights=form.rights(), by=request.user)
    except MembershipRefused as refusal:
        form.add_error("email", str(refusal))
        return _members_page(request, 422, form=form)
    link = f"{request.build_absolute_uri(reverse('invitation'))}?token={token}"
    is_sent = invitation_send(invitation=invited, link=link)
    response = _members_page(request, link=link, invited=invited, is_sent=is_sent)
    add_never_cache_headers(response)
    return response


@require_safe
@admins_only
def member(request: TenantRequest, member_id: int) -> HttpResponse:
    """One member's rights."""
    return _member_page(request, _member_or_404(request, member_id))


@require_POST
@admins_only
def member_change(request: TenantRequest, member_id: int) -> HttpResponse:
    """Give a member other rights."""
    changed = _member_or_404(request, member_id)
    form = RightsForm(request.POST, tenants=request.tenants)
    if not form.is_valid():
        return _member_page(request, changed, 422, form=form)
    try:
        membership.member_change(member=changed, rights=form.rights(), by=request.user)
    except MembershipRefused as refusal:
        return _member_page(request, changed, 409, refusal=str(refusal))
    messages.success(request, f"{changed.display_name}: role and flags saved.")
    return redirect("tenants:members")


Act = Callable[..., object]


def _act_on(request: TenantRequest, member_id: int, act: Act, done: str) -> HttpResponse:
    """Do something to a member, and say so on the page that one came from."""
    touched = _member_or_404(request, member_id)
    try:
        act(member=touched, by=request.user)
    except MembershipRefused as refusal:
        return _member_page(request, touched, 409, refusal=str(refusal))
    messages.success(request, done.format(name=touched.display_name))
    return redirect("tenants:member", member_id=member_id)


@require_POST
@admins_only
def member_deactivate(request: TenantRequest, member_id: int) -> HttpResponse:
    """Take away the sign-in, and end all sessions."""
    return _act_on(request, member_id, membership.member_deactivate, "{name} is signed out and cannot sign in.")


@require_POST
@admins_only
def member_reactivate(request: TenantRequest, member_id: int) -> HttpResponse:
    """Give the sign-in back."""
    return _act_on(request, member_id, membership.member_reactivate, "{name} can sign in again.")


@require_POST
@admins_only
def factors_remove(request: TenantRequest, member_id: int) -> HttpResponse:
    """Help a member who lost their phone or key."""
    return _act_on(request, member_id, membership.factors_remove, "{name} has no second factor now.")


@require_POST
@admins_only
def invitation_withdraw(request: HttpRequest, invitation_id: int) -> HttpResponse:
    """Make an invitation's link worthless."""
    by: Member = request.user  # type: ignore[assignment]  # the middleware lets nobody else in
    found = Invitation.objects.filter(pk=invitation_id, organization_id=by.organization_id).first()
    if found is None:
        raise Http404("No such invitation.")
    try:
        membership.invitation_withdraw(invitation=found, by=by)
    except MembershipRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The invitation of {found.email} is withdrawn.")
    return redirect("tenants:members")
