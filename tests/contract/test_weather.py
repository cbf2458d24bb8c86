"""Latency, lag and faults over HTTP."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
import requests

from graph.simulator.control import SimulatorControl
from tests.factories.world import ALICE, TENANT_ID
from tests.fixtures.simulator import RawCloud

USER = f"/v1.0/users/{ALICE}"
STATE = f"/users/{ALICE}?$select=accountEnabled"


def enabled(simulator: SimulatorControl) -> bool:
    """Whether Alice is truly enabled."""
    found = next(each for each in simulator.objects(TENANT_ID, "users") if each["id"] == ALICE)
    return bool(found["accountEnabled"])


def faulty(simulator: SimulatorControl, answer: Any, **more: Any) -> None:
    """Let the next PATCH of a user meet this fault."""
    fault = {"match": {"method": "PATCH", "path": "^/users/"}, "answer": answer, "times": 1, **more}
    simulator.configure(TENANT_ID, faults=[fault])


def test_a_reset_has_no_effect(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    faulty(simulator, "reset")
    with pytest.raises(requests.ConnectionError):
        raw_cloud.call("PATCH", USER, {"accountEnabled": False})
    assert enabled(simulator)
    assert raw_cloud.call("PATCH", USER, {"accountEnabled": False}).status_code == 204
    assert [each["status"] for each in simulator.requests()["requests"]] == [0, 204]


def test_a_lost_answer_has_its_effect(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    faulty(simulator, "lost")
    with pytest.raises(requests.ConnectionError):
        raw_cloud.call("PATCH", USER, {"accountEnabled": False})
    assert not enabled(simulator)


def test_a_late_answer_has_its_effect(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    faulty(simulator, "late", seconds=0.3)
    raw_cloud.headers()
    began = time.monotonic()
    assert raw_cloud.call("PATCH", USER, {"accountEnabled": False}).status_code == 204
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize(
    ("answer", "more", "had_effect"),
    [("reset", {}, False), ("lost", {}, True), ("late", {"seconds": 0}, True), (504, {}, False),
     (504, {"effect": True}, True)],
)  # fmt: skip
def test_the_log_tells_what_was_spoiled_and_what_had_its_effect(
    simulator: SimulatorControl, raw_cloud: RawCloud, answer: Any, more: dict[str, Any], had_effect: bool
) -> None:
    faulty(simulator, answer, **more)
    with contextlib.suppress(requests.ConnectionError):
        raw_cloud.call("PATCH", USER, {"accountEnabled": False})
    kind = "error" if answer == 504 else answer
    logged = simulator.requests()["requests"]
    assert [(each["hadEffect"], each["fault"]) for each in logged] == [(had_effect, kind)]
    assert enabled(simulator) is not had_effect


def test_reading_and_what_is_refused_have_no_effect(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    raw_cloud.get(STATE)
    raw_cloud.cmdlet("Get-Mailbox", Identity="alice@tiny.example")
    raw_cloud.cmdlet("Disable-InboxRule", Mailbox="alice@tiny.example", Identity="12345")
    raw_cloud.call("PATCH", USER, {"accountEnabled": "no"})
    assert [each["hadEffect"] for each in simulator.requests()["requests"]] == [False] * 4


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "TooManyRequests"), (500, "UnknownError"), (503, "ServiceUnavailable"), (504, "UnknownGatewayTimeout"),
     (403, "Authorization_RequestDenied"), (405, "Request_BadRequest"), (410, "syncStateNotFound"),
     (424, "FailedDependency"), (507, "ErrorQuotaExceeded"), (509, "BandwidthLimitExceeded")],
)  # fmt: skip
def test_an_error_has_no_effect(simulator: SimulatorControl, raw_cloud: RawCloud, status: int, code: str) -> None:
    faulty(simulator, status, retryAfter=3)
    answer = raw_cloud.call("PATCH", USER, {"accountEnabled": False})
    assert (answer.status_code, answer.json()["error"]["code"], answer.headers["Retry-After"]) == (status, code, "3")
    assert enabled(simulator)


def test_a_gateway_timeout_may_have_its_effect(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    faulty(simulator, 504, effect=True)
    assert raw_cloud.call("PATCH", USER, {"accountEnabled": False}).status_code == 504
    assert not enabled(simulator)


def test_a_dropped_item_takes_its_batch_along(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    faulty(simulator, "lost")
    item = {
        "method": "PATCH",
        "url": f"/users/{ALICE}",
        "headers": {"Content-Type": "application/json"},
        "body": {"accountEnabled": False},
    }
    with pytest.raises(requests.ConnectionError):
        raw_cloud.batch(item, {"method": "GET", "url": "/organization"})
    assert not enabled(simulator)
    assert raw_cloud.batch(item).status_code == 200


def test_a_fault_may_hit_the_batch_itself(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, faults=[{"match": {"path": r"^/\$batch"}, "answer": 503, "times": 1}])
    item = {"method": "GET", "url": "/organization"}
    assert [raw_cloud.batch(item).status_code for _ in range(2)] == [503, 200]


def test_a_fault_may_hit_one_cmdlet_or_the_login(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    faults = [
        {"match": {"cmdlet": "Get-Mailbox"}, "answer": 503, "times": 1},
        {"match": {"path": "oauth2/v2.0/token"}, "answer": 503, "times": 1},
    ]
    raw_cloud.headers("outlook.office365.com")
    simulator.configure(TENANT_ID, faults=faults)
    assert raw_cloud.cmdlet("Get-MailboxPermission", Identity=ALICE).status_code == 200
    assert raw_cloud.cmdlet("Get-Mailbox", Identity=ALICE).status_code == 503
    assert [raw_cloud.token().status_code for _ in range(2)] == [503, 200]


def test_reads_lag_behind_writes(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, lag=0.5)
    raw_cloud.call("PATCH", USER, {"accountEnabled": False})
    written = time.monotonic()
    assert raw_cloud.get(STATE)["accountEnabled"] is True
    while raw_cloud.get(STATE)["accountEnabled"]:
        assert time.monotonic() - written < 2
    assert time.monotonic() - written >= 0.4


def test_latency_is_charged_per_request(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, latency=5, latencyByPath={"^/organization": 0.2})
    raw_cloud.headers()
    began = time.monotonic()
    raw_cloud.get("/organization")
    assert 0.2 <= time.monotonic() - began < 1
