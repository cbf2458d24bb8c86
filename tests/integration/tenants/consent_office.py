"""A managed service provider that connects tenants of the simulated cloud, and another one that must not get at them."""

from dataclasses import dataclass
from typing import Any

from graph import Service
from graph.simulator.control import SimulatorControl
from tenants.connecting import ConsentLink, consent_begin, consent_finish
from tenants.enums import ConnectionApplication, Role, TenantState
from tenants.models import AuditEvent, Connection, Member, Organization, Tenant
from tenants.scoping import tenant_scope
from tests.factories import rows
from tests.factories.consent import FRESH_ID, REDIRECT, answer_to

SHARED, OWN = ConnectionApplication.SHARED, ConnectionApplication.OWN


@dataclass
class Office:
    organization: Organization
    admin: Member
    tenant: Tenant
    simulator: SimulatorControl

    def link(self, service: Service = Service.GRAPH, **more: Any) -> ConsentLink:
        asked = {"tenant": self.tenant, "application": SHARED, "by": self.admin} | more
        with tenant_scope([asked["tenant"].pk]):
            return consent_begin(service=service, redirect_uri=REDIRECT, **asked)

    def accepted(self, directory_id: str = FRESH_ID, **more: Any) -> dict[str, str]:
        """The answer of an administrator who has accepted a fresh link."""
        return answer_to(self.link(**more).url, directory_id=directory_id)

    def finish(self, answer: dict[str, str], **more: Any) -> Connection:
        asked = {"tenant": self.tenant, "by": self.admin} | more
        with tenant_scope([asked["tenant"].pk]):
            return consent_finish(state=answer["state"], microsoft_tenant_id=answer["tenant"], **asked)

    def stored(self, tenant: Tenant | None = None) -> Connection | None:
        tenant = tenant or self.tenant
        with tenant_scope([tenant.pk]):
            return Connection.objects.filter(tenant=tenant).first()

    def acts(self) -> list[str]:
        return list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))


def open_office(simulator: SimulatorControl, name: str = "Lantern") -> Office:
    organization = rows.organization(name)
    admin = rows.member(organization, Role.ADMIN, display_name=f"Ada of {name}")
    tenant = rows.tenant(organization, f"Fresh of {name}", is_demo=True, state=TenantState.UNCONNECTED)
    return Office(organization, admin, tenant, simulator)
