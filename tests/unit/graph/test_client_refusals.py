"""The client over real sockets: what Microsoft refuses, and what is sent again."""

import base64
import json

import pytest

from graph import AuthenticationFailed, BadRequest, PermissionDenied, Throttled, mail, users
from tests.unit.graph.conftest import FakeTime, patient
from tests.unit.graph.tiny_cloud import Reply, Seen, TinyCloud, in_turn

CLAIMS = base64.b64encode(b'{"access_token":{"nbf":{"essential":true,"value":"1"}}}').decode()
CHALLENGE = Reply(
    401,
    {"error": {"code": "InvalidAuthenticationToken", "message": "Continuous access evaluation resulted in challenge"}},
    {"WWW-Authenticate": f'Bearer realm="", error="insufficient_claims", claims="{CLAIMS}"'},
)
THROTTLED = Reply(429, {"error": {"code": "TooManyRequests", "message": "Please retry."}}, {"Retry-After": "2"})


def test_a_refusal_stands_in_the_response_with_what_it_would_need(tiny_cloud: TinyCloud) -> None:
    tiny_cloud.answer = lambda _: Reply(403, {"error": {"code": "ErrorAccessDenied"}}, {"request-id": "r-9"})

    response = tiny_cloud.client().send(mail.move("u1", "m", "inbox"))

    assert isinstance(response.error, PermissionDenied)
    assert response.error.needs == ("Mail.ReadWrite",)
    assert response.request_id == response.error.request_id == "r-9"
    assert response.error.client_request_id == response.client_request_id


def test_parts_of_a_batch_fail_one_by_one(tiny_cloud: TinyCloud) -> None:
    tiny_cloud.answer = lambda seen: Reply(404, {"error": {"code": "x"}}) if "u2" in seen.path else Reply(204)

    responses = tiny_cloud.client().send_all([users.disable("u1"), users.disable("u2"), users.disable("u3")])

    assert [response.status for response in responses] == [204, 404, 204]
    assert {response.request_id for response in responses} == {"batch-1"}


def test_a_throttled_part_is_sent_again_alone(tiny_cloud: TinyCloud, fake_time: FakeTime) -> None:
    replies = {"/users/u2": [THROTTLED]}

    def answer(seen: Seen) -> Reply:
        waiting = replies.get(seen.path)
        return waiting.pop() if waiting else Reply(204)

    tiny_cloud.answer = answer
    responses = patient(tiny_cloud, fake_time).send_all([users.disable("u1"), users.disable("u2")])

    assert [response.status for response in responses] == [204, 204]
    assert [seen.path for seen in tiny_cloud.seen] == ["/users/u1", "/users/u2", "/v1.0/users/u2"]
    assert fake_time.sleeps == [2]


def test_a_throttled_batch_is_sent_again_whole(tiny_cloud: TinyCloud, fake_time: FakeTime) -> None:
    carried: list[Reply | None] = [THROTTLED]
    tiny_cloud.carry = lambda _: carried.pop() if carried else None

    responses = patient(tiny_cloud, fake_time).send_all([users.disable("u1"), users.disable("u2")])

    assert all(response.ok for response in responses)
    assert fake_time.sleeps == [2]


def test_a_long_wait_is_told_not_slept(tiny_cloud: TinyCloud, fake_time: FakeTime) -> None:
    tiny_cloud.answer = lambda _: Reply(429, None, {"Retry-After": "120"})

    response = patient(tiny_cloud, fake_time).send(users.disable("u1"))

    assert isinstance(response.error, Throttled)
    assert response.error.retry_after == 120
    assert fake_time.sleeps == []


def test_after_a_503_the_next_try_takes_a_new_connection(tiny_cloud: TinyCloud, fake_time: FakeTime) -> None:
    client = patient(tiny_cloud, fake_time)
    client.send(users.get("u0"))
    tiny_cloud.answer = in_turn([Reply(503)])
    before = set(tiny_cloud.connections)

    assert client.send(users.get("u1")).ok
    assert tiny_cloud.connections[-1] not in before
    assert tiny_cloud.connections[-2] in before


def test_a_redirect_is_not_followed(tiny_cloud: TinyCloud) -> None:
    tiny_cloud.answer = lambda _: Reply(302, None, {"Location": f"{tiny_cloud.url}/elsewhere"})

    response = tiny_cloud.client().send(users.disable("u1"))

    assert isinstance(response.error, BadRequest)
    assert len(tiny_cloud.seen) == 1


@pytest.mark.parametrize("alone", [True, False])
def test_a_claims_challenge_is_answered_once(tiny_cloud: TinyCloud, alone: bool) -> None:
    fresh = tiny_cloud.client()
    asked = [users.disable("u1")] if alone else [users.disable("u1"), users.disable("u2")]
    tiny_cloud.answer = in_turn([CHALLENGE], then=Reply(204))

    responses = fresh.send_all(asked)

    assert all(response.ok for response in responses)
    assert len(tiny_cloud.token_forms) == 2
    assert "nbf" in json.loads(tiny_cloud.token_forms[1]["claims"])["access_token"]
    assert len(tiny_cloud.seen) == len(asked) + 1


def test_a_challenged_batch_is_sent_again_whole(tiny_cloud: TinyCloud) -> None:
    carried: list[Reply | None] = [CHALLENGE]
    tiny_cloud.carry = lambda _: carried.pop() if carried else None

    responses = tiny_cloud.client().send_all([users.disable("u1"), users.disable("u2")])

    assert all(response.ok for response in responses)
    assert len(tiny_cloud.batches) == 2
    assert tiny_cloud.batches[0].headers["Authorization"] != tiny_cloud.batches[1].headers["Authorization"]


def test_a_challenge_that_does_not_end_is_told(tiny_cloud: TinyCloud) -> None:
    tiny_cloud.answer = lambda _: CHALLENGE

    response = tiny_cloud.client().send(users.disable("u1"))

    assert isinstance(response.error, AuthenticationFailed)
    assert len(tiny_cloud.seen) == 2


def test_batches_challenged_together_renew_once(tiny_cloud: TinyCloud) -> None:
    def answer_old_tokens_with_challenge(batch: Seen) -> Reply | None:
        is_old = batch.headers["Authorization"] == tiny_cloud.batches[0].headers["Authorization"]
        return CHALLENGE if is_old else None

    tiny_cloud.carry = answer_old_tokens_with_challenge
    responses = tiny_cloud.client().send_all([users.enable(f"u{number}") for number in range(100)])

    assert all(response.ok for response in responses)
    assert len(tiny_cloud.token_forms) == 2


def test_a_write_waits_out_a_fault_of_the_sign_in_service(tiny_cloud: TinyCloud, fake_time: FakeTime) -> None:
    issue, faults = tiny_cloud.issue, [Reply(200, b"<html>")]
    tiny_cloud.issue = lambda form: faults.pop() if faults else issue(form)

    assert patient(tiny_cloud, fake_time).send(users.disable("u1")).ok
    assert len(tiny_cloud.seen) == 1


def test_without_a_token_nothing_is_sent(tiny_cloud: TinyCloud) -> None:
    tiny_cloud.issue = lambda _: Reply(400, {"error": "invalid_client", "error_description": "AADSTS7000215: no."})

    responses = tiny_cloud.client().send_all([users.disable("u1"), users.disable("u2")])

    assert [type(response.error) for response in responses] == [AuthenticationFailed] * 2
    assert [response.status for response in responses] == [0, 0]
    assert tiny_cloud.seen == []
