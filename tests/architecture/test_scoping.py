"""The belt below every query: without a scope nothing can be asked or written, within one nothing of other tenants."""

import pytest

from tenants.models import Connection, Organization, Tenant
from tenants.scoping import ScopeError, open_scope, tenant_scope, unscoped
from tests.architecture.source import called_name, calls, modules, name_of
from tests.architecture.test_models import scoped_models
from tests.factories import rows

# file -> why it lifts the scope
LIFTERS = {
    "incidents/collection.py": "a bell names an incident and not its tenant; collections left behind are in any tenant",
    "incidents/importing.py": "a bell names an import and not its tenant; imports left behind are in any tenant",
    "incidents/reports/making.py": "a bell names a report and not its tenant; reports left behind are in any tenant",
    "incidents/live.py": "version numbers of watched incidents, in one query; access was checked when the stream began",
    "remediation/census.py": "counts of the whole installation for whoever runs it; no name, no id",
    "remediation/passwords.py": "a sending thread knows a reference and nothing else; expiry concerns all tenants",
    "remediation/sweeper.py": "looks for work in all tenants",
    "remediation/services/approval.py": "what nobody approved in time is ended in all tenants",
    "remediation/services/campaigns.py": "an incident's phish is looked for in all tenants of its organization by itself",
    "tenants/connecting.py": "a directory is connected once in an organization, and shared by none; nothing is shown",
    "tenants/key_rotation.py": "a key concerns the secrets of all tenants; nothing of them is shown",
}

ASKS = {
    "all": lambda rows: rows.all(),
    "get_queryset": lambda rows: rows.get_queryset(),
    "filter": lambda rows: rows.filter(pk=1),
    "none": lambda rows: rows.none(),
    "get": lambda rows: rows.get(pk=1),
    "exists": lambda rows: rows.exists(),
    "explain": lambda rows: rows.explain(),
    "count": lambda rows: rows.count(),
    "aggregate": lambda rows: rows.aggregate(),
    "in_bulk": lambda rows: rows.in_bulk([1]),
    "iterator": lambda rows: list(rows.iterator()),
    "latest": lambda rows: rows.latest("pk"),
    "raw": lambda rows: rows.raw("SELECT 1"),
    "create": lambda rows: rows.create(tenant_id=1),
    "get_or_create": lambda rows: rows.get_or_create(tenant_id=1),
    "update_or_create": lambda rows: rows.update_or_create(tenant_id=1),
    "bulk_create": lambda rows: rows.bulk_create([rows.model(tenant_id=1)]),
    "bulk_update": lambda rows: rows.bulk_update([rows.model(pk=1, tenant_id=1)], ["tenant"]),
    "update": lambda rows: rows.update(tenant_id=1),
}
ACTS = {
    "save": lambda row: row.save(),
    "save_base": lambda row: row.save_base(),
    "delete": lambda row: row.delete(),
    "refresh_from_db": lambda row: row.refresh_from_db(),
    "validate_unique": lambda row: row.validate_unique(),
}


@pytest.fixture
def tenants(db) -> tuple[Tenant, Tenant]:
    """Ours and theirs: tenants of two organizations."""
    names = ("ours", "theirs")
    return tuple(
        Tenant.objects.create(organization=Organization.objects.create(name=name), slug=name, name=name)
        for name in names
    )


def row_of(model, tenant):
    """A stored row of a tenant, everything it hangs on included."""
    with unscoped(reason="a test prepares the rows of two tenants"):
        return rows.any_row(model, tenant)


def each_model(test):
    return pytest.mark.parametrize("model", scoped_models(), ids=lambda model: model._meta.label)(test)


# --- Who may lift it --------------------------------------------------------------------------------------------------
def test_only_the_named_files_lift_the_scope():
    found = {name_of(path) for path in modules() for call in calls(path) if called_name(call) == "unscoped"}
    assert found == set(LIFTERS)


