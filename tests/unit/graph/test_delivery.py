"""Delivering: order, waiting, partial retry. The round trip is a function here, and time passes only by sleeping."""

from collections.abc import Callable, Sequence

import pytest

from graph import Request, Response, Service, Throttled, audit, exchange, mail, users
from graph.batching import MailboxGate
from graph.delivery import Delivery, Means, Prepare
from graph.errors import from_response
from graph.retry import Policy
from tests.unit.graph.conftest import FakeTime

Judge = Callable[[Request], Response]


class Trips:
    """A round trip that answers by a script and remembers what went together, and when."""

    def __init__(self, judge: Judge, time: FakeTime) -> None:
        self._judge = judge
        self._time = time
        self.batches: list[list[str]] = []
        self.services: list[Service] = []
        self.moments: list[float] = []
        self.fresh: list[bool] = []

    def __call__(self, batch: Sequence[Request], *, fresh_connection: bool) -> Callable[[], list[Response]]:
        self.batches.append([request.path for request in batch])
        self.services.append(batch[0].service)
        self.moments.append(self._time.now)
        self.fresh.append(fresh_connection)
        return lambda: [self._judge(request) for request in batch]


def good(request: Request) -> Response:
    return Response(request, 200, {"value": [request.path]})


def refused(request: Request, status: int, **headers: str) -> Response:
    written = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(request, status, None, written, from_response(status, None, written, is_write=not request.is_read))


def deliver(requests: Sequence[Request], trips: Trips, time: FakeTime, max_in_flight: int = 1) -> list[Response]:
    means = Means(
        prepare=trips,
        policy=Policy(),
        gate=MailboxGate(),
        account="",
        max_in_flight=max_in_flight,
        clock=time.clock,
        sleep=time.sleep,
    )
    return Delivery(means, requests).run()


def once(path: str, response: Callable[[Request], Response]) -> Judge:
    """Refuse the path the first time, accept everything else."""
    refusals = [path]

    def judge(request: Request) -> Response:
        if request.path in refusals:
            refusals.remove(request.path)
            return response(request)
        return good(request)

    return judge


def test_nothing_asked_nothing_sent(fake_time: FakeTime) -> None:
    trips = Trips(good, fake_time)

    assert deliver([], trips, fake_time) == []
    assert trips.batches == []


def test_answers_come_in_the_order_asked(fake_time: FakeTime) -> None:
    asked = [users.enable(f"u{number}") for number in range(50)]

    answers = deliver(asked, Trips(good, fake_time), fake_time, max_in_flight=8)

    assert [answer.request for answer in answers] == asked


def test_batches_are_twenty_for_graph_and_ten_for_exchange(fake_time: FakeTime) -> None:
    trips = Trips(good, fake_time)

    deliver(
        [*(users.enable(f"u{n}") for n in range(25)), *(exchange.mailbox(f"u{n}") for n in range(25))], trips, fake_time
    )

    sizes = [(service, len(batch)) for service, batch in zip(trips.services, trips.batches, strict=True)]
    assert sorted(sizes) == [("exchange", 5), ("exchange", 10), ("exchange", 10), ("graph", 5), ("graph", 20)]


def test_versions_of_graph_do_not_share_a_batch(fake_time: FakeTime) -> None:
    trips = Trips(good, fake_time)

    deliver([users.get("a"), audit.sign_ins(), users.get("b")], trips, fake_time)

    assert sorted(map(len, trips.batches)) == [1, 2]


def test_only_the_throttled_one_is_sent_again_after_its_wait(fake_time: FakeTime) -> None:
    trips = Trips(once("/users/u1", lambda request: refused(request, 429, Retry_After="3")), fake_time)

    answers = deliver([users.enable("u0"), users.enable("u1"), users.enable("u2")], trips, fake_time)

    assert trips.batches == [["/users/u0", "/users/u1", "/users/u2"], ["/users/u1"]]
    assert trips.moments[1] - trips.moments[0] == 3
    assert all(answer.ok for answer in answers)


def test_the_longest_wait_of_a_batch_holds_for_all_of_it(fake_time: FakeTime) -> None:
    waits = {"/users/u0": "2", "/users/u1": "6"}

    def judge(request: Request) -> Response:
        wait = waits.pop(request.path, None)
        return refused(request, 429, Retry_After=wait) if wait else good(request)

    trips = Trips(judge, fake_time)
    deliver([users.enable("u0"), users.enable("u1")], trips, fake_time)

    assert trips.moments == [1000, 1006]
    assert trips.batches[1] == ["/users/u1", "/users/u0"]


