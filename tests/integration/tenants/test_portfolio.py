"""Tenants are added, named, marked, paused, resumed and removed; nothing of it is done by who may not."""

import pytest
from model_bakery import baker

from incidents.models import Account, Incident, LogRecord
from remediation.models import Campaign, Finding
from tenants import portfolio
from tenants.enums import Role, TenantState
from tenants.models import AuditEvent, Connection, Tenant
from tenants.portfolio import TenantRefused, scoped_models_children_first
from tenants.scoping import tenant_scope, unscoped
from tests.architecture.test_models import scoped_models
from tests.factories import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return rows.member(rows.organization(), Role.ADMIN, display_name="Ada")


@pytest.fixture
def manager(admin):
    return rows.member(admin.organization, can_manage_tenants=True)


@pytest.fixture
def tenant(admin):
    tenant = rows.tenant(admin.organization, "Acme Corp")
    rows.connection(tenant)
    return tenant


def last_act() -> AuditEvent:
    return AuditEvent.objects.latest("pk")


def state_of(tenant: Tenant) -> str:
    return Tenant.objects.get(pk=tenant.pk).state


# --- Added, named, marked ---------------------------------------------------------------------------------------------
def test_an_added_tenant_is_not_connected(manager):
    tenant = portfolio.tenant_add(name="Blue & Water", is_sensitive=False, is_demo=False, by=manager)
    assert (tenant.slug[:-8], tenant.state, tenant.organization) == ("blue-water-", "unconnected", manager.organization)
    assert (last_act().verb, last_act().summary, last_act().tenant_id) == (
        "add_tenant",
        "Tenant added: Blue & Water",
        tenant.pk,
    )


def test_an_address_does_not_tell_whether_others_have_a_tenant_of_this_name(admin):
    rows.tenant(rows.organization("Rival"), "Acme Corp")
    names = ("Acme Corp", "Nobody's", "東京")
    made = [portfolio.tenant_add(name=name, is_sensitive=False, is_demo=False, by=admin).slug for name in names]
    assert [slug[:-8] for slug in made] == ["acme-corp-", "nobodys-", "tenant-"]
    assert len({slug[-8:] for slug in made}) == 3


def test_only_an_admin_decides_what_is_sensitive(admin, manager, tenant):
    with pytest.raises(TenantRefused, match="Only an admin"):
        portfolio.tenant_add(name="Secret", is_sensitive=True, is_demo=False, by=manager)
    with pytest.raises(TenantRefused, match="Only an admin"):
        portfolio.tenant_mark(tenant=tenant, is_sensitive=True, by=manager)
    portfolio.tenant_mark(tenant=tenant, is_sensitive=True, by=admin)
    assert Tenant.objects.get(pk=tenant.pk).is_sensitive
    assert (last_act().before, last_act().after) == (False, True)


def test_a_new_name_leaves_the_address_as_it_is(manager, tenant):
    portfolio.tenant_rename(tenant=tenant, name="Acme International", by=manager)
    found = Tenant.objects.get(pk=tenant.pk)
    assert (found.name, found.slug) == ("Acme International", "acme-corp")
    assert last_act().summary == "Tenant renamed: Acme Corp is now Acme International"


@pytest.mark.parametrize("flags", [{}, {"can_manage_tenants": True, "is_read_only": True}])
def test_who_does_not_manage_tenants_changes_none(admin, tenant, flags):
    by = rows.member(admin.organization, **flags)
    acts = {
        "add": lambda: portfolio.tenant_add(name="X", is_sensitive=False, is_demo=False, by=by),
        "rename": lambda: portfolio.tenant_rename(tenant=tenant, name="X", by=by),
        "mark": lambda: portfolio.tenant_mark(tenant=tenant, is_sensitive=True, by=by),
        "pause": lambda: portfolio.tenant_pause(tenant=tenant, reason="", by=by),
        "resume": lambda: portfolio.tenant_resume(tenant=tenant, by=by),
        "remove": lambda: portfolio.tenant_remove(tenant=tenant, typed_name="Acme Corp", reason="x", by=by),
    }
    for act in acts.values():
        with pytest.raises(TenantRefused, match="Only members who manage tenants"):
            act()
    assert not AuditEvent.objects.exists()


