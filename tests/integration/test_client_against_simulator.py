"""Petra's client and the simulated cloud, over HTTP: what one builds by the documents, the other serves by them."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from graph import (
    AppCredentials,
    AuthenticationFailed,
    ConnectionFailed,
    GraphClient,
    NoMailbox,
    NotFound,
    NotLicensed,
    PermissionDenied,
    Request,
    SecretRef,
    Throttled,
    applications,
    audit,
    devices,
    exchange,
    in_plain_words,
    mail,
    organization,
    permissions,
    rules,
    security,
    simulator_cloud,
    users,
)
from graph.auth import forget_all_tokens
from graph.simulator.control import SimulatorControl
from tests.factories.world import (
    ADMIN,
    ALICE,
    APPLICATION,
    BOB,
    CLIENT_ID,
    CLIENT_SECRET,
    DEVICE,
    EVIL_APP_ID,
    EVIL_PRINCIPAL,
    HELPDESK,
    NO_MAILBOX,
    OTHER_TENANT_ID,
    SYNCED,
    TENANT_ID,
    message,
)

MAILBOXES = (ALICE, BOB, HELPDESK)
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
UNTIL = datetime(2026, 3, 2, tzinfo=UTC)
AUTHENTICATOR = "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod"

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


def plant_mail(simulator: SimulatorControl, count: int) -> list[Request]:
    """Put messages into three mailboxes, in turn, and return the moves that take them out of the inbox."""
    moves = []
    for number in range(100, 100 + count):
        owner = MAILBOXES[number % len(MAILBOXES)]
        planted = simulator.plant(TENANT_ID, "messages", message(owner, number), owner=owner)
        moves.append(mail.move(owner, str(planted.get("id") or f"AAMk-{owner[:4]}-{number}"), "deleteditems"))
    return moves


# -- tokens -------------------------------------------------------------------------------------------------------


def test_msal_gets_one_token_a_service(simulator: SimulatorControl, make_client: MakeClient) -> None:
    for _ in range(3):
        responses = make_client().send_all([users.get(ALICE), users.get(BOB), exchange.mailbox("alice@tiny.example")])
        assert [response.status for response in responses] == [200, 200, 200]

    assert simulator.requests()["tokenRequests"] == 2


def test_the_token_tells_permissions_and_roles(client: GraphClient) -> None:
    granted = client.granted_permissions()

    assert {"Mail.ReadWrite", "Exchange.ManageAsApp"} <= granted
    assert permissions.missing_permissions(granted) == ()
    assert [role.name for role in permissions.missing_roles(client.held_roles())] == [
        "Privileged Authentication Administrator"
    ]


def test_a_wrong_secret_is_told_in_words(make_client: MakeClient) -> None:
    response = make_client(secret="wrong").send(users.get(ALICE))

    assert isinstance(response.error, AuthenticationFailed)
    assert response.error.code == "AADSTS7000215"
    assert "client secret" in in_plain_words(response.error)


def test_an_unknown_tenant_is_told_in_words(make_client: MakeClient) -> None:
    response = make_client(tenant_id="99999999-9999-4999-8999-999999999999").send(users.get(ALICE))

    assert isinstance(response.error, AuthenticationFailed)
    assert "does not know this tenant" in in_plain_words(response.error)


@pytest.mark.parametrize("asked", [[users.disable(ALICE)], [users.disable(ALICE), users.revoke_sessions(ALICE)]])
def test_a_claims_challenge_is_answered(simulator: SimulatorControl, client: GraphClient, asked: list[Request]) -> None:
    client.send(users.get(ALICE))
    simulator.configure(TENANT_ID, claimsChallenge=True)

    responses = client.send_all(asked)

    assert all(response.ok for response in responses)
    assert simulator.requests()["tokenRequests"] == 2


# -- lanes and batches --------------------------------------------------------------------------------------------


def test_sixty_moves_in_three_mailboxes_stay_within_four_each(simulator: SimulatorControl, client: GraphClient) -> None:
    simulator.configure(TENANT_ID, latency=0.01)
    moves = plant_mail(simulator, 60)
    simulator.clear_requests()

    responses = client.send_all(moves)

    log = simulator.requests()
    assert Counter(response.status for response in responses) == {201: 60}
    assert [response.request for response in responses] == moves
    assert log["peakConcurrencyByMailbox"] == {f"{TENANT_ID}/{mailbox}": 4 for mailbox in MAILBOXES}
    assert (log["roundTrips"], log["subRequests"]) == (5, 60)


def test_answers_are_matched_whatever_their_order(simulator: SimulatorControl, client: GraphClient) -> None:
    people = [ALICE, BOB, SYNCED, ADMIN, HELPDESK, NO_MAILBOX]

    responses = client.send_all([users.get(user_id) for user_id in people])

    assert [response.require()["id"] for response in responses] == people
    assert simulator.requests()["roundTrips"] == 1


def test_equal_reads_cost_one(simulator: SimulatorControl, client: GraphClient) -> None:
    client.send_all([users.get(ALICE)] * 5 + [users.get(BOB)])

    assert simulator.requests()["subRequests"] == 2


def test_a_strike_is_one_round_trip(simulator: SimulatorControl, client: GraphClient) -> None:
    client.granted_permissions()
    simulator.clear_requests()

    responses = client.send_all([users.disable(ALICE), users.revoke_sessions(ALICE)])

    assert [response.status for response in responses] == [204, 200]
    assert simulator.requests()["roundTrips"] == 1


# -- throttling and faults ----------------------------------------------------------------------------------------


def test_a_throttled_item_is_sent_again_alone(simulator: SimulatorControl, client: GraphClient) -> None:
    moves = plant_mail(simulator, 6)
    fault = {"match": {"method": "POST", "path": "/move"}, "answer": 429, "retryAfter": 1, "times": 1}
    simulator.configure(TENANT_ID, faults=[fault])
    simulator.clear_requests()

    responses = client.send_all(moves)

    assert [response.status for response in responses] == [201] * 6
    log = simulator.requests()
    assert Counter(line["status"] for line in log["requests"]) == {201: 6, 429: 1}
    assert (log["roundTrips"], log["ignoredRetryAfter"]) == (2, 0)


def test_a_long_retry_after_is_handed_on(simulator: SimulatorControl, client: GraphClient) -> None:
    fault = {"match": {"path": "^/users"}, "answer": 429, "retryAfter": 60}
    simulator.configure(TENANT_ID, faults=[fault])

    response = client.send(users.disable(ALICE))

    assert isinstance(response.error, Throttled)
    assert response.error.retry_after == 60
    assert len(simulator.requests()["requests"]) == 1


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_read_survives_a_fault_of_the_service(simulator: SimulatorControl, client: GraphClient, status: int) -> None:
    simulator.configure(TENANT_ID, faults=[{"match": {"method": "GET"}, "answer": status, "times": 2}])

    assert client.send(users.get(ALICE)).ok
    assert [line["status"] for line in simulator.requests()["requests"]] == [status, status, 200]


def test_a_write_that_met_a_server_error_is_sent_once(simulator: SimulatorControl, client: GraphClient) -> None:
    simulator.configure(TENANT_ID, faults=[{"match": {"method": "PATCH"}, "answer": 500, "effect": True}])

    response = client.send(users.disable(ALICE))

    assert response.error is not None
    assert response.error.outcome_unknown
    assert len(simulator.requests()["requests"]) == 1
    assert client.send(users.get(ALICE)).require()["accountEnabled"] is False


@pytest.mark.parametrize("companions", [[], [users.get(BOB)]])
def test_a_lost_answer_leaves_the_outcome_unknown(
    simulator: SimulatorControl, client: GraphClient, companions: list[Request]
) -> None:
    simulator.configure(TENANT_ID, faults=[{"match": {"path": "revokeSignInSessions"}, "answer": "lost"}])

    revoked, *others = client.send_all([users.revoke_sessions(ALICE), *companions])

    assert isinstance(revoked.error, ConnectionFailed)
    assert (revoked.status, revoked.error.outcome_unknown) == (0, True)
    assert all(other.ok for other in others)
    assert simulator.requests()["byPath"]["POST /users/{id}/revokeSignInSessions"] == 1


def test_a_read_whose_connection_dies_is_repeated(simulator: SimulatorControl, client: GraphClient) -> None:
    simulator.configure(TENANT_ID, faults=[{"match": {"method": "GET"}, "answer": "reset", "times": 1}])

    assert client.send(users.get(ALICE)).ok


def test_a_late_answer_to_a_write_is_unknown(simulator: SimulatorControl, make_client: MakeClient) -> None:
    fault = {"match": {"method": "PATCH"}, "answer": "late", "seconds": 3}
    simulator.configure(TENANT_ID, faults=[fault])

    response = make_client(timeout=(5, 0.3)).send(users.disable(ALICE))

    assert response.error is not None
    assert response.error.outcome_unknown


# -- refusals -----------------------------------------------------------------------------------------------------


def test_a_missing_permission_is_named(simulator: SimulatorControl, client: GraphClient) -> None:
    granted = simulator.tenant(TENANT_ID)["grantedPermissions"]
    simulator.configure(TENANT_ID, grantedPermissions=[name for name in granted if name != "User.RevokeSessions.All"])

    response = client.send(users.revoke_sessions(ALICE))

    assert isinstance(response.error, PermissionDenied)
    assert "User.RevokeSessions.All" in in_plain_words(response.error)
    assert response.request_id


def test_an_admin_is_out_of_reach_without_the_role_for_it(client: GraphClient) -> None:
    response = client.send(users.disable(ADMIN))

    assert isinstance(response.error, PermissionDenied)
    assert "Privileged Authentication Administrator" in in_plain_words(response.error)


def test_exchange_without_its_role_is_told_in_words(simulator: SimulatorControl, client: GraphClient) -> None:
    simulator.configure(TENANT_ID, directoryRoles=["User Administrator"])

    response = client.send(exchange.mailbox("alice@tiny.example"))

    assert isinstance(response.error, PermissionDenied)
    assert "Exchange Administrator" in in_plain_words(response.error)


def test_a_tenant_without_licence_is_told_in_words(make_client: MakeClient, simulator: SimulatorControl) -> None:
    simulator.configure(OTHER_TENANT_ID, grantedPermissions=["AuditLog.Read.All", "User.Read.All"])

    response = make_client(tenant_id=OTHER_TENANT_ID, secret="other-secret").send(audit.sign_ins())

    assert isinstance(response.error, NotLicensed)
    assert "Entra ID P1" in in_plain_words(response.error)


def test_what_is_not_there_is_not_found(client: GraphClient) -> None:
    gone = [
        users.get("99999999-9999-4999-8999-999999999999"),
        mail.message(ALICE, "AAMk-none"),
        exchange.mailbox("nobody@tiny.example"),
    ]

    errors = [response.error for response in client.send_all(gone)]

    assert [type(error) for error in errors] == [NotFound] * 3
    assert isinstance(client.send(mail.messages(NO_MAILBOX)).error, NoMailbox)


def test_message_trace_that_is_not_set_up_is_no_fault_of_the_connection(
    simulator: SimulatorControl, client: GraphClient
) -> None:
    simulator.configure(TENANT_ID, licences={"messageTrace": False})

    error = client.send(mail.message_traces()).error

    assert isinstance(error, PermissionDenied)
    assert "Transport Data Platform" in in_plain_words(error)
    assert simulator.requests()["tokenRequests"] == 1


def test_a_cmdlets_error_is_told_without_its_bars(client: GraphClient) -> None:
    error = client.send(exchange.mailbox("nobody@tiny.example")).error

    assert error is not None
    assert error.code == "ManagementObjectNotFoundException"
    assert "|" not in error.message


def test_a_synced_password_is_sent_back_to_active_directory(make_client: MakeClient) -> None:
    client = make_client(resolve_secret=lambda _: "Correct-Horse-9-Battery")

    error = client.send(users.set_password(SYNCED, SecretRef("run/1"))).error

    assert error is not None
    assert "Active Directory" in in_plain_words(error)


# -- every call ---------------------------------------------------------------------------------------------------

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
