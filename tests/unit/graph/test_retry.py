"""The policy: what is sent again, when, and what never is."""

import base64
from typing import Any

import pytest

from graph import Request, Response, retry, users
from graph.errors import ConnectionFailed, from_response
from graph.retry import Policy, Tried, decide

READ = users.get("u")
WRITE = users.disable("u")
POLICY = Policy()
CLAIMS = base64.b64encode(b'{"access_token":{"nbf":{"essential":true,"value":"1"}}}').decode()
CHALLENGE = {"WWW-Authenticate": f'Bearer realm="", error="insufficient_claims", claims="{CLAIMS}"'}


def answered(request: Request, status: int, code: str = "", headers: dict[str, str] | None = None) -> Response:
    body: Any = {"error": {"code": code, "message": ""}}
    error = from_response(status, body, headers or {}, is_write=not request.is_read)
    return Response(request, status, body, headers or {}, error)


def unanswered(request: Request, *, outcome_unknown: bool) -> Response:
    error = ConnectionFailed(message="?", is_transient=True, outcome_unknown=outcome_unknown)
    return Response(request, 0, error=error)


def again(response: Response, tried: Tried | None = None) -> bool:
    return decide(response, tried or Tried(), POLICY, jitter=0.5).again


def test_a_good_answer_is_kept() -> None:
    assert not again(Response(READ, 200))


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_read_is_tried_again_after_a_passing_fault(status: int) -> None:
    assert again(answered(READ, status))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 412, 507])
def test_a_lasting_fault_is_kept(status: int) -> None:
    assert not again(answered(READ, status))
    assert not again(answered(WRITE, status))


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_write_that_may_have_been_done_is_never_sent_again(status: int) -> None:
    response = answered(WRITE, status)

    assert not again(response)
    assert response.error is not None
    assert response.error.outcome_unknown


def test_a_write_that_was_surely_not_done_is_sent_again() -> None:
    assert again(answered(WRITE, 429))
    assert again(answered(WRITE, 424))
    assert again(answered(WRITE, 409, "Directory_ConcurrencyViolation"))
    assert again(unanswered(WRITE, outcome_unknown=False))


def test_without_an_answer_reads_are_tried_again_and_writes_are_not() -> None:
    assert again(unanswered(READ, outcome_unknown=False))
    assert not again(unanswered(WRITE, outcome_unknown=True))


def test_four_tries_and_no_more() -> None:
    assert again(answered(READ, 503), Tried(tries=3))
    assert not again(answered(READ, 503), Tried(tries=4))
    assert not again(answered(WRITE, 429), Tried(tries=4))


def test_retry_after_is_honoured_to_the_second() -> None:
    assert decide(answered(WRITE, 429, headers={"Retry-After": "7"}), Tried(), POLICY, jitter=0.9).wait == 7


def test_a_long_wait_is_left_to_the_caller() -> None:
    assert again(answered(READ, 429, headers={"Retry-After": "10"}))
    assert not again(answered(READ, 429, headers={"Retry-After": "11"}))


@pytest.mark.parametrize(("tries", "least", "most"), [(1, 0.25, 0.5), (2, 0.5, 1.0), (3, 1.0, 2.0), (9, 4.0, 8.0)])
def test_without_a_retry_after_the_wait_doubles_and_is_spread(tries: int, least: float, most: float) -> None:
    assert retry.backoff(tries, POLICY, jitter=0) == least
    assert retry.backoff(tries, POLICY, jitter=1) == most


def test_a_503_is_tried_on_a_new_connection() -> None:
    assert decide(answered(READ, 503), Tried(), POLICY, jitter=0).fresh_connection
    assert not decide(answered(READ, 502), Tried(), POLICY, jitter=0).fresh_connection


def test_a_claims_challenge_is_answered_once() -> None:
    challenged = answered(WRITE, 401, "InvalidAuthenticationToken", CHALLENGE)

    assert decide(challenged, Tried(), POLICY, jitter=0.5) == retry.Decision(again=True)
    assert not again(challenged, retry.after(Tried(), challenged))


def test_a_token_that_ran_out_is_renewed_once() -> None:
    expired = answered(READ, 401, "InvalidAuthenticationToken")

    assert again(expired)
    assert not again(expired, retry.after(Tried(), expired))


def test_a_401_of_another_kind_is_kept() -> None:
    assert not again(answered(READ, 401, "Unauthorized"))


def test_a_failed_dependency_is_sent_again_once() -> None:
    failed = answered(WRITE, 424)

    assert again(failed)
    assert not again(failed, retry.after(Tried(), failed))


def test_a_renewed_token_costs_no_try() -> None:
    challenged = answered(WRITE, 401, headers=CHALLENGE)

    assert retry.after(Tried(tries=2), challenged) == Tried(tries=2, token_renewed=True)
    assert retry.after(Tried(tries=2), answered(READ, 503)) == Tried(tries=3)
