"""The organization's tenants: added, named, marked sensitive, paused, resumed, removed. Each with its audit row.

Removing destroys what Petra holds of the tenant, credentials first. The audit trail stays: it names what it tells of.
"""

import secrets
from typing import Any

from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.models import ForeignKey
from django.db.models.deletion import CASCADE, PROTECT
from django.utils.text import slugify

from tenants import audit
from tenants.access import can_manage_tenants
from tenants.audit import Act, Actor
from tenants.enums import Role, TenantState
from tenants.extensions import active_incidents
from tenants.models import Connection, Member, Tenant
from tenants.scoping import TenantScoped


class TenantRefused(Exception):
    """It is not done; the message says why and what to do."""


def tenant_add(*, name: str, is_sensitive: bool, is_demo: bool, by: Member) -> Tenant:
    """A tenant that is not connected yet. Only an admin may mark it sensitive.

    Raises:
        TenantRefused: for who may not.
    """
    _check_manages(by)
    if is_sensitive:
        _check_admin(by)
    with transaction.atomic():
        tenant = Tenant.objects.create(
            organization_id=by.organization_id,
            name=name,
            slug=_new_slug(name),
            state=TenantState.UNCONNECTED,
            is_sensitive=is_sensitive,
            is_demo=is_demo,
        )
        _tell(tenant, "add_tenant", f"Tenant added: {name}", by, after={"is_sensitive": is_sensitive})
    return tenant


def _new_slug(name: str) -> str:
    """The name as it stands in addresses, with an end of its own.

    Without one, whoever adds a tenant would be told by its address that somebody, of whom they may not know, has a
    tenant of this name.
    """
    return f"{slugify(name)[:50] or 'tenant'}-{secrets.token_hex(4)}"


def tenant_rename(*, tenant: Tenant, name: str, by: Member) -> None:
    """Give it another name. Its address stays as it is, for links that people have kept."""
    _check_manages(by)
    with transaction.atomic():
        Tenant.objects.filter(pk=tenant.pk).update(name=name)
        before, tenant.name = tenant.name, name
        _tell(tenant, "rename_tenant", f"Tenant renamed: {before} is now {name}", by, before=before, after=name)


def tenant_mark(*, tenant: Tenant, is_sensitive: bool, by: Member) -> None:
    """Mark it sensitive, or no longer: it exists only for admins and members who may view sensitive tenants."""
    _check_admin(by)
    with transaction.atomic():
        Tenant.objects.filter(pk=tenant.pk).update(is_sensitive=is_sensitive)
        words = "marked sensitive" if is_sensitive else "no longer marked sensitive"
        before, tenant.is_sensitive = tenant.is_sensitive, is_sensitive
        _tell(tenant, "mark_tenant", f"{tenant.name} {words}", by, before=before, after=is_sensitive)


def tenant_pause(*, tenant: Tenant, reason: str, by: Member) -> None:
    """From now on nothing is read there and nothing is sent; what waits goes on waiting.

    Raises:
        TenantRefused: when it is not connected, or paused already.
    """
    _check_manages(by)
    with transaction.atomic():
        _move(tenant, source=TenantState.CONNECTED, to=TenantState.PAUSED)
        _tell(tenant, "pause_tenant", f"{tenant.name} paused", by, reason=reason)


def tenant_resume(*, tenant: Tenant, by: Member) -> None:
    """Read and send again.

    Raises:
        TenantRefused: when it is not paused.
    """
    _check_manages(by)
    with transaction.atomic():
        _move(tenant, source=TenantState.PAUSED, to=TenantState.CONNECTED)
        _tell(tenant, "resume_tenant", f"{tenant.name} resumed", by)


def tenant_connected(tenant: Tenant) -> None:
    """Note that its connection was proven. One that is paused stays paused."""
    waiting = Tenant.objects.filter(pk=tenant.pk, state=TenantState.UNCONNECTED)
    if waiting.update(state=TenantState.CONNECTED):
        tenant.state = TenantState.CONNECTED


