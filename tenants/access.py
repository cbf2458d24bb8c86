"""Who may see and do what. Loading and permission are one call: a stranger sees 404."""

from django.db.models import QuerySet
from django.http import Http404

from tenants.enums import Role
from tenants.models import Member, Tenant

ORGANIZATION_ROLES = (Role.ADMIN, Role.FULL_MEMBER)


def tenants_visible_to(member: Member) -> QuerySet[Tenant]:
    """The tenants that exist for this member, by name."""
    tenants = Tenant.objects.filter(organization_id=member.organization_id)
    match member.role:
        case Role.ADMIN:
            return tenants
        case Role.FULL_MEMBER:
            return tenants if member.can_view_sensitive_tenants else tenants.filter(is_sensitive=False)
        case Role.EXTERNAL_GUEST:
            return tenants.filter(guests=member)
        case _:
            return tenants.none()


def tenant_get(*, slug: str, tenants: list[Tenant]) -> Tenant:
    """The tenant of this slug among those that the reader may see.

    Raises:
        Http404: when it does not exist for the reader.
    """
    for tenant in tenants:
        if tenant.slug == slug:
            return tenant
    raise Http404("No such tenant.")


def can_act(member: Member) -> bool:
    """Whether the member may change anything at all."""
    return member.is_active and not member.is_read_only and member.role != Role.BILLING


def can_see_organization(member: Member) -> bool:
    """Whether the organization's own pages exist for the member."""
    return member.role in ORGANIZATION_ROLES


def can_manage_tenants(member: Member) -> bool:
    """Whether the member may add, change and reset tenants."""
    return can_act(member) and (
        member.role == Role.ADMIN or (member.role == Role.FULL_MEMBER and member.can_manage_tenants)
    )


def is_admin(member: Member) -> bool:
    """Whether the member decides on members, policies and everything else of the organization."""
    return member.is_active and member.role == Role.ADMIN


def can_see_usage(member: Member) -> bool:
    """Whether the usage page exists for the member: it is Billing's only one."""
    return member.role in (Role.ADMIN, Role.BILLING)
