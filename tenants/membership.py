"""Who belongs to the organization, and with which rights: invitations, changes, deactivation.

Only an active Admin changes any of it, and never their own rights: so an organization always keeps one.
"""

import secrets
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils import timezone

from tenants.audit import Act, Actor, record_for_organization
from tenants.enums import Role
from tenants.models import Invitation, Member, Organization, Tenant
from tenants.selectors import invitation_open, member_get
from tenants.sessions import sessions_end

VALID_FOR = timedelta(days=7)


class MembershipRefused(Exception):
    """Nothing was changed; the message says why, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What a member may do. Flags belong to Full Members, tenants to External Guests; others have none of them."""

    role: Role
    can_manage_tenants: bool = False
    can_view_sensitive_tenants: bool = False
    is_read_only: bool = False
    tenant_ids: tuple[int, ...] = ()

    @classmethod
    def of(cls, holder: Member | Invitation) -> "Rights":
        """The rights that a member has, or that an invitation promises."""
        return cls(
            role=Role(holder.role),
            can_manage_tenants=holder.can_manage_tenants,
            can_view_sensitive_tenants=holder.can_view_sensitive_tenants,
            is_read_only=holder.is_read_only,
            tenant_ids=tuple(sorted(tenant.pk for tenant in holder.tenants.all())),
        )

    def columns(self) -> dict[str, Any]:
        """The columns of a member or an invitation."""
        return {name: value for name, value in asdict(self).items() if name != "tenant_ids"}

    def __str__(self) -> str:
        flags = [
            (self.is_read_only, "Read-only"),
            (self.can_manage_tenants, "Can Manage Tenants"),
            (self.can_view_sensitive_tenants, "Can View Sensitive Tenants"),
            (self.role == Role.EXTERNAL_GUEST, f"{len(self.tenant_ids)} of the tenants"),
        ]
        return ", ".join([self.role.label, *(label for is_set, label in flags if is_set)])


def token_hash(token: str) -> str:
    """What is kept of an invitation's token. It is 256 random bits: a fast hash is enough."""
    return sha256(token.encode()).hexdigest()


@transaction.atomic
def invitation_make(*, email: str, rights: Rights, by: Member) -> tuple[Invitation, str]:
    """Invite somebody; returns the invitation and the token, which is nowhere else. An older open one is withdrawn.

    Raises:
        MembershipRefused: when the address is a member's already.
    """
    organization = _as_admin(by)
    if Member.objects.filter(organization=organization, email=email).exists():
        raise MembershipRefused(f"{email} belongs to a member already.")
    now, token = timezone.now(), secrets.token_urlsafe(32)
    Invitation.objects.filter(organization=organization, email=email, accepted_at=None, withdrawn_at=None).update(
        withdrawn_at=now
    )
    invitation = Invitation.objects.create(
        organization=organization,
        email=email,
        token_hash=token_hash(token),
        invited_by=by,
        expires_at=now + VALID_FOR,
        **rights.columns(),
    )
    invitation.tenants.set(_tenants(organization, rights.tenant_ids))
    _record("invite_member", f"Invited {email} as {rights}", invitation, by, after=asdict(rights))
    return invitation, token


@transaction.atomic
def invitation_withdraw(*, invitation: Invitation, by: Member) -> None:
    """Make the link worthless.

    Raises:
        MembershipRefused: when it was used, or withdrawn, before.
    """
    _as_admin(by)
    still_open = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None)
    if not still_open.update(withdrawn_at=timezone.now()):
        raise MembershipRefused(f"The invitation of {invitation.email} is not open any more.")
    _record("withdraw_invitation", f"Withdrew the invitation of {invitation.email}", invitation, by)


@transaction.atomic
def invitation_accept(*, token_digest: str, display_name: str, password: str) -> Member:
    """Make the invited person a member, once; by `token_hash` of the token that they were given.

    Raises:
        Invitation.DoesNotExist: when no open invitation has this token.
        MembershipRefused: when an account has this address already.
    """
    invitation = invitation_open(token_digest=token_digest, is_locked=True)
    if Member.objects.filter(email=invitation.email).exists():
        raise MembershipRefused("An account with this address exists already. Ask whoever invited you.")
    rights = Rights.of(invitation)
    member = Member.objects.create_user(
        invitation.email,
        password,
        organization=invitation.organization,
        display_name=display_name,
        **rights.columns(),
    )
    member.tenants.set(_tenants(invitation.organization, rights.tenant_ids))
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    _record("accept_invitation", f"Accepted the invitation as {rights}", member, member, after=asdict(rights))
    return member


