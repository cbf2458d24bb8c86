"""Clients of the tiny world."""

from collections.abc import Callable
from typing import Any

import pytest

from graph import AppCredentials, GraphClient, simulator_cloud
from graph.auth import forget_all_tokens
from graph.simulator.control import SimulatorControl
from tests.factories.world import CLIENT_ID, CLIENT_SECRET, TENANT_ID

MakeClient = Callable[..., GraphClient]


@pytest.fixture
def make_client(simulator: SimulatorControl) -> MakeClient:
    """Makes clients of the tiny world's first tenant, which share no token with an earlier test."""
    forget_all_tokens()

    def make(tenant_id: str = TENANT_ID, secret: str = CLIENT_SECRET, **settings: Any) -> GraphClient:
        credentials = AppCredentials(tenant_id=tenant_id, client_id=CLIENT_ID, secret=secret)
        return GraphClient(credentials=credentials, cloud=simulator_cloud(simulator.url), **settings)

    return make


@pytest.fixture
def client(make_client: MakeClient) -> GraphClient:
    """A client of the tiny world's first tenant."""
    return make_client()