def test_a_throttled_mailbox_does_not_hold_up_the_others(fake_time: FakeTime) -> None:
    asked = [mail.move("slow", f"m{n}", "inbox") for n in range(5)] + [
        mail.move(f"u{n}", "m", "inbox") for n in range(60)
    ]
    trips = Trips(once(asked[0].path, lambda request: refused(request, 429, Retry_After="5")), fake_time)

    assert all(answer.ok for answer in deliver(asked, trips, fake_time))
    early = [
        path for batch, moment in zip(trips.batches, trips.moments, strict=True) for path in batch if moment == 1000
    ]
    assert sum("/slow/" not in path for path in early) == 60


def test_a_mailbox_that_is_shut_for_long_is_not_asked_again(fake_time: FakeTime) -> None:
    asked = [mail.move("shut", f"m{n}", "inbox") for n in range(40)] + [users.enable("u")]

    def judge(request: Request) -> Response:
        return refused(request, 429, Retry_After="300") if "/shut/" in request.path else good(request)

    trips = Trips(judge, fake_time)
    answers = deliver(asked, trips, fake_time)

    assert sum(map(len, trips.batches)) == 5
    assert answers[-1].ok
    errors = [answer.error for answer in answers[:-1]]
    assert all(isinstance(error, Throttled) and error.retry_after == 300 for error in errors)
    assert fake_time.sleeps == []


def test_the_directory_goes_on_when_one_of_its_services_is_shut_for_long(fake_time: FakeTime) -> None:
    asked = [users.get("shut"), *(users.enable(f"u{n}") for n in range(40))]
    shut = asked[0].path
    trips = Trips(
        lambda request: refused(request, 429, Retry_After="99") if request.path == shut else good(request), fake_time
    )

    answers = deliver(asked, trips, fake_time)

    assert [answer.ok for answer in answers] == [False] + [True] * 40


def test_a_failed_dependency_is_sent_once_more(fake_time: FakeTime) -> None:
    trips = Trips(lambda request: refused(request, 424), fake_time)

    answers = deliver([users.enable("u0"), users.enable("u1")], trips, fake_time)

    assert list(map(len, trips.batches)) == [2, 2]
    assert [answer.status for answer in answers] == [424, 424]


def test_a_read_is_tried_four_times(fake_time: FakeTime) -> None:
    trips = Trips(lambda request: refused(request, 504), fake_time)

    deliver([users.get("u")], trips, fake_time)

    assert len(trips.batches) == 4
    assert [0.25 <= fake_time.sleeps[0] <= 0.5, 0.5 <= fake_time.sleeps[1] <= 1, 1 <= fake_time.sleeps[2] <= 2] == [
        True
    ] * 3


def test_after_a_503_the_read_goes_over_a_connection_of_its_own(fake_time: FakeTime) -> None:
    read = users.get("u")
    trips = Trips(once(read.path, lambda request: refused(request, 503)), fake_time)

    assert deliver([read], trips, fake_time)[0].ok
    assert trips.fresh == [False, True]


def broken_under_way(batch: Sequence[Request], *, fresh_connection: bool) -> Callable[[], list[Response]]:
    return lambda: {}["ours"]


def broken_before(batch: Sequence[Request], *, fresh_connection: bool) -> Callable[[], list[Response]]:
    raise KeyError("ours")


@pytest.mark.parametrize("broken", [broken_under_way, broken_before])
def test_a_fault_of_our_own_is_raised_and_gives_the_mailbox_back(fake_time: FakeTime, broken: Prepare) -> None:
    gate = MailboxGate()
    means = Means(
        prepare=broken,
        policy=Policy(),
        gate=gate,
        account="",
        max_in_flight=2,
        clock=fake_time.clock,
        sleep=fake_time.sleep,
    )
    with pytest.raises(KeyError, match="ours"):
        Delivery(means, [mail.move("u", f"m{n}", "inbox") for n in range(4)]).run()

    assert [gate.try_enter("mailbox:u") for _ in range(5)] == [True, True, True, True, False]
