from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from graph.simulator.world import build_world

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)  # a Tuesday morning


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def world() -> dict[str, Any]:
    return build_world(NOW)


@pytest.fixture(scope="session")
def tenants(world: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Each tenant under its domain name."""
    return {tenant["domains"][0]["id"]: tenant for tenant in world["tenants"]}


@pytest.fixture(scope="session")
def acme(tenants: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return tenants["acme-corp.example"]
