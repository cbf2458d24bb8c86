"""The client over real sockets: what is made of silence."""

import threading
from collections import Counter

from graph import Cloud, ConnectionFailed, GraphClient, ServiceFailed, users
from tests.unit.graph.conftest import FakeTime, patient
from tests.unit.graph.tiny_cloud import DROP, Reply, TinyCloud, in_turn


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
