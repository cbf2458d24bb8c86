"""The client over real sockets: what leaves, and how much of it at once."""

import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.testing import capture_logs

from graph import SecretRef, exchange, mail, users
from tests.unit.graph.tiny_cloud import OK, TENANT, Reply, Seen, TinyCloud

PASSWORD = SecretRef("run/1")


def echo(seen: Seen) -> Reply:
    """Answers with the path asked for."""
    return Reply(200, {"value": [{"id": seen.path}]})


def test_one_request_goes_plainly(tiny_cloud: TinyCloud) -> None:
    response = tiny_cloud.client().send(users.disable("u1"))

    (seen,) = tiny_cloud.seen
    assert (seen.method, seen.path, seen.body) == ("PATCH", "/v1.0/users/u1", {"accountEnabled": False})
    assert seen.headers["Authorization"].startswith("Bearer ")
    assert seen.headers["Content-Type"] == "application/json; charset=utf-8"
    assert seen.headers["client-request-id"] == response.client_request_id
    assert uuid.UUID(response.client_request_id)
    assert response.ok
    assert tiny_cloud.batches == []


def test_a_call_without_body_carries_none(tiny_cloud: TinyCloud) -> None:
    tiny_cloud.client().send(users.revoke_sessions("u1"))

    (seen,) = tiny_cloud.seen
    assert seen.body == ""
    assert "Content-Type" not in seen.headers


def test_several_requests_go_in_a_batch(tiny_cloud: TinyCloud) -> None:
    asked = [users.disable("u1"), users.revoke_sessions("u1"), mail.move("u2", "m", "deleteditems")]

    responses = tiny_cloud.client().send_all(asked)

    rows = tiny_cloud.batches[0].body["requests"]
    assert tiny_cloud.batches[0].path == "/v1.0/$batch"
    assert [(row["method"], row["url"], row["body"]) for row in sorted(rows, key=lambda row: row["url"])] == [
        ("PATCH", "/users/u1", {"accountEnabled": False}),
        ("POST", "/users/u1/revokeSignInSessions", {}),
        ("POST", "/users/u2/messages/m/move", {"destinationId": "deleteditems"}),
    ]
    assert all(row["headers"]["Content-Type"].startswith("application/json") for row in rows)
    assert len({row["headers"]["client-request-id"] for row in rows}) == 3
    assert all(response.ok for response in responses)


def test_the_preference_for_immutable_ids_stands_in_each_part(tiny_cloud: TinyCloud) -> None:
    tiny_cloud.client().send_all([mail.move("u1", "a", "inbox"), mail.folder("u2", "inbox")])

    rows = tiny_cloud.batches[0].body["requests"]
    assert [row["headers"]["Prefer"] for row in rows] == ['IdType="ImmutableId"'] * 2


def test_answers_in_another_order_find_their_requests(tiny_cloud: TinyCloud) -> None:
    tiny_cloud.answer = echo
    asked = [mail.message(f"u{number % 7}", f"m{number}", ("id",)) for number in range(45)]

    responses = tiny_cloud.client().send_all(asked)

    assert [response.items()[0]["id"] for response in responses] == [request.path for request in asked]


def test_equal_reads_are_sent_once_and_equal_writes_are_not(tiny_cloud: TinyCloud) -> None:
    read, write = users.get("u1"), users.revoke_sessions("u1")

    responses = tiny_cloud.client().send_all([read, write, read, write, read])

    assert Counter(seen.method for seen in tiny_cloud.seen) == {"GET": 1, "POST": 2}
    assert [response.request for response in responses] == [read, write, read, write, read]


def test_an_exchange_call_names_tenant_cmdlet_and_anchor(tiny_cloud: TinyCloud) -> None:
    tiny_cloud.client().send(exchange.invoke("Get-TransportRule", {}))

    (seen,) = tiny_cloud.seen
    assert seen.path == f"/adminapi/beta/{TENANT}/InvokeCommand"
    assert seen.body == {"CmdletInput": {"CmdletName": "Get-TransportRule", "Parameters": {}}}
    assert seen.headers["X-CmdletName"] == "Get-TransportRule"
    assert seen.headers["X-AnchorMailbox"] == f"APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{TENANT}"
    assert seen.headers["Prefer"] == "odata.maxpagesize=1000"


