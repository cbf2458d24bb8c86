"""The audit log of a real tenant, where it is at hand: the victim is found by the operation, nobody is named here."""

import csv
import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from incidents import collection
from incidents.contexts import timeline_view
from incidents.enums import IncidentState
from incidents.evidence.fields import moment
from incidents.evidence.unified_audit_log import audit_data
from incidents.imports.ordering import import_order
from incidents.imports.storing import import_run
from incidents.models import Account, Incident, Indicator, LogRecord
from incidents.selectors import incident_get, log_counts, logbook_of_incident
from incidents.selectors.timeline import TimelineChoice
from incidents.services import Opening, incident_open
from remediation import scanning
from remediation.models import Finding
from tenants.enums import TenantState
from tenants.scoping import tenant_scope
from tests.factories import rows

FILE = Path(__file__).parents[3] / "shared" / "data" / "unified-audit-log-2021-spring.csv.gz"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not FILE.exists(), reason="the audit log of the real tenant is not at hand"),
]
APRIL = ("2021-04-01", "2021-05-01")


@pytest.fixture(autouse=True)
def nobody_hears(monkeypatch):
    monkeypatch.setattr("incidents.doorbell._send", lambda *_arguments: None)
    monkeypatch.setattr("remediation.doorbell._send", lambda *_arguments: None)


@pytest.fixture(scope="module")
def records() -> list[dict]:
    csv.field_size_limit(10_000_000)
    with gzip.open(FILE, "rt", encoding="utf-8-sig", newline="") as text:
        found = {}
        for line in csv.DictReader(text):
            data = json.loads(line["AuditData"])
            found[data["Id"]] = {"id": data["Id"], "auditData": data}
    return list(found.values())


def parameters(data) -> dict:
    return {one["Name"]: one["Value"] for one in data.get("Parameters") or []}


@pytest.fixture
def rule_record(records) -> dict:
    """The rule of the April attack: it bears no name and deletes mail."""
    made = [audit_data(one) for one in records if audit_data(one)["Operation"] == "New-InboxRule"]
    (evil,) = [one for one in made if not any(char.isalnum() for char in parameters(one)["Name"])]
    assert APRIL[0] < evil["CreationTime"] < APRIL[1]
    return evil


@pytest.fixture
def incident(records, rule_record) -> Incident:
    """Opened for the victim, compromised since the first sign-in from the rule's address."""
    organization = rows.organization()
    tenant = rows.tenant(organization, "Imported", state=TenantState.UNCONNECTED)
    analyst = rows.member(organization)
    victim, address = rule_record["UserId"].lower(), rule_record["ClientIP"].rpartition(":")[0]
    with tenant_scope([tenant.pk]):
        import_run(import_order(tenant=tenant, path=FILE, file_name=FILE.name, by=None))
        account = Account.objects.get(user_principal_name=victim)
        own = LogRecord.objects.filter(user_principal_name=victim, ip_address=address)
        since: datetime = own.earliest("occurred_at").occurred_at
        opened = incident_open(tenant=tenant, account=account, opening=Opening(since=since), by=analyst)
    collection.weigh_for(opened.pk)
    scanning.scan_due(tenant=tenant)
    return opened


def test_the_april_attack_is_told(incident, rule_record):
    address = rule_record["ClientIP"].rpartition(":")[0]
    with tenant_scope([incident.tenant_id]):
        counting = {(one.kind, one.value) for one in Indicator.objects.filter(incident=incident) if one.counts}
        own = LogRecord.objects.filter(ip_address=address).first()
        place = {("network", own.network), ("country", own.country)}
        assert counting == {("ip", address), *place}  # nothing of its owner's
        rule = Finding.objects.get(incident=incident, kind="inbox_rule")
        made_at = moment(rule_record["CreationTime"])
        assert rule.is_suspicious
        assert rule.reasons == [
            f"Made or changed by the attacker on {made_at:%Y-%m-%d %H:%M} UTC from {address}",
            f"Its name is only punctuation: “{parameters(rule_record)['Name']}”",
            "Deletes mail",
            f"Log row: New-InboxRule by {rule_record['UserId'].lower()}, {made_at:%Y-%m-%d %H:%M} UTC from {address}",
        ]
        kinds = set(Finding.objects.filter(incident=incident, is_suspicious=True).values_list("kind", flat=True))
        assert kinds == {"inbox_rule", "mail_flow", "mailbox_permission", "role"}


def test_the_attackers_rows_are_red_and_the_owners_are_not(incident, records, rule_record):
    victim, address = rule_record["UserId"].lower(), rule_record["ClientIP"].rpartition(":")[0]
    own = [data for data in map(audit_data, records) if (data.get("UserId") or "").lower() == victim]
    sign_ins = [data for data in own if data["Operation"] in ("UserLoggedIn", "UserLoginFailed")]
    theirs = [data for data in sign_ins if data["ActorIpAddress"] == address]
    with tenant_scope([incident.tenant_id]):
        assert log_counts(logbook_of_incident(incident_get(incident.pk)))["logins"] == (len(sign_ins), len(theirs))


def test_the_timeline_has_each_red_row(incident, rule_record):
    with tenant_scope([incident.tenant_id]):
        fresh = incident_get(incident.pk)
        timeline = timeline_view(incident=fresh, choice=TimelineChoice("full"))
        red = log_counts(logbook_of_incident(fresh))
        events = [event for day in timeline.days for event in day.events]
        assert timeline.total == len(events) == sum(attackers for _, attackers in red.values())
        assert moment(rule_record["CreationTime"]) in {event.at for event in events if "mail rule" in event.words}
        assert timeline.picture is not None


def test_another_victim_is_known_by_what_the_first_incident_knows(incident, rule_record, records):
    address = rule_record["ClientIP"].rpartition(":")[0]
    victims = {
        data["UserId"].lower()
        for data in map(audit_data, records)
        if data["Operation"] == "UserLoggedIn" and data["ActorIpAddress"] == address
    } - {rule_record["UserId"].lower()}
    (second,) = victims
    with tenant_scope([incident.tenant_id]):
        account = Account.objects.get(user_principal_name=second)
        opening = Opening(since=incident.first_access_at - timedelta(hours=6))
        other = incident_open(tenant=incident.tenant, account=account, opening=opening, by=None)
        assert other.state == IncidentState.UNPUBLISHED
    collection.weigh_for(other.pk)
    with tenant_scope([incident.tenant_id]):
        kept = Indicator.objects.get(incident=other, value=address)
        assert kept.counts
        assert f"It is the attacker's in another incident, of {incident.account}" in kept.reason
