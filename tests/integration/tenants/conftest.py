"""The desk of the remediation tests, for what a tenant's circuits do to the engine; an office that connects tenants."""

from collections.abc import Iterator

import pytest

from graph.auth import forget_all_tokens
from graph.simulator.control import SimulatorControl
from tests.factories.consent import CLIENT_ID, SHARED_SECRET, consent_world
from tests.integration.remediation.conftest import desk
from tests.integration.tenants.consent_office import Office, open_office

__all__ = ["desk"]


@pytest.fixture(autouse=True)
def _no_tokens_left() -> Iterator[None]:
    """A refusal is remembered for some seconds, and the same application signs in elsewhere, too."""
    yield
    forget_all_tokens()


@pytest.fixture
def cloud(settings, simulator: SimulatorControl) -> SimulatorControl:
    """The simulated cloud with an application to be admitted; Petra knows that application."""
    simulator.load_world(consent_world())
    settings.SIMULATOR_URL = simulator.url
    settings.DEMO = True
    settings.APPLICATION_ID, settings.APPLICATION_SECRET = CLIENT_ID, SHARED_SECRET
    settings.APPLICATION_CLOUD = "simulator"
    return simulator


@pytest.fixture
def consent_office(db: None, cloud: SimulatorControl) -> Office:
    return open_office(cloud)