def test_lifting_the_scope_needs_a_reason():
    with pytest.raises(ScopeError), unscoped(reason=""):
        pass


def test_a_scope_ends_where_it_began():
    with tenant_scope([1]):
        with tenant_scope([2]):
            assert open_scope() == {2}
        assert open_scope() == {1}
    with pytest.raises(ScopeError):
        open_scope()


# --- No scope is open -------------------------------------------------------------------------------------------------
@each_model
@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
@pytest.mark.parametrize("manager", ["objects", "_base_manager", "_default_manager"])
def test_without_a_scope_a_manager_refuses(model, manager, ask):
    """No database is marked: it is refused before one is touched."""
    with pytest.raises(ScopeError):
        ask(getattr(model, manager))


@each_model
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_without_a_scope_a_row_refuses(model, act):
    row = model(pk=1, tenant_id=1)
    with pytest.raises(ScopeError):
        act(row)


@each_model
def test_without_a_scope_a_related_row_cannot_be_reached(model):
    """Forward and backward, one and many: what hangs on a row is scoped like the row."""
    row = model(pk=1, tenant_id=1)
    for field in model._meta.get_fields():
        if field.is_relation and field.related_model in scoped_models():
            with pytest.raises(ScopeError):
                reach(row, field)


def reach(row, field):
    """Follow a relation of a row, whichever way it points."""
    if field.concrete:
        setattr(row, field.attname, 1)
        return getattr(row, field.name)
    related = getattr(row, field.get_accessor_name())
    return related.all()


def test_without_a_scope_the_connection_of_a_tenant_cannot_be_reached():
    with pytest.raises(ScopeError):
        Tenant(pk=1).connection  # noqa: B018  # reaching for it is the test


# --- A scope is open, and the row is another tenant's -----------------------------------------------------------------
@each_model
def test_rows_of_other_tenants_are_not_there(model, tenants):
    ours, theirs = tenants
    row = row_of(model, theirs)
    with tenant_scope([ours.pk]):
        rows = model.objects.filter(pk=row.pk)
        assert (rows.count(), rows.exists(), list(rows), rows.update(tenant=ours), rows.delete()[0]) == (
            0,
            False,
            [],
            0,
            0,
        )
        with pytest.raises(model.DoesNotExist):
            row.refresh_from_db()
    with tenant_scope([theirs.pk]):
        assert model.objects.get(pk=row.pk).tenant_id == theirs.pk


@each_model
def test_rows_of_other_tenants_cannot_be_written(model, tenants):
    ours, theirs = tenants
    row = row_of(model, theirs)
    with tenant_scope([ours.pk]):
        for write in (
            row.save,
            row.delete,
            lambda: model.objects.create(tenant=theirs),
            lambda: model.objects.bulk_create([model(tenant=theirs)]),
            lambda: model.objects.bulk_update([row], ["tenant"]),
        ):
            with pytest.raises(ScopeError):
                write()
    with tenant_scope([theirs.pk]):
        assert model.objects.filter(pk=row.pk).exists()


@each_model
def test_a_row_cannot_be_given_to_another_tenant(model, tenants):
    ours, theirs = tenants
    row = row_of(model, ours)
    with tenant_scope([ours.pk]):
        for values in ({"tenant": theirs}, {"tenant_id": theirs.pk}):
            with pytest.raises(ScopeError):
                model.objects.filter(pk=row.pk).update(**values)
        row.tenant = theirs
        with pytest.raises(ScopeError):
            row.save()


@each_model
def test_a_row_is_seen_in_its_own_scope_and_in_one_that_holds_more(model, tenants):
    ours, theirs = tenants
    row = row_of(model, ours)
    for scope in ([ours.pk], [ours.pk, theirs.pk]):
        with tenant_scope(scope):
            assert model.objects.get(pk=row.pk) == row


def test_an_empty_scope_shows_nothing(tenants):
    row_of(Connection, tenants[0])
    with tenant_scope([]):
        assert list(Connection.objects.all()) == []
