"""Decisions about tenants."""

from django.db import transaction
from django.utils.text import slugify

from tenants import audit
from tenants.audit import Act, Actor
from tenants.enums import TenantState
from tenants.models import Member, Organization, Tenant

LONGEST_SLUG = 60
LONGEST_NAME = 120


class TenantRefused(Exception):
    """The tenant cannot be made like this. The message says why."""


def tenant_create_unconnected(*, organization: Organization, name: str, by: Member | None) -> Tenant:
    """Make a tenant whose logs are imported: nothing can be asked of Microsoft, or done there.

    Raises:
        TenantRefused: without a name, or with one that is too long or taken.
    """
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise TenantRefused(f"A tenant needs a name of at most {LONGEST_NAME} characters. Nothing was made.")
    with transaction.atomic():
        if Tenant.objects.filter(organization=organization, name__iexact=name).exists():
            raise TenantRefused(f"There is a tenant {name} already. Nothing was made.")
        tenant = Tenant.objects.create(
            organization=organization, name=name, slug=_free_slug(name), state=TenantState.UNCONNECTED
        )
        act = Act(
            verb="add_tenant",
            summary=f"Tenant added for imported logs – {name}",
            object_type="tenant",
            object_id=tenant.pk,
        )
        audit.record([act], tenant=tenant, by=Actor.of(by))
    return tenant


def _free_slug(name: str) -> str:
    stem = slugify(name)[: LONGEST_SLUG - 6].strip("-") or "tenant"
    taken = set(Tenant.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return stem if stem not in taken else next(one for one in numbered if one not in taken)
