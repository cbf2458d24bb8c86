"""An analyst's desk in the tiny world: an organization, its people, one connected tenant and one active incident."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from incidents.enums import IncidentState
from incidents.models import Account, Incident
from remediation import runner
from remediation.actions.registry import ACTIONS
from remediation.enums import Step
from remediation.models import ActionRun, Finding
from remediation.services import Press, Pressed, step_press
from tenants.enums import CloudName, Role
from tenants.models import Connection, Member, Organization, Tenant
from tests.factories import world


@dataclass
class Desk:
    organization: Organization
    analyst: Member
    colleague: Member
    tenant: Tenant
    incident: Incident

    def press(self, step: Step, *, key: str = "", by: Member | None = None, **how: Any) -> Pressed:
        """Press a step's button; without a key each call is a form of its own."""
        self._forms = getattr(self, "_forms", 0) + 1
        press = Press(key=key or f"{self._forms:032x}", **how)
        return step_press(incident=self.incident, step=step, press=press, by=by or self.analyst)

    def work(self) -> int:
        """What a worker does when the bell rings."""
        return runner.run_due(tenant=self.tenant)

    def runs(self, **which: Any) -> list[ActionRun]:
        return list(ActionRun.objects.filter(**which).order_by("pk"))

    def run(self, **which: Any) -> ActionRun:
        return ActionRun.objects.get(**which)

    def due_now(self) -> None:
        """As if the time to wait had passed."""
        ActionRun.objects.filter(due_at__gt=timezone.now()).update(due_at=timezone.now())
        ActionRun.objects.filter(verify_due_at__gt=timezone.now()).update(verify_due_at=timezone.now())

    def reload(self) -> Incident:
        self.incident = Incident.objects.select_related("account", "tenant").get(pk=self.incident.pk)
        return self.incident

    def find(self, action_key: str, target: dict[str, Any], *, step: Step = Step.PERSISTENCE, **more: Any) -> Finding:
        """A finding as a scan would leave it."""
        values = {"kind": "device", "title": action_key, "is_suspicious": True, "seen_at": timezone.now()} | more
        return Finding.objects.create(
            tenant=self.tenant,
            incident=self.incident,
            step=step,
            action_key=action_key,
            target=target,
            target_key=ACTIONS[action_key].target_key(target),
            **values,
        )


def make_account(tenant: Tenant, object_id: str, name: str, **more: Any) -> Account:
    address = f"{name.lower()}@tiny.example"
    values = {
        "display_name": f"{name} Example",
        "user_principal_name": address,
        "mail": address,
        "account_enabled": True,
        "read_at": timezone.now(),
    } | more
    return Account.objects.create(tenant=tenant, object_id=object_id, **values)


def make_incident(tenant: Tenant, account: Account, **more: Any) -> Incident:
    now = timezone.now()
    values = {"title": "Session stolen", "detected_by": "A rule", "state": IncidentState.ACTIVE} | more
    return Incident.objects.create(
        tenant=tenant, account=account, first_access_at=now - timedelta(hours=3), opened_at=now, **values
    )


def make_member(organization: Organization, email: str, **more: Any) -> Member:
    values = {"display_name": email.split("@", maxsplit=1)[0].title(), "role": Role.FULL_MEMBER} | more
    return Member.objects.create(organization=organization, email=email, password="!", **values)


def connect(tenant: Tenant) -> Connection:
    return Connection.objects.create(
        tenant=tenant,
        cloud=CloudName.SIMULATOR,
        microsoft_tenant_id=world.TENANT_ID,
        client_id=world.CLIENT_ID,
        client_secret=world.CLIENT_SECRET,
        domains=["tiny.example"],
    )