def _move(tenant: Tenant, *, source: TenantState, to: TenantState) -> None:
    """Compare-and-set."""
    if not Tenant.objects.filter(pk=tenant.pk, state=source).update(state=to):
        state = TenantState(Tenant.objects.values_list("state", flat=True).get(pk=tenant.pk))
        raise TenantRefused(f"{tenant.name} is {state.label.lower()}. Nothing was changed.")
    tenant.state = to


def tenant_remove(*, tenant: Tenant, typed_name: str, reason: str, by: Member) -> None:
    """Destroy everything that Petra holds of a tenant, the audit trail apart. The scope of the tenant is open.

    Raises:
        TenantRefused: for a demo tenant; one that is still connected; another name typed; incidents that are active and
            no reason given; something that came in meanwhile. Nothing was removed then.
    """
    _check_manages(by)
    active = active_incidents().get(tenant.pk, 0)
    _check_removable(tenant, typed_name, has_reason=bool(reason.strip()), active=active)
    try:
        with transaction.atomic():
            lock = Connection.objects.select_for_update().filter(tenant=tenant)
            list(lock.values_list("pk", flat=True))
            summary = f"Tenant removed: {tenant.name}, with {active} active incident{'s' * (active != 1)}"
            _tell(tenant, "remove_tenant", summary, by, reason=reason)
            tenant_destroy(tenant)
    except IntegrityError as error:  # a worker wrote a row for it at that moment
        raise TenantRefused(
            f"Something at {tenant.name} was still under way. Nothing was removed; try again in a minute."
        ) from error


def tenant_destroy(tenant: Tenant) -> None:
    """Delete a tenant with all its rows, its audit trail apart. Call it in a transaction, in the tenant's scope."""
    for model in scoped_models_children_first():
        model.objects.filter(tenant=tenant).delete()
    tenant.delete()


def _check_removable(tenant: Tenant, typed_name: str, *, has_reason: bool, active: int) -> None:
    if tenant.is_demo:
        raise TenantRefused("A demo tenant is not removed: reset the demo instead. Nothing was removed.")
    if tenant.state == TenantState.CONNECTED:
        raise TenantRefused(f"Pause {tenant.name} first, so that nothing is under way there. Nothing was removed.")
    if typed_name.strip() != tenant.name:
        raise TenantRefused("The name that was typed is another one. Nothing was removed.")
    if active and not has_reason:
        noun = "incident is" if active == 1 else "incidents are"
        raise TenantRefused(f"{active} {noun} active at {tenant.name}. Give a reason to go on. Nothing was removed.")


def scoped_models_children_first() -> list[type[TenantScoped]]:
    """All models of tenants' rows, each before those that its rows hang on."""
    left = [model for model in apps.get_models() if issubclass(model, TenantScoped)]
    ordered: list[type[TenantScoped]] = []
    while left:
        free = [model for model in left if not any(_hangs_on(other, model) for other in left if other is not model)]
        ordered += free
        left = [model for model in left if model not in free]
        if not free:
            raise RuntimeError(f"These hang on one another: {left}")
    return ordered


def _hangs_on(child: type[TenantScoped], parent: type[TenantScoped]) -> bool:
    """Whether rows of one cannot be without their row of the other."""
    columns = child._meta.get_fields()  # noqa: SLF001  # public, whatever its name
    fields = [field for field in columns if isinstance(field, ForeignKey)]
    return any(field.related_model is parent and field.remote_field.on_delete in (CASCADE, PROTECT) for field in fields)


def _check_manages(by: Member) -> None:
    if not can_manage_tenants(by):
        raise TenantRefused("Only members who manage tenants can do this. Nothing was changed.")


def _check_admin(by: Member) -> None:
    _check_manages(by)
    if by.role != Role.ADMIN:
        raise TenantRefused("Only an admin decides which tenants are sensitive. Nothing was changed.")


def _tell(tenant: Tenant, verb: str, summary: str, by: Member, **more: Any) -> None:
    act = Act(verb=verb, summary=summary, object_type="tenant", object_id=tenant.pk, **more)
    audit.record([act], tenant=tenant, by=Actor.of(by))