# --- Paused and resumed -----------------------------------------------------------------------------------------------
def test_paused_and_resumed(manager, tenant):
    portfolio.tenant_pause(tenant=tenant, reason="They change their IT", by=manager)
    assert (state_of(tenant), last_act().verb, last_act().reason) == ("paused", "pause_tenant", "They change their IT")
    with pytest.raises(TenantRefused, match="Acme Corp is paused"):
        portfolio.tenant_pause(tenant=tenant, reason="", by=manager)
    portfolio.tenant_resume(tenant=tenant, by=manager)
    assert (state_of(tenant), last_act().verb) == ("connected", "resume_tenant")
    with pytest.raises(TenantRefused, match="Acme Corp is connected"):
        portfolio.tenant_resume(tenant=tenant, by=manager)


# --- Removed ----------------------------------------------------------------------------------------------------------
def remove(tenant: Tenant, by, typed_name: str = "Acme Corp", reason: str = "") -> None:
    with tenant_scope([tenant.pk]):
        portfolio.tenant_remove(tenant=tenant, typed_name=typed_name, reason=reason, by=by)


def test_everything_of_it_goes_and_the_trail_stays(manager, tenant):
    other = rows.incident(rows.tenant(manager.organization, "Other"))
    rows.log_record(other)
    rows.log_record(rows.incident(tenant))
    with unscoped(reason="a row of everything"):
        for model in scoped_models():
            if not model.objects.filter(tenant=tenant).exists():
                rows.any_row(model, tenant)
        campaign = baker.make(
            Campaign, organization=manager.organization, tenant=tenant, incident=rows.incident(tenant)
        )
        for where in (tenant, other.tenant):
            baker.make(Finding, tenant=where, campaign=campaign)
    pk = tenant.pk
    portfolio.tenant_pause(tenant=tenant, reason="", by=manager)
    remove(tenant, manager, reason="Contract ended")
    assert not Tenant.objects.filter(pk=pk).exists()
    with unscoped(reason="a test counts what is left"):
        left = {model._meta.label: model.objects.filter(tenant_id=pk).count() for model in scoped_models()}
        assert {name: count for name, count in left.items() if count} == {}
        of_other = [model.objects.filter(tenant=other.tenant).count() for model in (Incident, Account, LogRecord)]
        assert of_other == [1, 1, 1]
        assert Finding.objects.get(tenant=other.tenant).campaign == campaign, "what was found elsewhere stays"
    assert list(AuditEvent.objects.filter(tenant_id=pk).order_by("pk").values_list("verb", flat=True)) == [
        "pause_tenant",
        "remove_tenant",
    ]
    assert (last_act().tenant_name, last_act().reason) == ("Acme Corp", "Contract ended")


@pytest.mark.parametrize(
    ("state", "typed", "reason", "words"),
    [
        (TenantState.CONNECTED, "Acme Corp", "x", "Pause Acme Corp first"),
        (TenantState.PAUSED, "acme corp", "x", "The name that was typed is another one"),
        (TenantState.PAUSED, "", "x", "The name that was typed is another one"),
        (TenantState.PAUSED, "Acme Corp", " ", "1 incident is active at Acme Corp. Give a reason"),
    ],
)
def test_it_is_not_removed_by_mistake(manager, tenant, state, typed, reason, words):
    rows.incident(tenant)
    Tenant.objects.filter(pk=tenant.pk).update(state=state)
    tenant.refresh_from_db()
    with pytest.raises(TenantRefused, match=words):
        remove(tenant, manager, typed, reason)
    with tenant_scope([tenant.pk]):
        assert (Incident.objects.count(), Connection.objects.count()) == (1, 1)
    assert not AuditEvent.objects.exists()


def test_a_demo_tenant_is_reset_instead(manager):
    demo = rows.tenant(manager.organization, "Acme Corp", is_demo=True, state=TenantState.PAUSED)
    with pytest.raises(TenantRefused, match="reset the demo instead"):
        remove(demo, manager)


def test_a_guest_of_a_removed_tenant_stays_a_member(manager, tenant):
    guest = rows.member(manager.organization, Role.EXTERNAL_GUEST)
    guest.tenants.add(tenant)
    portfolio.tenant_pause(tenant=tenant, reason="", by=manager)
    remove(tenant, manager)
    guest.refresh_from_db()
    assert list(guest.tenants.all()) == []


def test_children_are_removed_before_what_they_hang_on():
    order = [model._meta.label for model in scoped_models_children_first()]
    assert sorted(order) == sorted(model._meta.label for model in scoped_models())
    assert order.index("incidents.Incident") < order.index("incidents.Account")
    assert order.index("remediation.ActionAttempt") < order.index("remediation.ActionRun")
