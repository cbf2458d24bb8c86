"""Switches of a tenant."""

from django.db import transaction

from tenants import audit
from tenants.audit import Act, Actor
from tenants.models import Member, Tenant


def petra_response_set(*, tenant: Tenant, is_on: bool, by: Member) -> bool:
    """Switch Petra Response on or off. Returns whether that changed anything; pressed twice, it is done once.

    It works on incidents that are opened or published from now on; those that are open already are left to people.
    """
    with transaction.atomic():
        changed = Tenant.objects.filter(pk=tenant.pk).exclude(has_petra_response=is_on)
        if not changed.update(has_petra_response=is_on):
            return False
        act = Act(
            verb="switch_petra_response",
            summary=f"Petra Response switched {'on' if is_on else 'off'} – {tenant.name}",
            object_type="tenant",
            object_id=tenant.pk,
            before={"hasPetraResponse": not is_on},
            after={"hasPetraResponse": is_on},
        )
        audit.record([act], tenant=tenant, by=Actor.of(by))
    return True
