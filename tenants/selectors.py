"""Reads of the tenants app."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from tenants.models import AuditEvent, Connection, Invitation, Member, Tenant


def member_list(*, organization_id: int) -> list[Member]:
    """All members of an organization, by name, with the tenants of guests; `has_second_factor` says who has one."""
    factors = Authenticator.objects.filter(user_id=OuterRef("pk")).exclude(type=Authenticator.Type.RECOVERY_CODES)
    members = Member.objects.filter(organization_id=organization_id).annotate(has_second_factor=Exists(factors))
    return list(members.prefetch_related("tenants"))


def member_get(*, member_id: int, organization_id: int) -> Member:
    """A member of this organization.

    Raises:
        Member.DoesNotExist: also for a member of another organization.
    """
    return Member.objects.prefetch_related("tenants").get(pk=member_id, organization_id=organization_id)


def invitation_list(*, organization_id: int) -> list[Invitation]:
    """The organization's invitations that were neither used nor withdrawn, expired ones included, newest first."""
    open_ones = Invitation.objects.filter(organization_id=organization_id, accepted_at=None, withdrawn_at=None)
    return list(open_ones.select_related("invited_by").prefetch_related("tenants"))


def invitation_open(*, token_digest: str, is_locked: bool = False) -> Invitation:
    """The invitation whose token has this hash, if it can still be used; locked until the transaction ends if asked.

    Raises:
        Invitation.DoesNotExist: when there is none, or it was used, withdrawn, or is too old.
    """
    rows = Invitation.objects.select_for_update() if is_locked else Invitation.objects.select_related("organization")
    return rows.get(token_hash=token_digest, accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now())


def connection_shown(tenant: Tenant) -> Connection | None:
    """A tenant's connection to be looked at: its secrets are not even decrypted. None where there is none."""
    return connections_shown().get(tenant.pk)


def connections_shown() -> dict[int, Connection]:
    """The connections of the open scope, by tenant, without their secrets."""
    rows = Connection.objects.defer("client_secret", "certificate_private_key")
    return {row.tenant_id: row for row in rows}


def owners_for(tenant: Tenant) -> list[Member]:
    """The members who may own an incident of this tenant: active, not read-only, and able to see it. By name."""
    members = Member.objects.filter(organization_id=tenant.organization_id, is_active=True, is_read_only=False)
    may_see = Q(role="admin") | Q(role="external_guest", tenants=tenant)
    full = Q(role="full_member")
    if tenant.is_sensitive:
        full &= Q(can_view_sensitive_tenants=True)
    return list(members.filter(may_see | full).distinct())


def act_last(*, tenant_id: int, incident_id: int, verb: str, of: dict[str, Any]) -> AuditEvent | None:
    """The latest act of this kind in an incident whose `after` is precisely this."""
    acts = AuditEvent.objects.filter(tenant_id=tenant_id, incident_id=incident_id, verb=verb, after=of)
    return acts.order_by("-pk").first()
