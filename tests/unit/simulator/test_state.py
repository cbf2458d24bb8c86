"""The store: lag, restarts, passwords, transactions."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine

from graph.simulator.seeding import load_world
from graph.simulator.state import Query, Store
from graph.simulator.tenants import Tenant
from tests.factories.world import ALICE, EVIL_PRINCIPAL, TENANT_ID, tiny_world


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with the tiny world."""
    store = Store(tmp_path / "cloud.sqlite3")
    load_world(store, tiny_world())
    return store


@pytest.fixture
def tenant(store: Store) -> Tenant:
    """Its first tenant."""
    found = store.tenant(TENANT_ID)
    assert found is not None
    return found


def test_lagged_reads_see_each_earlier_state_until_its_time(store: Store, tenant: Tenant) -> None:
    tenant.settings.lag = 10
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        alice = store.one(tenant, "users", ALICE)
        assert alice is not None
        store.save(tenant, "users", alice | {"accountEnabled": False})
        clock.shift(5)
        store.save(tenant, "users", alice | {"accountEnabled": False, "displayName": "New"})
        seen = []
        for _ in range(3):
            now = store.one(tenant, "users", ALICE, lagged=True) or {}
            seen.append((now["accountEnabled"], now["displayName"]))
            clock.shift(6)
    assert seen == [(True, "Alice Example"), (False, "Alice Example"), (False, "New")]


def test_lagged_lists_still_show_what_was_deleted_and_not_yet_what_was_made(store: Store, tenant: Tenant) -> None:
    tenant.settings.lag = 10
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        store.remove(tenant, "oauth2PermissionGrants", "grant-alice")
        new = {"id": "new", "clientId": EVIL_PRINCIPAL, "principalId": ALICE, "consentType": "Principal"}
        store.save(tenant, "oauth2PermissionGrants", new)
        mine = Query("oauth2PermissionGrants", "owner = ?", (ALICE,))
        before = [each["id"] for each in store.rows(tenant, mine, lagged=True)]
        clock.shift(11)
        after = [each["id"] for each in store.rows(tenant, mine, lagged=True)]
    assert (before, after) == (["grant-alice"], ["new"])
    assert [each["id"] for each in store.rows(tenant, mine)] == ["new"]


def test_the_file_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "cloud.sqlite3"
    first = Store(path)
    load_world(first, tiny_world())
    tenant = first.tenants()[0]
    tenant.settings.latency = 0.5
    first.save_tenant(tenant)
    first.connection.close()
    second = Store(path)
    assert not second.is_new
    assert second.tenants()[0].settings.latency == 0.5
    assert second.one(second.tenants()[0], "users", ALICE) is not None


def test_passwords_are_recognised_but_not_kept(store: Store, tenant: Tenant, tmp_path: Path) -> None:
    store.set_password(tenant, ALICE, "Correct-Horse-9")
    assert store.password_matches(tenant, ALICE, "Correct-Horse-9")
    assert not store.password_matches(tenant, ALICE, "correct-horse-9")
    store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"Correct-Horse-9" not in (tmp_path / "cloud.sqlite3").read_bytes()


def test_a_transaction_is_all_or_nothing(store: Store, tenant: Tenant) -> None:
    def fail_halfway() -> None:
        with store.transaction():
            store.remove(tenant, "users", ALICE)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert store.one(tenant, "users", ALICE) is not None


def test_a_tenant_is_found_by_domain(store: Store) -> None:
    found = store.tenant("TINY.example")
    assert found is not None
    assert found.id == TENANT_ID
