"""Petra's client and the simulated cloud, over HTTP: what is refused, told in words."""

from graph import (
    GraphClient,
    NoMailbox,
    NotFound,
    NotLicensed,
    PermissionDenied,
    SecretRef,
    audit,
    exchange,
    in_plain_words,
    mail,
    users,
)
from graph.simulator.control import SimulatorControl
from tests.factories.world import ADMIN, ALICE, NO_MAILBOX, OTHER_TENANT_ID, SYNCED, TENANT_ID
from tests.integration.graph.conftest import MakeClient


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
