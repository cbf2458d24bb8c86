"""The client over real sockets: what leaves, what comes back, and what is made of silence."""

import base64
import json
import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.testing import capture_logs

from graph import (
    AuthenticationFailed,
    BadRequest,
    Cloud,
    ConnectionFailed,
    GraphClient,
    PermissionDenied,
    SecretRef,
    ServiceFailed,
    Throttled,
    exchange,
    mail,
    users,
)
from tests.unit.graph.conftest import FakeTime
from tests.unit.graph.tiny_cloud import DROP, OK, TENANT, Reply, Seen, TinyCloud, in_turn

CLAIMS = base64.b64encode(b'{"access_token":{"nbf":{"essential":true,"value":"1"}}}').decode()
CHALLENGE = Reply(
    401,
    {"error": {"code": "InvalidAuthenticationToken", "message": "Continuous access evaluation resulted in challenge"}},
    {"WWW-Authenticate": f'Bearer realm="", error="insufficient_claims", claims="{CLAIMS}"'},
)
THROTTLED = Reply(429, {"error": {"code": "TooManyRequests", "message": "Please retry."}}, {"Retry-After": "2"})
PASSWORD = SecretRef("run/1")


def echo(seen: Seen) -> Reply:
    """Answers with the path asked for."""
    return Reply(200, {"value": [{"id": seen.path}]})


def patient(cloud: TinyCloud, time: FakeTime, **settings: Any) -> GraphClient:
    """A client whose waiting costs no time."""
    return cloud.client(clock=time.clock, sleep=time.sleep, **settings)


# -- what leaves --------------------------------------------------------------------------------------------------


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


# -- refusals -----------------------------------------------------------------------------------------------------


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


# -- silence ------------------------------------------------------------------------------------------------------


def test_a_write_without_answer_is_not_sent_again(tiny_cloud: TinyCloud) -> None:
    tiny_cloud.answer = lambda _: DROP

    response = tiny_cloud.client().send(users.disable("u1"))

    assert isinstance(response.error, ConnectionFailed)
    assert response.status == 0
    assert response.error.outcome_unknown
    assert len(tiny_cloud.seen) == 1


def test_a_write_that_takes_too_long_has_an_unknown_outcome(tiny_cloud: TinyCloud) -> None:
    over = threading.Event()
    tiny_cloud.answer = lambda _: over.wait(10) and Reply(204)

    response = tiny_cloud.client(timeout=(1, 0.1)).send(users.disable("u1"))
    over.set()

    assert response.error is not None
    assert response.error.outcome_unknown
    assert len(tiny_cloud.seen) == 1


def test_a_read_without_answer_is_tried_again(tiny_cloud: TinyCloud, fake_time: FakeTime) -> None:
    tiny_cloud.answer = in_turn([DROP, DROP])

    assert patient(tiny_cloud, fake_time).send(users.get("u1")).ok
    assert len(tiny_cloud.seen) == 3


def test_a_read_that_never_gets_an_answer_did_nothing(tiny_cloud: TinyCloud, fake_time: FakeTime) -> None:
    tiny_cloud.answer = lambda _: DROP

    response = patient(tiny_cloud, fake_time).send(users.get("u1"))

    assert isinstance(response.error, ConnectionFailed)
    assert (response.error.is_transient, response.error.outcome_unknown) == (True, False)
    assert len(tiny_cloud.seen) == 4


def test_of_a_batch_without_answer_only_the_reads_are_sent_again(tiny_cloud: TinyCloud, fake_time: FakeTime) -> None:
    tiny_cloud.answer = in_turn([DROP])
    asked = [users.get("u1"), users.disable("u2"), users.get("u3")]

    responses = patient(tiny_cloud, fake_time).send_all(asked)

    assert [response.ok for response in responses] == [True, False, True]
    assert responses[1].error is not None
    assert responses[1].error.outcome_unknown
    assert Counter(seen.method for seen in tiny_cloud.seen) == {"GET": 4, "PATCH": 1}


def test_a_write_that_met_a_server_error_is_not_sent_again(tiny_cloud: TinyCloud) -> None:
    tiny_cloud.answer = lambda _: Reply(502)

    response = tiny_cloud.client().send(users.disable("u1"))

    assert isinstance(response.error, ServiceFailed)
    assert (response.status, response.error.outcome_unknown) == (502, True)
    assert len(tiny_cloud.seen) == 1


def test_a_batch_that_met_a_server_error_counts_as_one_without_answer(
    tiny_cloud: TinyCloud, fake_time: FakeTime
) -> None:
    carried: list[Reply | None] = [Reply(504)]
    tiny_cloud.carry = lambda _: carried.pop() if carried else None

    read, write = patient(tiny_cloud, fake_time).send_all([users.get("u1"), users.disable("u2")])

    assert read.ok
    assert write.error is not None
    assert write.error.outcome_unknown


def test_a_part_that_a_batch_does_not_answer_is_unknown(tiny_cloud: TinyCloud) -> None:
    tiny_cloud.carry = lambda _: Reply(200, {"responses": [{"id": "2", "status": 204}]})

    first, second = tiny_cloud.client().send_all([users.disable("u1"), users.disable("u2")])

    assert second.ok
    assert first.error is not None
    assert first.error.outcome_unknown


