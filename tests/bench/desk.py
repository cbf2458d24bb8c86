"""An incident with everything ordered and nothing done yet, for the benchmark."""

from collections.abc import Iterator
from contextlib import contextmanager

from graph import users
from remediation.enums import Step
from tenants.connections import graph_client
from tenants.models import Organization, Tenant
from tenants.scoping import tenant_scope
from tests.factories import world
from tests.integration.remediation.desk import Desk, connect, make_account, make_incident, make_member


@contextmanager
def ordered_desk(methods: dict[str, str], rules: tuple[str, ...], kind: str) -> Iterator[Desk]:
    organization = Organization.objects.create(name="Bench")
    tenant = Tenant.objects.create(organization=organization, slug="tiny", name="Tiny", is_demo=True)
    with tenant_scope([tenant.pk]):
        connection = connect(tenant)
        incident = make_incident(tenant, make_account(tenant, world.ALICE, "Alice"))
        analyst = make_member(organization, "a@bench.example")
        desk = Desk(organization, analyst, analyst, tenant, incident)
        graph_client(connection).send(users.get(world.ALICE))  # the token is there, as it is for the other way
        mailbox = {"user_id": world.ALICE, "mailbox": "alice@tiny.example", "identity": "", "is_hidden": False}
        targets = [("disable_inbox_rule", mailbox | {"rule_id": rule}) for rule in rules]
        targets += [
            ("remove_auth_method", {"user_id": world.ALICE, "method_id": each, "odata_type": kind}) for each in methods
        ]
        findings = [desk.find(key, target) for key, target in targets]
        desk.press(Step.CONTAIN)
        desk.press(Step.PERSISTENCE, finding_ids=[finding.pk for finding in findings])
        desk.press(Step.PASSWORD)
        yield desk
