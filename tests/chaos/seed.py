"""Petra's rows at the beginning: two analysts, the tenants, an active incident in each; and a history kept by triggers.

The history is the database's own: triggers write down each change of an action run's state or fence, in the very
transaction of the change, so that the audit trail can be held against something that Petra did not write.
"""

from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from graph.simulator.control import SimulatorControl
from incidents.enums import IncidentState, TagOrigin
from incidents.models import Account, Incident, PhishTag
from tenants.enums import CloudName, Role
from tenants.models import Connection, Member, Organization, Tenant
from tenants.scoping import tenant_scope
from tests.chaos.world import PHISHES, SENDER, TOWNS, Town
from tests.factories.world import CLIENT_ID

ANALYSTS = ("first@chaos.example", "second@chaos.example")
PASSWORD = "correct-horse-battery"

_TABLE = """CREATE TABLE chaos_history (id {serial}, run_id bigint, old_state text, new_state text, old_fence text,
    new_fence text, old_lease {moment}, at {moment})"""
_INSERT = """INSERT INTO chaos_history(run_id, old_state, new_state, old_fence, new_fence, old_lease, at)
    VALUES (OLD.id, OLD.state, NEW.state, OLD.fence, NEW.fence, OLD.lease_until, {now})"""
_WHEN = "(OLD.state <> NEW.state OR OLD.fence <> NEW.fence)"
_SQLITE = [
    _TABLE.format(serial="integer PRIMARY KEY AUTOINCREMENT", moment="text"),
    f"""CREATE TRIGGER chaos_kept AFTER UPDATE ON remediation_actionrun WHEN {_WHEN}
    BEGIN {_INSERT.format(now="strftime('%Y-%m-%d %H:%M:%f', 'now')")}; END""",
]
_POSTGRESQL = [
    _TABLE.format(serial="bigserial PRIMARY KEY", moment="timestamptz"),
    f"""CREATE FUNCTION chaos_keep() RETURNS trigger AS $$
    BEGIN {_INSERT.format(now="clock_timestamp()")}; RETURN NULL; END $$ LANGUAGE plpgsql""",
    f"""CREATE TRIGGER chaos_kept AFTER UPDATE ON remediation_actionrun FOR EACH ROW WHEN {_WHEN}
    EXECUTE FUNCTION chaos_keep()""",
]


def keep_history() -> None:
    """Let the database keep every change of an action run."""
    with connection.cursor() as cursor:
        for statement in _SQLITE if connection.vendor == "sqlite" else _POSTGRESQL:
            cursor.execute(statement)


def seed_rows(control: SimulatorControl) -> dict[str, Incident]:
    """Make all rows. Returns the incident of each town, by its slug."""
    organization = Organization.objects.create(name="Chaos")
    for email in ANALYSTS:
        member = Member(organization=organization, email=email, role=Role.FULL_MEMBER)
        member.display_name = email.partition("@")[0].title()
        member.set_password(PASSWORD)
        member.save()
    return {town.slug: _seed_town(town, organization, control) for town in TOWNS}


def _seed_town(town: Town, organization: Organization, control: SimulatorControl) -> Incident:
    tenant = Tenant.objects.create(organization=organization, slug=town.slug, name=town.slug.title(), is_demo=True)
    with tenant_scope([tenant.pk]), transaction.atomic():
        Connection.objects.create(
            tenant=tenant,
            cloud=CloudName.SIMULATOR,
            microsoft_tenant_id=town.id("tenant"),
            client_id=CLIENT_ID,
            client_secret=f"secret-of-{town.slug}",
            domains=[town.domain],
        )
        (person,) = [each for each in control.objects(town.id("tenant"), "users") if each["id"] == town.victim]
        return _seed_incident(town, tenant, person)


def _seed_incident(town: Town, tenant: Tenant, person: dict[str, Any]) -> Incident:
    now = timezone.now()
    account = Account.objects.create(
        tenant=tenant,
        object_id=person["id"],
        user_principal_name=person["userPrincipalName"],
        display_name=person["displayName"],
        mail=person["mail"],
        account_enabled=True,
        read_at=now,
    )
    incident = Incident.objects.create(
        tenant=tenant,
        account=account,
        title="Session stolen",
        detected_by="A rule",
        state=IncidentState.ACTIVE,
        first_access_at=now - timedelta(hours=2),
        opened_at=now,
        published_at=now,
    )
    PhishTag.objects.bulk_create(
        PhishTag(
            tenant=tenant,
            incident=incident,
            internet_message_id=town.phish_id(number),
            subject=f"Overdue invoice {4400 + number}",
            sender_address=SENDER,
            received_at=now - timedelta(hours=3),
            origin=TagOrigin.EVIDENCE,
            reason="The chaos run says so.",
            tagged_by_name="Petra",
        )
        for number in range(PHISHES)
    )
    return incident
