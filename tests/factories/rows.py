"""Petra's own rows for tests: an organization, its tenants and people, incidents and evidence. Plain functions.

Each makes a valid row of its own unless told otherwise, whatever scope is open.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, cast

from django.utils import timezone
from model_bakery import baker

from incidents.enums import IncidentState, IndicatorKind, LogSource, Workload
from incidents.models import Account, Incident, Indicator, LogRecord
from remediation.models import ActionAttempt, ActionRun, Finding, IssuedPassword, Scan, WorkOrder
from tenants import audit
from tenants.audit import Act, Actor
from tenants.enums import CloudName, Role
from tenants.models import Connection, Member, Organization, Tenant
from tenants.scoping import TenantScoped, unscoped

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PASSWORD = "correct-horse-battery"
_numbers = count(1)


def organization(name: str = "Lantern") -> Organization:
    return Organization.objects.create(name=name)


def tenant(of: Organization, name: str = "", **more: Any) -> Tenant:
    name = name or f"Client {next(_numbers)}"
    return Tenant.objects.create(organization=of, name=name, slug=name.lower().replace(" ", "-"), **more)


def connection(of: Tenant, **more: Any) -> Connection:
    values = {
        "cloud": CloudName.GLOBAL,
        "microsoft_tenant_id": "tid",
        "client_id": "cid",
        "domains": ["client.example"],
    }
    with unscoped(reason="a test's row"):
        return Connection.objects.create(tenant=of, **(values | more))


def member(of: Organization, role: Role = Role.FULL_MEMBER, **more: Any) -> Member:
    values = {"email": f"member{next(_numbers)}@lantern.example", "display_name": f"Member {next(_numbers)}"} | more
    return Member.objects.create_user(password=PASSWORD, organization=of, role=role, **values)


def account(of: Tenant, name: str = "Alice Example", **more: Any) -> Account:
    address = f"{name.split(maxsplit=1)[0].lower()}{next(_numbers)}@client.example"
    values = {"object_id": f"object-{next(_numbers)}", "display_name": name, "user_principal_name": address} | more
    with unscoped(reason="a test's row"):
        return Account.objects.create(tenant=of, **values)


def incident(of: Tenant, victim: Account | None = None, **more: Any) -> Incident:
    now = timezone.now()
    values = {
        "title": "Session stolen",
        "detected_by": "A rule",
        "state": IncidentState.ACTIVE,
        "first_access_at": now - timedelta(hours=3),
        "opened_at": now - timedelta(minutes=10),
    } | more
    victim = victim or account(of)
    with unscoped(reason="a test's row"):
        made = Incident.objects.create(tenant=of, account=victim, **values)
        return Incident.objects.select_related("account", "tenant", "owner").get(pk=made.pk)


def indicator(of: Incident, value: str, kind: IndicatorKind = IndicatorKind.IP_ADDRESS) -> Indicator:
    with unscoped(reason="a test's row"):
        return Indicator.objects.create(tenant=of.tenant, incident=of, kind=kind, value=value)


def log_record(of: Incident, **more: Any) -> LogRecord:
    raw = b"{}"
    values = {
        "source": LogSource.UNIFIED_AUDIT_LOG,
        "workload": Workload.EXCHANGE,
        "record_id": f"record-{next(_numbers)}",
        "occurred_at": NOON,
        "operation": "MailItemsAccessed",
        "user_principal_name": of.account.user_principal_name.lower(),
        "raw": raw,
        "raw_sha256": hashlib.sha256(raw).hexdigest(),
    } | more
    with unscoped(reason="a test's row"):
        return LogRecord.objects.create(tenant=of.tenant, **values)


def message(internet_message_id: str, **more: str) -> dict[str, str]:
    """A message as log records name it."""
    return {"id": internet_message_id, "subject": "", "sender": "", "received": "", "folder": "Inbox"} | more


def mail_record(of: Incident, *messages: dict[str, str], **more: Any) -> LogRecord:
    """A record of MailItemsAccessed that names these messages."""
    only = messages[0] if len(messages) == 1 else message("")
    values = {"internet_message_id": only["id"], "subject": only["subject"], "sender": only["sender"]}
    return log_record(of, messages=list(messages), item_count=len(messages), **(values | more))


def act(of: Tenant, summary: str = "Something was done", **more: Any) -> None:
    """An entry in the audit trail of a tenant."""
    values = {"verb": "test", "object_type": "test", "object_id": 1} | more
    audit.record([Act(summary=summary, **values)], tenant=of, by=Actor(None, "Petra"))


def organization_act(of: Organization, summary: str = "Something was done", **more: Any) -> None:
    """An entry in the audit trail of an organization itself."""
    values = {"verb": "test", "object_type": "test", "object_id": 1} | more
    audit.record_for_organization([Act(summary=summary, **values)], organization=of, by=Actor(None, "Petra"))


def any_row(model: type[TenantScoped], of: Tenant) -> TenantScoped:
    """A stored row of a tenant, whatever is in it, with everything it hangs on."""
    # What is found and done is of an incident or of a campaign: of nothing it cannot be.
    optional = ["incident"] if model in (Finding, Scan, WorkOrder) else []
    hanging: dict[str, TenantScoped] = {}
    if model is ActionRun:
        hanging = {"order": any_row(WorkOrder, of)}
    elif model in (ActionAttempt, IssuedPassword):
        hanging = {"run": any_row(ActionRun, of)}
    return cast(TenantScoped, baker.make(model, tenant=of, _fill_optional=optional, **hanging))
