"""The client over real sockets: secrets, and what a log line says of a round trip."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from graph import SecretRef, users
from tests.unit.graph.tiny_cloud import DROP, TENANT, Reply, TinyCloud

PASSWORD = SecretRef("run/1")


def test_a_secret_is_resolved_when_it_is_sent(tiny_cloud: TinyCloud) -> None:
    client = tiny_cloud.client(resolve_secret=lambda reference: f"value of {reference.reference}")

    with capture_logs() as lines:
        response = client.send(users.set_password("u1", PASSWORD))

    assert tiny_cloud.seen[0].body["passwordProfile"]["password"] == "value of run/1"
    assert "value of" not in repr(response) + repr(lines) + repr(client)


@pytest.mark.parametrize("resolver", [None, lambda _: {}["hush-hush"]])
def test_a_secret_that_is_gone_stops_only_its_own_request(tiny_cloud: TinyCloud, resolver: Any) -> None:
    client = tiny_cloud.client(resolve_secret=resolver)

    with capture_logs() as lines:
        lost, sent = client.send_all([users.set_password("u1", PASSWORD), users.disable("u2")])

    assert sent.ok
    assert lost.error is not None
    assert (lost.error.code, lost.error.outcome_unknown) == ("SecretUnavailable", False)
    assert [seen.path for seen in tiny_cloud.seen] == ["/v1.0/users/u2"]
    assert "hush-hush" not in repr(lines) + repr(lost)


def test_each_round_trip_leaves_one_line_without_tokens_or_bodies(tiny_cloud: TinyCloud) -> None:
    tiny_cloud.answer = lambda _: Reply(204, None, {"request-id": "r-1"})

    with capture_logs() as lines:
        tiny_cloud.client().send(users.disable("u1"))
        tiny_cloud.client().send_all([users.disable("u1"), users.disable("u2")])

    shown = [{name: value for name, value in line.items() if name != "duration_ms"} for line in lines]
    common = {"event": "microsoft.round_trip", "log_level": "info", "service": "graph", "tenant_id": TENANT}
    assert shown == [
        {**common, "method": "PATCH", "count": 1, "status": 204, "request_id": "r-1"},
        {**common, "method": "POST", "count": 2, "status": 200, "request_id": "batch-1"},
    ]
    assert all(isinstance(line["duration_ms"], int) for line in lines)


def test_a_round_trip_without_answer_is_logged_too(tiny_cloud: TinyCloud) -> None:
    tiny_cloud.answer = lambda _: DROP

    with capture_logs() as lines:
        tiny_cloud.client().send(users.disable("u1"))

    assert [line["status"] for line in lines] == [0]