def test_exchange_batches_carry_whole_addresses(tiny_cloud: TinyCloud) -> None:
    tiny_cloud.client().send_all([exchange.mailbox("a@x"), exchange.inbox_rules("a@x")])

    (batch,) = tiny_cloud.batches
    assert batch.path == f"/adminapi/beta/{TENANT}/$batch"
    assert "continue-on-error" in batch.headers["Prefer"]
    rows = batch.body["requests"]
    assert {row["url"] for row in rows} == {f"{tiny_cloud.url}/adminapi/beta/{TENANT}/InvokeCommand"}
    assert [row["headers"]["X-AnchorMailbox"] for row in rows] == ["UPN:a@x"] * 2


def test_a_netrc_does_not_replace_the_token(
    tiny_cloud: TinyCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))

    tiny_cloud.client().send(users.get("u1"))

    assert tiny_cloud.seen[0].headers["Authorization"].startswith("Bearer ")


def test_cookies_are_not_kept(tiny_cloud: TinyCloud) -> None:
    tiny_cloud.answer = lambda _: Reply(200, {}, {"Set-Cookie": "route=1; Path=/"})
    client = tiny_cloud.client()

    client.send(users.get("u1"))
    client.send(users.get("u2"))

    assert "Cookie" not in tiny_cloud.seen[1].headers


# -- lanes and parallelism ----------------------------------------------------------------------------------------


def test_a_mailbox_never_has_more_than_four(tiny_cloud: TinyCloud) -> None:
    asked = [mail.move(f"u{number % 3}", f"m{number}", "deleteditems") for number in range(60)]

    responses = tiny_cloud.client().send_all(asked)

    assert all(response.ok for response in responses)
    assert tiny_cloud.peaks == {"u0": 4, "u1": 4, "u2": 4}
    assert len(tiny_cloud.batches) == 5


def test_nor_when_several_callers_meet_at_it(tiny_cloud: TinyCloud) -> None:
    tiny_cloud.answer = lambda _: threading.Event().wait(0.002) or OK  # a mailbox takes its time
    asked = [mail.move("u", f"m{number}", "deleteditems") for number in range(12)]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: tiny_cloud.client().send_all(asked), range(4)))

    assert all(response.ok for responses in answers for response in responses)
    assert len(tiny_cloud.seen) == 48
    assert tiny_cloud.peaks["u"] <= 4


def test_several_batches_are_in_flight_at_once(tiny_cloud: TinyCloud) -> None:
    together = threading.Barrier(4)

    def meet(batch: Seen) -> None:
        together.wait(timeout=10)  # passes only when four batches are here

    tiny_cloud.carry = meet
    responses = tiny_cloud.client(max_in_flight=4).send_all([users.enable(f"u{number}") for number in range(80)])

    assert all(response.ok for response in responses)


def test_no_more_batches_in_flight_than_allowed(tiny_cloud: TinyCloud) -> None:
    inside, peak, lock = 0, 0, threading.Lock()

    def count(seen: Seen) -> Reply:
        nonlocal inside, peak
        with lock:
            inside += 1
            peak = max(peak, inside)
        threading.Event().wait(0.005)  # a batch takes its time
        with lock:
            inside -= 1
        return Reply(200, {"responses": [{"id": row["id"], "status": 204} for row in seen.body["requests"]]})

    tiny_cloud.carry = count
    tiny_cloud.client(max_in_flight=3).send_all([users.enable(f"u{number}") for number in range(200)])

    assert len(tiny_cloud.batches) == 10
    assert peak <= 3


def test_the_callers_context_reaches_the_threads(tiny_cloud: TinyCloud) -> None:
    with bound_contextvars(step="lock"), capture_logs(processors=[merge_contextvars]) as lines:
        tiny_cloud.client().send(users.disable("u1"))

    assert [line["step"] for line in lines] == ["lock"]


def test_secrets_are_resolved_in_the_callers_thread(tiny_cloud: TinyCloud) -> None:
    threads: list[int] = []

    def resolve(reference: SecretRef) -> str:
        threads.append(threading.get_ident())
        return reference.reference

    tiny_cloud.client(resolve_secret=resolve).send_all([users.set_password(f"u{n}", PASSWORD) for n in range(30)])

    assert set(threads) == {threading.get_ident()}
