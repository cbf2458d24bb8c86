"""Petra's client and the simulated cloud, over HTTP: what one builds by the documents, the other serves by them."""

import json
from datetime import UTC, datetime

import pytest

from graph import (
    GraphClient,
    Request,
    SecretRef,
    applications,
    audit,
    devices,
    exchange,
    mail,
    organization,
    rules,
    security,
    users,
)
from graph.simulator.control import SimulatorControl
from tests.factories.world import ADMIN, ALICE, APPLICATION, DEVICE, EVIL_APP_ID, EVIL_PRINCIPAL, TENANT_ID
from tests.integration.graph.conftest import MakeClient

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
UNTIL = datetime(2026, 3, 2, tzinfo=UTC)
AUTHENTICATOR = "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod"


READS = {
    "get": users.get(ALICE, users.PROFILE),
    "list_users": users.list_users(),
    "by_addresses": users.by_addresses(["alice@tiny.example", "bob@tiny.example"]),
    "directory_roles": users.directory_roles(ADMIN),
    "authentication_methods": security.authentication_methods(ALICE),
    "risk_detections": security.risk_detections(),
    "messages": mail.messages(ALICE),
    "message": mail.message(ALICE, "AAMk-a11c-1"),
    "by_internet_message_ids": mail.by_internet_message_ids(ALICE, ["<phish+1=x@evil.example>"]),
    "by_sender_and_subject": mail.by_sender_and_subject(ALICE, "mallory@evil.example", "Let's pay invoice 1", SINCE),
    "folders": mail.folders(ALICE),
    "folder": mail.folder(ALICE, "inbox"),
    "message_traces": mail.message_traces(
        filter="receivedDateTime ge 2026-03-01T00:00:00Z and receivedDateTime le 2026-03-02T00:00:00Z"
    ),
    "list_rules": rules.list_rules(ALICE),
    "consents_of": applications.consents_of(ALICE),
    "consents_for_client": applications.consents_for_client(EVIL_PRINCIPAL),
    "service_principal": applications.service_principal(EVIL_PRINCIPAL),
    "service_principal_by_app_id": applications.service_principal_by_app_id(EVIL_APP_ID),
    "assigned_to": applications.assigned_to(EVIL_PRINCIPAL),
    "role_assignments_of": applications.role_assignments_of(ALICE),
    "owned_objects": applications.owned_objects(ALICE),
    "created_objects": applications.created_objects(ALICE),
    "application": applications.application(APPLICATION),
    "registered_devices": devices.registered_devices(ALICE),
    "device": devices.device(DEVICE),
    "sign_ins": audit.sign_ins(filter=f"userId eq '{ALICE}' and createdDateTime ge 2026-03-01T00:00:00Z"),
    "sign_ins_v1": audit.sign_ins(version="v1.0"),
    "directory_audits": audit.directory_audits(),
    "organization": organization.organization(),
    "domains": organization.domains(),
    "inbox_rules": exchange.inbox_rules("alice@tiny.example"),
    "mailbox": exchange.mailbox("alice@tiny.example"),
    "mailbox_permissions": exchange.mailbox_permissions("alice@tiny.example"),
    "recipient_permissions": exchange.recipient_permissions("alice@tiny.example"),
    "message_trace": exchange.message_trace(
        exchange.TraceQuestion(since=SINCE, until=UNTIL, senders=("mallory@evil.example",))
    ),
}


@pytest.mark.parametrize("name", READS)
def test_the_cloud_understands_every_read(client: GraphClient, name: str) -> None:
    body = client.send(READS[name]).require()

    rows = body.get("value", [body])
    assert rows or name in {"risk_detections", "directory_audits"}


def test_all_reads_together_need_a_handful_of_round_trips(simulator: SimulatorControl, client: GraphClient) -> None:
    responses = client.send_all(list(READS.values()))

    assert [response.error for response in responses if not response.ok] == []
    assert simulator.requests()["roundTrips"] <= 7


