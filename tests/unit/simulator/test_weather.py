"""Faults: which request they hit."""

from __future__ import annotations

from typing import Any

import pytest

from graph.simulator import made
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


MIXED = [429, 503, 504, "reset", "lost", "late"]


def answers(tenant: Tenant, paths: list[str]) -> dict[str, str | int | None]:
    """What hits each of these requests, asked once each."""
    weather = Weather()
    found = {path: weather.strike(tenant, "PATCH", path) for path in paths}
    return {path: fault and (fault.status or fault.kind) for path, fault in found.items()}


def test_a_mixed_rule_gives_each_request_its_own_answer_in_any_order() -> None:
    tenant = tenant_with({"match": {"path": "^/users"}, "oneOf": MIXED, "rate": 0.3, "seed": 7})
    paths = [f"/users/{number}" for number in range(400)]
    day = answers(tenant, paths)
    assert answers(tenant, paths[::-1]) == day
    assert answers(tenant, ["/devices/1", *paths, "/devices/2"]) == day | {"/devices/1": None, "/devices/2": None}
    assert set(day.values()) == {None, *MIXED}
    assert 80 < sum(1 for each in day.values() if each) < 160
    assert answers(tenant_with({"match": {}, "oneOf": MIXED, "rate": 0.3, "seed": 8}), paths) != day


def test_the_same_request_has_another_chance_each_time() -> None:
    tenant = tenant_with({"match": {}, "oneOf": MIXED, "rate": 0.3, "seed": 7})
    assert len(set(hits(tenant, ["/users/1"] * 40))) == 2
    assert hits(tenant, ["/users/1"] * 40) == hits(tenant, ["/users/1"] * 40)


def test_ids_made_in_this_run_and_times_change_nothing() -> None:
    tenant = tenant_with({"match": {}, "oneOf": MIXED, "rate": 0.5})
    runs = [
        [
            f"/security/auditLog/queries/{made.guid()}/records",
            f"/oauth2PermissionGrants/{made.opaque('', 43)}",
            f"/users/a/messages/{made.opaque('AAMkA', 120)}/move",
            f"/users/a/mailFolders/inbox/messageRules/{made.opaque('AQAAA', 6)}%3D",
            f"/auditLogs/signIns?$filter=createdDateTime ge {day}T00:00:00Z",
        ]
        for day in ("2026-03-01", "2026-07-09")
    ]
    first, second = ([made.unmarked(path) for path in paths] for paths in runs)
    assert first == second
    assert [hits(tenant, paths * 9) for paths in runs] == [hits(tenant, runs[0] * 9)] * 2


def test_a_mixed_rule_says_when_to_come_back_only_where_microsoft_does() -> None:
    tenant = tenant_with({"match": {}, "oneOf": [429, 504], "retryAfter": 3})
    weather = Weather()
    found = [weather.strike(tenant, "GET", f"/users/{number}") for number in range(40)]
    assert {(each.status, each.retry_after) for each in found if each} == {(429, 3), (504, None)}


@pytest.mark.parametrize(
    "rule", [{}, {"oneOf": []}, {"oneOf": ["x"]}, {"oneOf": [429], "answer": 503}, {"answer": "x"}, {"answer": True}]
)
def test_a_rule_has_answers_that_exist(rule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a fault"):
        tenant_with(rule)


def test_latency_by_path_goes_before_the_general_one() -> None:
    tenant = tenant_with(latency=1, latencyByPath={"^/users": 2.5})
    assert (Weather.latency(tenant, "/users/x"), Weather.latency(tenant, "/devices")) == (2.5, 1.0)
