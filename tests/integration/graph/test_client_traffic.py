"""Petra's client and the simulated cloud, over HTTP: lanes, batches, throttling and faults."""

from collections import Counter

import pytest

from graph import ConnectionFailed, GraphClient, Request, Throttled, mail, users
from graph.simulator.control import SimulatorControl
from tests.factories.world import ADMIN, ALICE, BOB, HELPDESK, NO_MAILBOX, SYNCED, TENANT_ID, message
from tests.integration.graph.conftest import MakeClient

MAILBOXES = (ALICE, BOB, HELPDESK)


def plant_mail(simulator: SimulatorControl, count: int) -> list[Request]:
    """Put messages into three mailboxes, in turn, and return the moves that take them out of the inbox."""
    moves = []
    for number in range(100, 100 + count):
        owner = MAILBOXES[number % len(MAILBOXES)]
        planted = simulator.plant(TENANT_ID, "messages", message(owner, number), owner=owner)
        moves.append(mail.move(owner, str(planted.get("id") or f"AAMk-{owner[:4]}-{number}"), "deleteditems"))
    return moves


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