MAILBOX = "alice@tiny.example"
WRITES: dict[str, list[Request]] = {
    "account": [users.disable(ALICE), users.enable(ALICE), users.revoke_sessions(ALICE)],
    "risk": [security.confirm_compromised(ALICE)],
    "method": [security.delete_authentication_method(ALICE, AUTHENTICATOR, "6a7b0000-0000-4000-8000-000000000001")],
    "rule": [rules.set_enabled(ALICE, "AQAAAJ5dZp8=", enabled=False)],
    "consent": [
        applications.delete_consent("grant-alice"),
        applications.create_consent(
            {
                "clientId": EVIL_PRINCIPAL,
                "consentType": "Principal",
                "principalId": ALICE,
                "resourceId": "cccccccc-0000-4000-8000-000000000001",
                "scope": " Mail.Read",
            }
        ),
    ],
    "application": [
        applications.set_service_principal_enabled(EVIL_PRINCIPAL, enabled=False),
        applications.set_application_disabled(APPLICATION, disabled=True),
        applications.create_service_principal(applications.TRANSPORT_DATA_PLATFORM),
    ],
    "device": [devices.set_device_enabled(DEVICE, enabled=False)],
    "query": [audit.create_query("case", SINCE, UNTIL, users=["alice@tiny.example"], operations=["New-InboxRule"])],
    "forwarding": [
        exchange.clear_forwarding(MAILBOX),
        exchange.set_forwarding(MAILBOX, smtp="smtp:drop@evil.example", address=None, deliver=True),
    ],
    "mailbox permission": [
        exchange.remove_mailbox_permission(MAILBOX, "bob@tiny.example"),
        exchange.add_mailbox_permission(MAILBOX, "bob@tiny.example"),
    ],
    "send as": [
        exchange.remove_recipient_permission(MAILBOX, "bob@tiny.example"),
        exchange.add_recipient_permission(MAILBOX, "bob@tiny.example"),
    ],
    "send on behalf": [
        exchange.set_send_on_behalf(MAILBOX, add="bob@tiny.example"),
        exchange.set_send_on_behalf(MAILBOX, remove="bob@tiny.example"),
    ],
}


@pytest.mark.parametrize("name", WRITES)
def test_the_cloud_understands_every_write(client: GraphClient, name: str) -> None:
    errors = [response.error for response in map(client.send, WRITES[name]) if not response.ok]

    assert errors == []


def test_a_hidden_rule_is_switched_off_and_on_by_its_identity(client: GraphClient) -> None:
    hidden = next(rule for rule in client.pages(exchange.inbox_rules(MAILBOX)) if rule["Name"] == "Unseen")

    client.send(exchange.disable_inbox_rule(MAILBOX, hidden["Identity"])).require()
    off = {rule["Name"]: rule["Enabled"] for rule in client.pages(exchange.inbox_rules(MAILBOX))}
    client.send(exchange.enable_inbox_rule(MAILBOX, hidden["Identity"])).require()
    on = {rule["Name"]: rule["Enabled"] for rule in client.pages(exchange.inbox_rules(MAILBOX))}

    assert (off["Unseen"], on["Unseen"]) == (False, True)


def test_an_audit_query_is_followed_to_its_records(client: GraphClient) -> None:
    query_id = client.send(audit.create_query("case", SINCE, UNTIL)).require()["id"]

    for _ in range(50):
        if client.send(audit.query(query_id)).require()["status"] == "succeeded":
            break
    records = list(client.pages(audit.query_records(query_id)))

    assert {record["operation"] for record in records} == {"New-InboxRule", "MailItemsAccessed"}


def test_a_message_keeps_its_id_when_it_moves_and_moves_back(client: GraphClient) -> None:
    before = client.send(mail.by_internet_message_ids(ALICE, ["<phish+1=x@evil.example>"])).items()[0]

    moved = client.send(mail.move(ALICE, before["id"], mail.DELETED_ITEMS)).require()
    back = client.send(mail.move(ALICE, before["id"], before["parentFolderId"])).require()

    assert moved["id"] == back["id"] == before["id"]
    assert moved["parentFolderId"] != before["parentFolderId"] == back["parentFolderId"]


def test_pages_end_where_the_collection_does(client: GraphClient) -> None:
    found = [row["internetMessageId"] for row in client.pages(mail.messages(ALICE, top=5))]

    assert sorted(found) == sorted(f"<phish+{number}=x@evil.example>" for number in range(12))


def test_a_password_arrives_and_is_seen_nowhere_else(simulator: SimulatorControl, make_client: MakeClient) -> None:
    client = make_client(resolve_secret=lambda _: "Correct-Horse-9-Battery")

    client.send(users.set_password(ALICE, SecretRef("run/1"))).require()

    assert simulator.password_matches(TENANT_ID, ALICE, "Correct-Horse-9-Battery")
    assert "Correct-Horse" not in json.dumps(simulator.requests())
