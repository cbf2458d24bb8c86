"""The control plane and its Python client."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from graph.simulator.control import SimulatorControl, SimulatorUnavailable
from tests.factories.world import ALICE, CLIENT_ID, CLIENT_SECRET, OTHER_TENANT_ID, TENANT_ID, tiny_world, user
from tests.fixtures.simulator import RawCloud, start_simulator


def test_tenants_with_what_is_needed_to_connect(simulator: SimulatorControl) -> None:
    first, second = simulator.tenants()
    assert (first["tenantId"], first["clientId"], first["clientSecret"]) == (TENANT_ID, CLIENT_ID, CLIENT_SECRET)
    assert first["domains"] == ["tiny.example", "fed.example"]
    assert second["tenantId"] == OTHER_TENANT_ID


def test_settings_are_shown_and_changed(simulator: SimulatorControl) -> None:
    changed = simulator.configure(TENANT_ID, latency=0.25, throttling={"reports": 0}, licences={"premium": False})
    assert changed == simulator.tenant(TENANT_ID)
    assert changed["latency"] == 0.25
    assert changed["throttling"] == {
        "mailboxRequests": 10_000, "identityProtection": 1, "reports": 0, "messageTraces": 100,
        "directoryUnits": 3_500, "directoryWrites": 3_000,
    }  # fmt: skip
    assert changed["licences"] == {"premium": False, "messageTrace": True}
    for wrong in ({"nonsense": 1}, {"latency": "slow"}, {"claimsChallenge": 1}, {"faults": [{"answer": "x"}]}):
        with pytest.raises(SimulatorUnavailable):
            simulator.configure(TENANT_ID, **wrong)


def test_objects_are_planted_seen_and_removed(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    new = user("11110000-0000-4000-8000-000000000009", "Newcomer")
    simulator.plant(TENANT_ID, "users", new)
    assert raw_cloud.get("/users/newcomer@tiny.example")["id"] == new["id"]
    assert new in simulator.objects(TENANT_ID, "users")
    simulator.uproot(TENANT_ID, "users", new["id"])
    assert raw_cloud.call("GET", f"/v1.0/users/{new['id']}").status_code == 404
    with pytest.raises(SimulatorUnavailable):
        simulator.plant(TENANT_ID, "nonsense", {"id": "x"})
    with pytest.raises(SimulatorUnavailable):
        simulator.plant("nowhere", "users", new)


def test_a_new_world_forgets_settings_and_log(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, latency=0.01)
    raw_cloud.get(f"/users/{ALICE}")
    simulator.load_world(tiny_world())
    assert simulator.tenant(TENANT_ID)["latency"] == 0
    assert simulator.requests()["roundTrips"] == 0
    assert raw_cloud.get(f"/users/{ALICE}")["id"] == ALICE  # tokens stay good


def test_the_log_since_a_moment_and_cleared(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    raw_cloud.get(f"/users/{ALICE}")
    first = simulator.requests()["requests"][0]
    raw_cloud.get(f"/users/{ALICE}")
    assert len(simulator.requests(since=first["at"])["requests"]) == 2
    assert simulator.requests(since="2100-01-01T00:00:00Z")["roundTrips"] == 0
    simulator.clear_requests()
    assert simulator.requests()["requests"] == []


def test_secrets_are_masked_in_the_log(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    raw_cloud.call("PATCH", f"/v1.0/users/{ALICE}", {"passwordProfile": {"password": "Correct-Horse-9"}})
    assert simulator.requests()["requests"][0]["body"] == {"passwordProfile": {"password": "********"}}


def test_wrong_controls(simulator: SimulatorControl) -> None:
    root = f"{simulator.url}/simulator"
    assert requests.get(f"{root}/nonsense", timeout=10).status_code == 404
    assert requests.put(f"{root}/health", timeout=10).status_code == 405
    assert requests.post(f"{root}/world", data="[", timeout=10).status_code == 400
    assert requests.post(f"{root}/world", json={"tenants": [{}]}, timeout=10).status_code == 400
    assert requests.get(f"{root}/requests?since=yesterday", timeout=10).status_code == 400


def test_a_world_that_cannot_be_read_changes_nothing(simulator: SimulatorControl) -> None:
    world = tiny_world()
    del world["tenants"][1]["clientId"]
    with pytest.raises(SimulatorUnavailable):
        simulator.load_world(world)
    assert [each["tenantId"] for each in simulator.tenants()] == [TENANT_ID, OTHER_TENANT_ID]


def test_the_state_survives_the_death_of_the_process(tmp_path: Path) -> None:
    database = tmp_path / "cloud.sqlite3"
    process, url = start_simulator(database, "--empty")
    SimulatorControl(url).load_world(tiny_world())
    cloud = RawCloud(url)
    cloud.call("PATCH", f"/v1.0/users/{ALICE}", {"accountEnabled": False})
    process.kill()
    process.wait(10)
    process, url = start_simulator(database)
    try:
        cloud.url = url
        assert cloud.get(f"/users/{ALICE}?$select=accountEnabled")["accountEnabled"] is False
        assert SimulatorControl(url).requests()["byPath"]["PATCH /users/{id}"] == 1
    finally:
        process.terminate()
        process.wait(10)


def test_waiting_for_nobody_ends() -> None:
    with pytest.raises(SimulatorUnavailable):
        SimulatorControl("http://127.0.0.1:9").wait_until_up(0.1)


def test_a_new_file_holds_the_demo_world_and_reset_rebuilds_it(tmp_path: Path) -> None:
    process, url = start_simulator(tmp_path / "cloud.sqlite3")
    try:
        control = SimulatorControl(url)
        first = control.tenants()
        assert first[0]["name"] == "Acme Corp"
        control.configure(first[0]["tenantId"], latency=1)
        control.reset("2026-03-02T09:00:00Z")
        assert control.tenants() == first
        assert control.tenant(first[0]["tenantId"])["latency"] == 0
    finally:
        process.terminate()
        process.wait(10)
