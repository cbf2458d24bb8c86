"""The directory's limits, https://learn.microsoft.com/graph/throttling-limits; and who comes back before the time."""

from __future__ import annotations

import concurrent.futures

import pytest

from graph.simulator.control import SimulatorControl
from tests.factories.world import ALICE, BOB, OTHER_TENANT_ID, TENANT_ID, tiny_world, user
from tests.fixtures.simulator import RawCloud

USER = f"/v1.0/users/{ALICE}"


@pytest.mark.parametrize(("people", "units"), [(6, 3_500), (50, 5_000), (500, 5_000), (501, 8_000)])
def test_the_limit_goes_by_the_size_of_the_tenant(simulator: SimulatorControl, people: int, units: int) -> None:
    world = tiny_world()
    world["tenants"][0]["users"] = [
        user(f"11110000-0000-4000-8000-{number:012}", f"User{number}") for number in range(people)
    ]
    for name in ("mailFolders", "messages", "messageRules", "mailboxes", "authenticationMethods"):
        world["tenants"][0][name] = {}
    simulator.load_world(world)
    assert simulator.tenant(TENANT_ID)["throttling"]["directoryUnits"] == units
    assert simulator.tenant(TENANT_ID)["throttling"]["directoryWrites"] == 3_000


@pytest.mark.parametrize(
    ("path", "units"),
    [
        ("/users", 2),
        ("/users?$select=id", 1),
        ("/users?$top=19", 1),
        ("/users?$top=20", 2),
        ("/users?$top=5&$select=id", 1),
        (f"/users/{ALICE}/oauth2PermissionGrants", 2),
        ("/oauth2PermissionGrants", 2),
        ("/applications", 2),
        ("/devices", 1),
        ("/organization", 1),
    ],
)
def test_what_a_read_costs(raw_cloud: RawCloud, path: str, units: int) -> None:
    headers = raw_cloud.call("GET", f"/v1.0{path}").headers
    assert headers["x-ms-resource-unit"] == str(units)
    assert "x-ms-throttle-limit-percentage" not in headers


def test_an_empty_bucket_refuses_and_says_which_limit(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, throttling={"directoryUnits": 4})
    answers = [raw_cloud.call("GET", "/v1.0/users") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert [each.headers.get("x-ms-throttle-limit-percentage") for each in answers] == [None, "1.0", "1.0"]
    refused = answers[-1]
    assert refused.json()["error"]["code"] == "TooManyRequests"
    assert 1 <= int(refused.headers["Retry-After"]) <= 5
    assert refused.headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
    assert refused.headers["x-ms-throttle-scope"].endswith(f"/{TENANT_ID}")
    assert raw_cloud.call("GET", f"{USER}/messages?$top=1").status_code == 200  # mail has limits of its own
    assert RawCloud(raw_cloud.url, OTHER_TENANT_ID, "other-secret").call("GET", "/v1.0/users").status_code == 200


def test_writes_have_a_limit_of_their_own(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, throttling={"directoryWrites": 2})
    answers = [raw_cloud.call("POST", f"{USER}/revokeSignInSessions") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[2].headers["x-ms-throttle-information"] == "WriteLimitExceeded"
    assert raw_cloud.call("GET", USER).status_code == 200
    simulator.configure(TENANT_ID, throttling={"directoryWrites": 0})
    assert raw_cloud.call("POST", f"{USER}/revokeSignInSessions").status_code == 200


def test_items_of_a_batch_cost_as_much_as_alone(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, throttling={"directoryUnits": 4})
    answers = raw_cloud.answers(*[{"method": "GET", "url": "/users"}] * 3)
    assert sorted(each["status"] for each in answers.values()) == [200, 200, 429]
    assert {each["headers"].get("x-ms-resource-unit") for each in answers.values()} == {"2"}


def waiting(simulator: SimulatorControl, **fault: object) -> None:
    """Let the next request for Alice be told to wait."""
    rule = {"match": {"path": ALICE}, "answer": 429, "retryAfter": 1, "times": 1, **fault}
    simulator.configure(TENANT_ID, faults=[rule])


def test_a_retry_that_comes_too_early_is_counted(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    waiting(simulator)
    assert raw_cloud.call("GET", USER).status_code == 429
    raw_cloud.call("GET", f"/v1.0/users/{BOB}")  # another request is no retry
    assert simulator.requests()["ignoredRetryAfter"] == 0
    raw_cloud.call("GET", USER)
    raw_cloud.call("GET", USER)
    assert simulator.requests(TENANT_ID)["ignoredRetryAfter"] == 2
    assert simulator.requests(OTHER_TENANT_ID)["ignoredRetryAfter"] == 0
    simulator.clear_requests()
    raw_cloud.call("GET", USER)
    assert simulator.requests()["ignoredRetryAfter"] == 0


def test_a_retry_in_its_time_is_not_counted(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    waiting(simulator, retryAfter=0)
    assert [raw_cloud.call("GET", USER).status_code for _ in range(2)] == [429, 200]
    assert simulator.requests()["ignoredRetryAfter"] == 0


def test_an_item_of_a_batch_is_told_apart(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    waiting(simulator)
    items = [{"method": "GET", "url": f"/users/{each}"} for each in (ALICE, BOB)]
    raw_cloud.answers(*items)
    raw_cloud.answers(items[1])
    assert simulator.requests()["ignoredRetryAfter"] == 0
    raw_cloud.answers(items[0])
    assert simulator.requests()["ignoredRetryAfter"] == 1


def test_a_batch_that_was_told_to_wait_as_a_whole(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, faults=[{"match": {"path": r"^/\$batch"}, "answer": 503, "retryAfter": 9}])
    for _ in range(2):
        assert raw_cloud.batch({"method": "GET", "url": "/organization"}).status_code == 503
    assert simulator.requests()["ignoredRetryAfter"] == 1


def test_what_was_under_way_already_is_not_counted(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, latency=0.3, faults=[{"match": {"path": ALICE}, "answer": 429, "retryAfter": 9}])
    raw_cloud.headers()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: raw_cloud.call("GET", USER).status_code, range(4)))
    assert answers == [429] * 4
    assert simulator.requests()["ignoredRetryAfter"] == 0
