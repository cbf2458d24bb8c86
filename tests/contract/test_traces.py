"""Message traces over Graph and over Exchange: which time they cover, and how one goes on where an answer ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import requests

from graph.simulator.control import SimulatorControl
from tests.factories.world import TENANT_ID
from tests.fixtures.simulator import RawCloud

PATH = "/v1.0/admin/exchange/tracing/messageTraces"
ROW = {
    "senderAddress": "mallory@evil.example", "messageId": "<1@evil.example>", "subject": "100%_safe!",
    "status": "delivered",
}  # fmt: skip
MARCH = {"StartDate": "2026-03-01T00:00:00Z", "EndDate": "2026-03-05T00:00:00Z"}


def asked(cloud: RawCloud, condition: str) -> requests.Response:
    return cloud.call("GET", f"{PATH}?$filter={quote(condition)}")


def between(since: datetime, until: datetime) -> str:
    return f"receivedDateTime ge {since:%Y-%m-%dT%H:%M:%SZ} and receivedDateTime le {until:%Y-%m-%dT%H:%M:%SZ}"


def days_ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def plant(simulator: SimulatorControl, number: int, at: datetime | str, **more: Any) -> None:
    stamp = at if isinstance(at, str) else f"{at:%Y-%m-%dT%H:%M:%SZ}"
    row = {**ROW, "id": f"7ace0000-0000-4000-8000-{number:012}", "recipientAddress": f"r{number}@tiny.example", **more}
    simulator.plant(TENANT_ID, "messageTraces", row | {"receivedDateTime": stamp})


@pytest.fixture
def today(simulator: SimulatorControl) -> SimulatorControl:
    """Deliveries of an hour, of three days and of a hundred days ago, and Microsoft's own limits."""
    simulator.configure(TENANT_ID, traceDays=90)
    for number, days in enumerate((1 / 24, 3, 100)):
        plant(simulator, number, days_ago(days))
    return simulator


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        (11, 0, "must not exceed 10 days"),
        (95, 89, "more than 90 days ago"),
        (1, -1, "later than the current date"),
        (1, 2, "later than its end"),
    ],
)
def test_a_span_that_is_not_served(
    today: SimulatorControl, raw_cloud: RawCloud, since: float, until: float, told: str
) -> None:
    refused = asked(raw_cloud, between(days_ago(since), days_ago(until)))
    assert (refused.status_code, told in refused.json()["error"]["message"]) == (400, True)
    span = {"StartDate": days_ago(since).isoformat(), "EndDate": days_ago(until).isoformat()}
    failed = raw_cloud.cmdlet("Get-MessageTraceV2", **span)
    assert (failed.status_code, told in failed.text) == (400, True)


def test_without_a_span_it_is_the_last_two_days(today: SimulatorControl, raw_cloud: RawCloud) -> None:
    found = asked(raw_cloud, "senderAddress eq 'mallory@evil.example'").json()["value"]
    assert [row["recipientAddress"] for row in found] == ["r0@tiny.example"]
    found = raw_cloud.cmdlet("Get-MessageTraceV2", SenderAddress="mallory@evil.example").json()["value"]
    assert [row["RecipientAddress"] for row in found] == ["r0@tiny.example"]


def test_ten_days_are_served(today: SimulatorControl, raw_cloud: RawCloud) -> None:
    until = days_ago(0)
    found = asked(raw_cloud, between(until - timedelta(days=10), until)).json()["value"]
    assert [row["recipientAddress"] for row in found] == ["r0@tiny.example", "r1@tiny.example"]


def test_what_graph_does_not_filter_by(raw_cloud: RawCloud) -> None:
    assert asked(raw_cloud, "receivedDateTime ge 2026-03-01T00:00:00Z").status_code == 400
    assert asked(raw_cloud, "subject eq 'Let''s pay invoice 1'").status_code == 400
    # Words within a text are no conditions.
    assert asked(raw_cloud, "contains(subject, 'subject eq receivedDateTime ge 1')").json()["value"] == []


def test_a_subject_is_compared_by_a_part(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    plant(simulator, 7, "2026-03-02T00:00:00Z")
    found = asked(raw_cloud, "contains(subject, '0%_SAFE')").json()["value"]
    assert [row["recipientAddress"] for row in found] == ["r7@tiny.example"]
    for part, kind in (("100%_", "StartsWith"), ("_safe!", "EndsWith"), ("0%_S", "Contains")):
        found = raw_cloud.cmdlet("Get-MessageTraceV2", Subject=part, SubjectFilterType=kind, **MARCH).json()["value"]
        assert [row["RecipientAddress"] for row in found] == ["r7@tiny.example"]
    assert raw_cloud.cmdlet("Get-MessageTraceV2", Subject="x", SubjectFilterType="Equals", **MARCH).status_code == 400


def test_the_cmdlet_goes_on_where_an_answer_ended(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    for number in (5, 3, 4):  # one mail to three people, at one moment
        plant(simulator, number, "2026-03-02T00:00:00Z")
    first = raw_cloud.cmdlet("Get-MessageTraceV2", ResultSize=2, **MARCH).json()
    assert [row["RecipientAddress"] for row in first["value"]] == ["r3@tiny.example", "r4@tiny.example"]
    assert '-StartingRecipientAddress "r5@tiny.example"' in first["@adminapi.warnings"][0]
    last = first["value"][-1]
    more = {"EndDate": last["Received"], "StartingRecipientAddress": last["RecipientAddress"]}
    rest = raw_cloud.cmdlet("Get-MessageTraceV2", ResultSize=3, **(MARCH | more)).json()
    recipients = [row["RecipientAddress"] for row in rest["value"]]
    assert recipients == ["r4@tiny.example", "r5@tiny.example", "alice@tiny.example"]
    assert "@adminapi.warnings" not in rest
    assert raw_cloud.cmdlet("Get-MessageTraceV2", ResultSize=5001).status_code == 400


def test_both_count_their_questions_apart(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, throttling={"messageTraces": 1})
    assert [raw_cloud.call("GET", PATH).status_code for _ in range(2)] == [200, 429]
    assert [raw_cloud.cmdlet("Get-MessageTraceV2").status_code for _ in range(2)] == [200, 429]
