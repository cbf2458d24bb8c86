"""JSON batching, https://learn.microsoft.com/graph/json-batching."""

from __future__ import annotations

import concurrent.futures
import time
from typing import Any

import pytest

from graph.simulator.control import SimulatorControl
from tests.factories.world import ALICE, BOB, TENANT_ID
from tests.fixtures.simulator import RawCloud

JSON = {"Content-Type": "application/json"}


def read(user_id: str = ALICE) -> dict[str, Any]:
    """A sub-request that succeeds."""
    return {"method": "GET", "url": f"/users/{user_id}?$select=id"}


def mail_read(user_id: str = ALICE) -> dict[str, Any]:
    """A sub-request at a mailbox."""
    return {"method": "GET", "url": f"/users/{user_id}/messages?$top=1"}


def disable(user_id: str = ALICE) -> dict[str, Any]:
    """A sub-request that writes."""
    return {"method": "PATCH", "url": f"/users/{user_id}", "headers": JSON, "body": {"accountEnabled": False}}


def test_answers_come_in_another_order_and_the_same_one_each_time(raw_cloud: RawCloud) -> None:
    orders = [[each["id"] for each in raw_cloud.batch(*[read()] * 20).json()["responses"]] for _ in range(2)]
    assert orders[0] == orders[1]
    assert orders[0] != sorted(orders[0], key=int)
    assert sorted(orders[0], key=int) == [str(number) for number in range(1, 21)]


def test_items_have_their_own_status_headers_and_body(raw_cloud: RawCloud) -> None:
    answers = raw_cloud.answers(read(), disable(), read("nobody"))
    assert [answers[each]["status"] for each in "123"] == [200, 204, 404]
    assert "body" not in answers["2"]
    assert answers["1"]["headers"]["Content-Type"].startswith("application/json;odata.metadata=minimal")
    assert answers["3"]["body"]["error"]["code"] == "Request_ResourceNotFound"


@pytest.mark.parametrize(
    "items",
    [
        [read()] * 21,
        [],
        [{"id": "a", **read()}, {"id": "A", **read()}],
        [{"method": "PATCH", "url": f"/users/{ALICE}", "body": {"accountEnabled": False}}],
        [{"method": "POST", "url": f"/users/{ALICE}/revokeSignInSessions", "headers": JSON}],
        [{"method": "GET"}],
        [{"id": 1, **read()}],
        [{**read(), "dependsOn": ["9"]}],
    ],
    ids=["21 items", "none", "same id", "no content type", "no body", "no url", "number as id", "unknown dependency"],
)
def test_a_malformed_batch_is_refused_whole(
    simulator: SimulatorControl, raw_cloud: RawCloud, items: list[dict[str, Any]]
) -> None:
    answer = raw_cloud.batch(*items)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
    assert simulator.requests()["subRequests"] == 0


def test_an_absolute_url_is_refused(raw_cloud: RawCloud) -> None:
    item = {"method": "GET", "url": f"https://graph.microsoft.com/v1.0/users/{ALICE}"}
    assert raw_cloud.answers(item)["1"]["status"] == 400


def test_a_dependency_that_failed_fails_its_dependents(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    answers = raw_cloud.answers(
        read("nobody"), {**disable(), "dependsOn": ["1"]}, {**read(), "dependsOn": ["2"]}, {**read(), "dependsOn": []}
    )
    assert [answers[each]["status"] for each in "1234"] == [404, 424, 424, 200]
    assert simulator.requests()["byPath"] == {"GET /users/{id}": 2}


def test_one_item_is_throttled_alone(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    fault = {"match": {"path": BOB}, "answer": 429, "retryAfter": 7, "times": 1}
    simulator.configure(TENANT_ID, faults=[fault])
    response = raw_cloud.batch(read(), read(BOB))
    answers = {each["id"]: each for each in response.json()["responses"]}
    assert (response.status_code, answers["1"]["status"], answers["2"]["status"]) == (200, 200, 429)
    assert answers["2"]["headers"]["Retry-After"] == "7"
    assert answers["2"]["body"]["error"]["code"] == "TooManyRequests"


def test_a_batch_queues_four_at_a_time_per_mailbox(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, latency=0.2)
    raw_cloud.headers()
    began = time.monotonic()
    answers = raw_cloud.answers(*[mail_read()] * 12, *[read()] * 8)
    took = time.monotonic() - began
    log = simulator.requests()
    assert {each["status"] for each in answers.values()} == {200}
    assert 0.6 <= took < 1.0  # three waves of four at the mailbox; the directory beside them
    assert (log["peakMailboxConcurrency"], log["peakConcurrencyByMailbox"]) == (4, {f"{TENANT_ID}/{ALICE}": 4})


def test_different_mailboxes_go_side_by_side(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, latency=0.2)
    raw_cloud.headers()
    began = time.monotonic()
    raw_cloud.answers(*[mail_read(ALICE)] * 4, *[mail_read(BOB)] * 4)
    assert time.monotonic() - began < 0.4


def test_a_fifth_request_from_elsewhere_is_refused(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, latency=0.5)
    raw_cloud.headers()
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        path = f"/v1.0/users/{ALICE}/messages?$top=1"
        answers = list(pool.map(lambda _: raw_cloud.call("GET", path), range(6)))
    refused = [each for each in answers if each.status_code == 429]
    assert len(refused) == 2
    assert refused[0].headers["Retry-After"] == "1"
    assert refused[0].json()["error"]["code"] == "ApplicationThrottled"
    assert refused[0].json()["error"]["message"] == "Application is over its MailboxConcurrency limit."
    simulator.configure(TENANT_ID, enforceMailboxConcurrency=False)
    simulator.clear_requests()
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: raw_cloud.call("GET", path), range(6)))
    assert {each.status_code for each in answers} == {200}
    assert simulator.requests()["peakMailboxConcurrency"] == 6


def test_the_log_tells_trips_from_requests(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    raw_cloud.answers(read(), mail_read())
    raw_cloud.get(f"/users/{ALICE}")
    log = simulator.requests(TENANT_ID)
    assert (log["roundTrips"], log["subRequests"], log["tokenRequests"]) == (2, 2, 1)
    assert log["byPath"] == {"GET /users/{id}": 2, "GET /users/{id}/messages": 1}
    assert {each["lane"] for each in log["requests"]} == {"directory", f"mailbox:{ALICE}"}
    assert [each["batchId"] is None for each in log["requests"]] == [False, False, True]
    assert log["batches"][0]["body"] == {"size": 2}
    assert simulator.requests("22222222-2222-4222-8222-222222222222")["roundTrips"] == 0


def test_a_batch_and_a_direct_request_share_the_four_places(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, latencyByPath={"top=1$": 1.0})
    raw_cloud.headers()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        batch = pool.submit(raw_cloud.answers, *[mail_read()] * 4)
        deadline = time.monotonic() + 5
        while simulator.requests()["peakMailboxConcurrency"] < 4:
            assert time.monotonic() < deadline
        refused = raw_cloud.call("GET", f"/v1.0/users/{ALICE}/messages?$top=2")
        assert (refused.status_code, {each["status"] for each in batch.result().values()}) == (429, {200})
