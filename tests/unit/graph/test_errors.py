"""Error bodies as they were seen in the wild, and what Petra makes of them."""

import pickle
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from graph.errors import (
    AuthenticationFailed,
    BadRequest,
    Conflict,
    ConnectionFailed,
    FailedDependency,
    GraphError,
    NoMailbox,
    NotFound,
    NotLicensed,
    PermissionDenied,
    ServiceFailed,
    Throttled,
    from_response,
    parse_retry_after,
)

INSUFFICIENT = {
    "error": {
        "code": "Authorization_RequestDenied",
        "message": "Insufficient privileges to complete the operation.",
        "innerError": {"date": "2026-03-01T10:11:12", "request-id": "r-1", "client-request-id": "c-1"},
    }
}
CMDLET_NOT_FOUND = {
    "error": {
        "code": "NotFound",
        "message": "Error executing cmdlet",
        "details": [
            {
                "code": "Context",
                "target": "",
                "message": "Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|"
                "The operation couldn't be performed because object 'x' couldn't be found on 'SERVER'.",
            }
        ],
    }
}


def body(code: str, message: str = "") -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (400, body("Request_BadRequest"), BadRequest),
        (400, body("InefficientFilter"), BadRequest),
        (401, body("InvalidAuthenticationToken", "Access token is empty."), AuthenticationFailed),
        (401, body("Unauthorized", "Service principal-less Authentication failed: the service"), PermissionDenied),
        (403, INSUFFICIENT, PermissionDenied),
        (403, body("ErrorAccessDenied", "Access is denied. Check credentials and try again."), PermissionDenied),
        (403, None, PermissionDenied),
        (403, body("Authentication_RequestFromNonPremiumTenantOrB2CTenant"), NotLicensed),
        (404, body("Request_ResourceNotFound"), NotFound),
        (404, body("MailboxNotEnabledForRESTAPI"), NoMailbox),
        (404, body("ErrorInvalidUser"), NoMailbox),
        (405, body("Request_BadRequest"), BadRequest),
        (409, body("Directory_ConcurrencyViolation"), Conflict),
        (410, body("syncStateNotFound"), NotFound),
        (412, body("ErrorIrresolvableConflict"), Conflict),
        (424, body("FailedDependency"), FailedDependency),
        (429, body("TooManyRequests"), Throttled),
        (500, body("UnknownError"), ServiceFailed),
        (503, "<html>busy</html>", ServiceFailed),
        (507, body("ErrorQuotaExceeded"), BadRequest),
        (509, None, Throttled),
        (302, None, BadRequest),
        (500, CMDLET_NOT_FOUND, NotFound),
    ],
)
def test_answers_become_errors_of_their_kind(status: int, content: Any, kind: type[GraphError]) -> None:
    assert type(from_response(status, content, {})) is kind


@pytest.mark.parametrize(
    "status",
    [400, 403, 404, 409, 507],
)
def test_lasting_faults_are_known(status: int) -> None:
    assert not from_response(status, None, {}).is_transient


@pytest.mark.parametrize("status", [408, 424, 429, 500, 502, 503, 504, 509])
def test_passing_faults_are_known(status: int) -> None:
    assert from_response(status, None, {}).is_transient


def test_a_concurrency_conflict_passes_and_others_do_not() -> None:
    assert from_response(409, body("Directory_ConcurrencyViolation"), {}).is_transient
    assert not from_response(409, body("Request_MultipleObjectsWithSameKeyValue"), {}).is_transient


def test_the_ids_to_quote_to_support_are_found_in_the_body() -> None:
    error = from_response(403, INSUFFICIENT, {})

    assert (error.code, error.request_id, error.client_request_id) == ("Authorization_RequestDenied", "r-1", "c-1")


def test_the_ids_in_the_headers_come_first() -> None:
    error = from_response(403, INSUFFICIENT, {"Request-Id": "r-2", "Client-Request-Id": "c-2"})

    assert (error.request_id, error.client_request_id) == ("r-2", "c-2")


def test_a_cmdlet_error_gives_exception_type_and_human_text() -> None:
    error = from_response(404, CMDLET_NOT_FOUND, {})

    assert error.code == "ManagementObjectNotFoundException"
    assert error.message.startswith("The operation couldn't be performed because object 'x'")


def test_a_text_of_a_gateway_is_kept_short() -> None:
    assert len(from_response(502, "x" * 5000, {}).message) == 500


@pytest.mark.parametrize("odd", [[], 7, {"error": 3}, {"error": {"details": "?"}}, {"error": {"innerError": []}}, ""])
def test_odd_bodies_do_no_harm(odd: Any) -> None:
    assert from_response(400, odd, {}).message


def test_a_write_that_met_a_server_error_has_an_unknown_outcome() -> None:
    assert from_response(502, None, {}, is_write=True).outcome_unknown
    assert not from_response(502, None, {}).outcome_unknown
    assert not from_response(429, None, {}, is_write=True).outcome_unknown
    assert not from_response(500, CMDLET_NOT_FOUND, {}, is_write=True).outcome_unknown


@pytest.mark.parametrize(("written", "seconds"), [("10", 10.0), ("1.5", 1.5), ("-3", 0.0), ("", None), ("soon", None)])
def test_retry_after_in_seconds(written: str, seconds: float | None) -> None:
    assert parse_retry_after(written) == seconds


def test_retry_after_as_a_date() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)

    seconds = parse_retry_after(at)

    assert seconds is not None
    assert 50 < seconds <= 60


def test_an_error_survives_the_queue() -> None:
    error = from_response(429, body("TooManyRequests", "slow down"), {"Retry-After": "7"})

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert type(copy) is Throttled
    assert vars(copy) == vars(error)


def test_an_error_reads_well_in_a_log() -> None:
    assert str(from_response(404, body("ErrorItemNotFound", "Gone."), {})) == "404 ErrorItemNotFound: Gone."
    assert str(ConnectionFailed(message="No answer came.")) == "No answer came."