def test_what_could_not_be_connected_was_not_sent(tiny_cloud: TinyCloud, fake_time: FakeTime) -> None:
    nowhere = "http://127.0.0.1:9"
    cloud = Cloud(name="simulator", label="", login=tiny_cloud.url, graph=nowhere, exchange=nowhere)
    client = GraphClient(
        credentials=tiny_cloud.client().credentials, cloud=cloud, clock=fake_time.clock, sleep=fake_time.sleep
    )

    response = client.send(users.disable("u1"))

    assert isinstance(response.error, ConnectionFailed)
    assert response.error.is_transient
    assert not response.error.outcome_unknown
    assert len(fake_time.sleeps) == 3


def test_a_page_of_a_proxy_is_no_answer_to_a_read(tiny_cloud: TinyCloud, fake_time: FakeTime) -> None:
    tiny_cloud.answer = lambda _: Reply(200, b"<html>please log in</html>")

    response = patient(tiny_cloud, fake_time).send(users.get("u1"))

    assert isinstance(response.error, ServiceFailed)
    assert response.error.code == "UnreadableAnswer"
    assert response.body is None


# -- secrets and logs ---------------------------------------------------------------------------------------------


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
    common = {
        "event": "microsoft.round_trip",
        "log_level": "info",
        "service": "graph",
        "tenant_id": TENANT,
    }
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


# -- pages and permissions ----------------------------------------------------------------------------------------


def test_pages_are_followed_with_their_headers(tiny_cloud: TinyCloud) -> None:
    link = "https://graph.microsoft.com/v1.0/users/u1/messages?$skip=1"
    tiny_cloud.answer = in_turn(
        [
            Reply(200, {"value": [{"id": "a"}], "@odata.nextLink": link}),
            Reply(200, {"value": [], "@odata.nextLink": link + "2"}),
        ],
        then=Reply(200, {"value": [{"id": "b"}]}),
    )

    rows = list(tiny_cloud.client().pages(mail.messages("u1")))

    assert rows == [{"id": "a"}, {"id": "b"}]
    assert [seen.path for seen in tiny_cloud.seen][1:] == [
        "/v1.0/users/u1/messages?$skip=1",
        "/v1.0/users/u1/messages?$skip=12",
    ]
    assert {seen.headers["Prefer"] for seen in tiny_cloud.seen} == {'IdType="ImmutableId"'}


def test_pages_of_a_cmdlet_repeat_it(tiny_cloud: TinyCloud) -> None:
    link = f"https://outlook.office365.com/adminapi/beta/{TENANT}/InvokeCommand?$skiptoken=2"
    tiny_cloud.answer = in_turn([Reply(200, {"value": [{"Name": "a"}], "@odata.nextLink": link})])

    assert list(tiny_cloud.client().pages(exchange.inbox_rules("a@x"))) == [{"Name": "a"}]
    first, second = tiny_cloud.seen
    assert second.path == f"/adminapi/beta/{TENANT}/InvokeCommand?$skiptoken=2"
    assert second.body == first.body


def test_a_page_that_fails_is_raised_after_the_rows_before_it(tiny_cloud: TinyCloud) -> None:
    link = "https://graph.microsoft.com/v1.0/users?$skiptoken=2"
    tiny_cloud.answer = in_turn([Reply(200, {"value": [{"id": "a"}], "@odata.nextLink": link})], then=Reply(403))
    pages = tiny_cloud.client().pages(users.list_users())

    assert next(pages) == {"id": "a"}
    with pytest.raises(PermissionDenied):
        next(pages)


def test_pages_that_go_in_a_circle_end(tiny_cloud: TinyCloud) -> None:
    link = "https://graph.microsoft.com/v1.0/users?$skiptoken=1"
    tiny_cloud.answer = lambda _: Reply(200, {"value": [], "@odata.nextLink": link})

    with pytest.raises(ServiceFailed, match="already read"):
        list(tiny_cloud.client().pages(users.list_users()))

    assert len(tiny_cloud.seen) == 2


def test_permissions_of_both_services_are_read_from_the_tokens(tiny_cloud: TinyCloud) -> None:
    client = tiny_cloud.client()

    assert client.granted_permissions() == {"User.Read.All"}
    assert client.held_roles() == {"role-1"}
    assert len(tiny_cloud.token_forms) == 2
    client.granted_permissions(renew=True)
    assert len(tiny_cloud.token_forms) == 4


def test_a_tenant_without_consent_for_exchange_still_tells_the_rest(tiny_cloud: TinyCloud) -> None:
    issue = tiny_cloud.issue
    refusal = Reply(400, {"error": "invalid_client", "error_description": "AADSTS650057: Invalid resource."})
    tiny_cloud.issue = lambda form: refusal if "outlook" in form["scope"] else issue(form)

    assert tiny_cloud.client().granted_permissions() == {"User.Read.All"}


def test_nothing_asked_nothing_sent(tiny_cloud: TinyCloud) -> None:
    assert tiny_cloud.client().send_all([]) == []
    assert tiny_cloud.token_forms == []


def test_a_client_shows_no_secret(tiny_cloud: TinyCloud) -> None:
    assert "hush" not in repr(tiny_cloud.client())
