"""Faults: which request they hit."""

from __future__ import annotations

from typing import Any

from graph.simulator.tenants import Tenant
from graph.simulator.weather import Weather
from tests.factories.world import tiny_world


def tenant_with(*faults: dict[str, Any], **settings: Any) -> Tenant:
    """The tiny world's first tenant with these faults."""
    tenant = Tenant.from_world(tiny_world()["tenants"][0])
    tenant.settings.change({"faults": list(faults), **settings})
    return tenant


def hits(tenant: Tenant, paths: list[str]) -> list[bool]:
    """For each request whether a fault struck."""
    weather = Weather()
    return [weather.strike(tenant, "GET", path) is not None for path in paths]


def test_ordinal_and_times() -> None:
    second = tenant_with({"match": {"ordinal": 2}, "answer": 503})
    assert hits(second, ["/users"] * 4) == [False, True, False, False]
    twice = tenant_with({"match": {"path": "^/users"}, "answer": 503, "times": 2})
    assert hits(twice, ["/devices", "/users", "/users", "/users"]) == [False, True, True, False]


def test_method_and_path_must_match() -> None:
    writes = tenant_with({"match": {"method": "PATCH"}, "answer": 503})
    assert hits(writes, ["/users"]) == [False]


def test_a_rate_gives_the_same_schedule_for_the_same_seed_in_any_order() -> None:
    tenant = tenant_with({"match": {}, "answer": 429, "rate": 0.3, "seed": 7})
    paths = [f"/users/{number}" for number in range(200)]
    forwards = dict(zip(paths, hits(tenant, paths), strict=True))
    backwards = dict(zip(paths[::-1], hits(tenant, paths[::-1]), strict=True))
    assert forwards == backwards
    assert 30 < sum(forwards.values()) < 90
    other = tenant_with({"match": {}, "answer": 429, "rate": 0.3, "seed": 8})
    assert hits(other, paths) != list(forwards.values())


def test_latency_by_path_goes_before_the_general_one() -> None:
    tenant = tenant_with(latency=1, latencyByPath={"^/users": 2.5})
    assert (Weather.latency(tenant, "/users/x"), Weather.latency(tenant, "/devices")) == (2.5, 1.0)
