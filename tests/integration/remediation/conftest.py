from collections.abc import Iterator

import pytest

from graph.simulator.control import SimulatorControl
from tenants.models import Organization, Tenant
from tenants.scoping import tenant_scope, unscoped
from tests.factories import world
from tests.integration.remediation.desk import Desk, connect, make_account, make_incident, make_member
from tests.integration.remediation.towns import Towns, make_towns


@pytest.fixture
def desk(db: None, settings, simulator: SimulatorControl) -> Iterator[Desk]:
    """Alice's incident, with the tenant's scope open as a worker or a view would have it."""
    settings.SIMULATOR_URL = simulator.url
    organization = Organization.objects.create(name="Lantern")
    tenant = Tenant.objects.create(organization=organization, slug="tiny", name="Tiny", is_demo=True)
    with unscoped(reason="making test rows"):
        connect(tenant)
        account = make_account(tenant, world.ALICE, "Alice")
        incident = make_incident(tenant, account)
    analyst = make_member(organization, "ravi@lantern.example")
    colleague = make_member(organization, "lena@lantern.example")
    with tenant_scope([tenant.pk]):
        yield Desk(organization, analyst, colleague, tenant, incident)


@pytest.fixture
def towns(db: None, settings, simulator_url: str, monkeypatch: pytest.MonkeyPatch) -> Towns:
    control = SimulatorControl(simulator_url)
    control.reset()
    settings.SIMULATOR_URL = control.url
    monkeypatch.setattr("remediation.doorbell._send", lambda *_: None)  # the test is the worker
    return make_towns(control)
