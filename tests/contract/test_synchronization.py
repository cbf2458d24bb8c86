"""Directory synchronization: it undoes the cloud's lock, and Microsoft's log tells who did."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from graph import AppCredentials, GraphClient, audit, simulator_cloud
from graph.auth import forget_all_tokens
from graph.odata import literal
from graph.simulator.control import SimulatorControl, SimulatorUnavailable
from remediation.watching import Enabling, last_enabling
from tests.factories.world import ALICE, CLIENT_ID, CLIENT_SECRET, SYNCED, TENANT_ID, tiny_world, user
from tests.fixtures.simulator import RawCloud, start_simulator

USER = f"/v1.0/users/{SYNCED}"


def lock(cloud: RawCloud) -> None:
    """Lock the synced account in the cloud."""
    assert cloud.call("PATCH", USER, {"accountEnabled": False}).status_code == 204


def is_enabled(cloud: RawCloud) -> bool:
    """As the directory shows it."""
    return bool(cloud.get(f"/users/{SYNCED}?$select=accountEnabled")["accountEnabled"])


def enabled_within(cloud: RawCloud, seconds: float) -> bool:
    """Whether the account is enabled before the time is over."""
    deadline = time.monotonic() + seconds
    while not is_enabled(cloud):
        if time.monotonic() > deadline:
            return False
    return True


def by_others(control: SimulatorControl) -> list[dict[str, Any]]:
    """The audit rows of users, oldest first: all but Petra's own."""
    return [each for each in control.objects(TENANT_ID, "directoryAudits") if each["initiatedBy"]["user"]]


def enabling_as_petra_reads_it(control: SimulatorControl) -> Enabling | None:
    """Who enabled the account, by the same code that watches over it."""
    forget_all_tokens()
    credentials = AppCredentials(tenant_id=TENANT_ID, client_id=CLIENT_ID, secret=CLIENT_SECRET)
    client = GraphClient(credentials=credentials, cloud=simulator_cloud(control.url))
    asked = f"activityDateTime ge 2026-01-01T00:00:00Z and targetResources/any(t: t/id eq {literal(SYNCED)})"
    return last_enabling(list(client.pages(audit.directory_audits(filter=asked))))


def test_a_cycle_by_hand_enables_and_is_written_down_as_microsoft_does(
    simulator: SimulatorControl, raw_cloud: RawCloud
) -> None:
    lock(raw_cloud)
    assert enabling_as_petra_reads_it(simulator) is None
    simulator.sync_cycle(TENANT_ID)
    assert is_enabled(raw_cloud)
    rows = by_others(simulator)
    assert [each["activityDisplayName"] for each in rows] == ["Update user", "Enable account"]
    for row in rows:
        (target,) = row["targetResources"]
        changed = {"displayName": "AccountEnabled", "oldValue": "[false]", "newValue": "[true]"}
        assert (target["id"], target["modifiedProperties"]) == (SYNCED, [changed])
        actor = row["initiatedBy"]["user"]
        assert actor["displayName"] == "On-Premises Directory Synchronization Service Account"
        assert actor["userPrincipalName"].startswith("Sync_DC01_")
    found = enabling_as_petra_reads_it(simulator)
    assert found is not None
    assert (found.is_by_synchronization, found.by) == (True, rows[0]["initiatedBy"]["user"]["userPrincipalName"])


def test_the_tenants_own_sync_account_is_the_actor(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    own = user("5a000000-0000-4000-8000-000000000007", "Sync_AD7_0123456789ab")
    simulator.plant(TENANT_ID, "users", own)
    lock(raw_cloud)
    simulator.sync_cycle(TENANT_ID)
    actor = by_others(simulator)[0]["initiatedBy"]["user"]
    assert actor == {name: own[name] for name in ("id", "displayName", "userPrincipalName")} | {"ipAddress": None}
    found = enabling_as_petra_reads_it(simulator)
    assert found is not None
    assert found.is_by_synchronization


def test_a_cycle_without_a_change_writes_nothing_down(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.sync_cycle(TENANT_ID)
    assert by_others(simulator) == []
    assert raw_cloud.get(f"/users/{SYNCED}?$select=onPremisesLastSyncDateTime")["onPremisesLastSyncDateTime"]
    home = next(each for each in simulator.objects(TENANT_ID, "users") if each["id"] == SYNCED)
    simulator.plant(TENANT_ID, "users", home | {"_onPremisesAccountEnabled": False})
    simulator.sync_cycle(TENANT_ID)  # disabled at home, so in the cloud too
    assert [each["activityDisplayName"] for each in by_others(simulator)] == ["Update user", "Disable account"]
    assert not is_enabled(raw_cloud)


def test_cycles_come_by_themselves_once_an_interval_is_set(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    lock(raw_cloud)
    assert not enabled_within(raw_cloud, 0.3)
    simulator.configure(TENANT_ID, syncInterval=0.5)
    assert not is_enabled(raw_cloud)
    assert enabled_within(raw_cloud, 5)
    lock(raw_cloud)
    assert enabled_within(raw_cloud, 5)
    simulator.configure(TENANT_ID, syncInterval=0)
    lock(raw_cloud)
    assert not enabled_within(raw_cloud, 0.7)
    assert [each["activityDisplayName"] for each in by_others(simulator)] == ["Update user", "Enable account"] * 2


def test_a_cycle_that_was_due_while_nobody_looked_has_its_own_time(
    simulator: SimulatorControl, raw_cloud: RawCloud
) -> None:
    simulator.configure(TENANT_ID, syncInterval=1)
    began = time.time()
    lock(raw_cloud)
    time.sleep(max(0.0, began + 2.5 - time.time()))  # two cycles become due, unseen
    assert is_enabled(raw_cloud)
    told = datetime.fromisoformat(by_others(simulator)[0]["activityDateTime"])
    assert told <= datetime.fromtimestamp(began + 1.1, UTC)


def test_cycles_outlive_the_process(tmp_path: Path) -> None:
    database = tmp_path / "cloud.sqlite3"
    process, url = start_simulator(database, "--empty")
    control = SimulatorControl(url)
    control.load_world(tiny_world())
    control.configure(TENANT_ID, syncInterval=60)
    cloud = RawCloud(url)
    lock(cloud)
    control.configure(TENANT_ID, syncInterval=0.4)
    process.kill()
    process.wait(10)
    process, url = start_simulator(database)
    try:
        cloud.url = url
        assert enabled_within(cloud, 5)
        assert len(by_others(SimulatorControl(url))) == 2
    finally:
        process.terminate()
        process.wait(10)


def test_a_person_is_named_and_is_no_synchronization(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    lock(raw_cloud)
    simulator.enable(TENANT_ID, "sync@tiny.example", by="alice@tiny.example")
    assert is_enabled(raw_cloud)
    assert {each["initiatedBy"]["user"]["id"] for each in by_others(simulator)} == {ALICE}
    found = enabling_as_petra_reads_it(simulator)
    assert found is not None
    assert (found.is_by_synchronization, found.by) == (False, "alice@tiny.example")
    lock(raw_cloud)
    simulator.enable(TENANT_ID, SYNCED, by="stranger@elsewhere.example")
    assert by_others(simulator)[-1]["initiatedBy"]["user"]["userPrincipalName"] == "stranger@elsewhere.example"
    for wrong in ((SYNCED, ""), ("nobody", "alice@tiny.example")):
        with pytest.raises(SimulatorUnavailable):
            simulator.enable(TENANT_ID, *wrong)
