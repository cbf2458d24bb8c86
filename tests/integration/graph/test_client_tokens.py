"""Petra's client and the simulated cloud, over HTTP: signing in."""

import pytest

from graph import AuthenticationFailed, GraphClient, Request, exchange, in_plain_words, permissions, users
from graph.simulator.control import SimulatorControl
from tests.factories.world import ALICE, BOB, TENANT_ID
from tests.integration.graph.conftest import MakeClient


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