@transaction.atomic
def member_change(*, member: Member, rights: Rights, by: Member) -> None:
    """Give a member other rights. They hold from the member's next request on.

    Raises:
        MembershipRefused: for oneself, and for the last active Admin.
    """
    organization = _as_admin(by)
    member = member_get(member_id=member.pk, organization_id=organization.pk)  # as it is under the lock
    before = Rights.of(member)
    if before == rights:
        return
    if member.pk == by.pk:
        raise MembershipRefused("Nobody changes their own role. Ask another Admin.")
    if rights.role != Role.ADMIN:
        _check_admin_remains(organization, without=member)
    Member.objects.filter(pk=member.pk).update(**rights.columns())
    member.tenants.set(_tenants(organization, rights.tenant_ids))
    summary = f"{member.display_name} is now {rights}; before: {before}"
    _record("change_member", summary, member, by, before=asdict(before), after=asdict(rights))


@transaction.atomic
def member_deactivate(*, member: Member, by: Member) -> int:
    """Take away the sign-in and end all sessions at once; returns how many sessions that were.

    Raises:
        MembershipRefused: for oneself, and for the last active Admin.
    """
    organization = _as_admin(by)
    if member.pk == by.pk:
        raise MembershipRefused("Nobody deactivates themselves. Ask another Admin.")
    _check_admin_remains(organization, without=member)
    changed = Member.objects.filter(pk=member.pk, is_active=True).update(is_active=False)
    ended = sessions_end(member_id=member.pk)
    if changed:
        _record("deactivate_member", f"Deactivated {member.display_name}; sessions ended: {ended}", member, by)
    return ended


@transaction.atomic
def member_reactivate(*, member: Member, by: Member) -> None:
    """Give the sign-in back. Old sessions stay ended."""
    _as_admin(by)
    sessions_end(member_id=member.pk)
    if Member.objects.filter(pk=member.pk, is_active=False).update(is_active=True):
        _record("reactivate_member", f"Reactivated {member.display_name}", member, by)


@transaction.atomic
def factors_remove(*, member: Member, by: Member) -> None:
    """Remove all second factors of a member who lost them, recovery codes included, and end their sessions.

    Raises:
        MembershipRefused: for oneself: one's own account page does that.
    """
    _as_admin(by)
    if member.pk == by.pk:
        raise MembershipRefused("Your own second factors are on your account page.")
    removed, _ = Authenticator.objects.filter(user_id=member.pk).delete()
    if removed:
        sessions_end(member_id=member.pk)
        _record("remove_second_factor", f"Removed all second factors of {member.display_name}", member, by)


def _as_admin(by: Member) -> Organization:
    """The organization, locked: two Admins who change each other come one after the other, and the second is told."""
    organization = Organization.objects.select_for_update().get(pk=by.organization_id)
    if not _admins(organization).filter(pk=by.pk).exists():
        raise MembershipRefused("Only an Admin may do this.")
    return organization


def _admins(organization: Organization) -> Any:
    return Member.objects.filter(organization=organization, role=Role.ADMIN, is_active=True)


def _check_admin_remains(organization: Organization, *, without: Member) -> None:
    if not _admins(organization).exclude(pk=without.pk).exists():
        raise MembershipRefused(f"{without.display_name} is the last active Admin.")


def _tenants(organization: Organization, ids: Collection[int]) -> list[Tenant]:
    return list(Tenant.objects.filter(organization=organization, pk__in=ids))


def _record(verb: str, summary: str, of: Member | Invitation, by: Member, **states: Any) -> None:
    act = Act(verb=verb, summary=summary, object_type=of._meta.model_name or "", object_id=of.pk, **states)  # noqa: SLF001  # public, whatever its name
    record_for_organization([act], organization=by.organization, by=Actor.of(by))
