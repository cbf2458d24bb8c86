"""Delivering many requests: batches out, answers in, retries in between, until each request has its answer."""

import contextvars
import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import groupby
from typing import Protocol

from graph import retry
from graph.batching import Item, MailboxGate, Schedule
from graph.circuit import Circuit, Closed, has_answer, not_asked
from graph.errors import Throttled
from graph.request import Request, Response, Service
from graph.wire import BATCH_SIZES

_dice = random.SystemRandom()

# How often the caller gets to say that it is still there while all are waiting for Microsoft, in seconds.
LOOK_UP_EVERY = 10.0


class Prepare(Protocol):
    """Gets requests of one service and version ready to go together; what it returns makes the round trip."""

    def __call__(self, batch: Sequence[Request], *, fresh_connection: bool) -> Callable[[], list[Response]]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """What a delivery works with. `account` sets this connection's mailboxes apart at the gate.

    `pulse` is called before anything leaves and every few seconds while answers are awaited; what it raises ends the
    delivery. `tally` counts answers by service and result.
    """

    prepare: Prepare
    policy: retry.Policy
    gate: MailboxGate
    account: str
    max_in_flight: int
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    circuit: Circuit = field(default_factory=Closed)
    pulse: Callable[[], None] = lambda: None  # nothing to keep alive
    tally: Counter[tuple[str, str]] = field(default_factory=Counter)


class Delivery:
    """One delivery. The caller's thread keeps the books; a few threads of its own wait for Microsoft."""

    def __init__(self, means: Means, requests: Sequence[Request]) -> None:
        self._means = means
        self._count = len(requests)
        self._answers: dict[int, Response] = {}
        self._schedules = _schedules(means, requests)
        self._in_flight: dict[Future[list[Response]], tuple[Schedule, list[Item]]] = {}

    def run(self) -> list[Response]:
        """Deliver everything and return the responses in the order of the requests."""
        workers = max(1, min(self._means.max_in_flight, self._count))
        try:
            with ThreadPoolExecutor(workers, thread_name_prefix="microsoft") as pool:
                while not all(schedule.is_done for schedule in self._schedules):
                    self._means.pulse()
                    self._launch(pool)
                    self._land()
        finally:
            # Only after an exception is anything left here; its places at the mailboxes must not be lost.
            for schedule, batch in self._in_flight.values():
                schedule.finished(batch)
        return [self._answers[position] for position in range(self._count)]

    @property
    def _is_full(self) -> bool:
        return len(self._in_flight) >= self._means.max_in_flight

    def _launch(self, pool: ThreadPoolExecutor) -> None:
        """Send off batches, each service in turn, until no more may go."""
        turns = list(self._schedules)
        while turns and not self._is_full:
            schedule = turns.pop(0)
            if wait := self._means.circuit.wait(schedule.service):
                self._give_up(schedule, wait)
                continue
            batch = schedule.next_batch(self._means.clock())
            if batch:
                self._send_off(pool, schedule, batch)
                turns.append(schedule)

    def _give_up(self, schedule: Schedule, wait_seconds: float) -> None:
        for item in schedule.withdraw_all():
            self._answer(schedule, item, not_asked(item.request, wait_seconds))

    def _send_off(self, pool: ThreadPoolExecutor, schedule: Schedule, batch: list[Item]) -> None:
        fresh_connection = any(item.fresh_connection for item in batch)
        try:
            round_trip = self._means.prepare([item.request for item in batch], fresh_connection=fresh_connection)
        except BaseException:
            schedule.finished(batch)  # as in `run`: the places at the mailboxes must not be lost
            raise
        # The log lines of the thread belong to whatever the caller is doing.
        flight = pool.submit(contextvars.copy_context().run, round_trip)
        self._in_flight[flight] = (schedule, batch)

    def _land(self) -> None:
        """Wait for an answer, or until a lane that was told to wait may go again."""
        if not self._in_flight:
            self._means.sleep(self._time_to_next() or 0.0)
            return
        due = None if self._is_full else self._time_to_next()
        timeout = LOOK_UP_EVERY if due is None else min(due, LOOK_UP_EVERY)
        landed, _ = wait(self._in_flight, timeout=timeout, return_when=FIRST_COMPLETED)
        for flight in landed:
            responses = flight.result()
            schedule, batch = self._in_flight.pop(flight)
            schedule.finished(batch)
            self._hear(schedule.service, responses)
            self._settle(schedule, list(zip(batch, responses, strict=True)))

    def _hear(self, service: Service, responses: Sequence[Response]) -> None:
        self._means.circuit.told(service, has_answered=has_answer(responses))
        self._means.tally.update((str(service), result_of(response)) for response in responses)

    def _time_to_next(self) -> float | None:
        moments = [moment for schedule in self._schedules if (moment := schedule.next_ready_at()) is not None]
        return max(0.0, min(moments) - self._means.clock()) if moments else None

    def _settle(self, schedule: Schedule, outcomes: list[tuple[Item, Response]]) -> None:
        """Keep the answers that stand; put the others back, all after the longest wait that one of them needs."""
        policy = self._means.policy
        decided = [
            (item, response, retry.decide(response, item.tried, policy, _dice.random())) for item, response in outcomes
        ]
        longest = max((decision.wait for _, _, decision in decided if decision.again), default=0.0)
        ready_at = self._means.clock() + longest
        for item, response, decision in decided:
            if not decision.again:
                self._keep(schedule, item, response)
                continue
            item.tried = retry.after(item.tried, response)
            item.fresh_connection = decision.fresh_connection
            schedule.send_again(item, ready_at)

    def _keep(self, schedule: Schedule, item: Item, response: Response) -> None:
        self._answer(schedule, item, response)
        error = response.error
        if isinstance(error, Throttled) and (error.retry_after or 0.0) > self._means.policy.long_wait:
            for waiting in schedule.withdraw_mailbox(item):
                self._answer(schedule, waiting, Response(waiting.request, 0, error=error.but(client_request_id="")))

    def _answer(self, schedule: Schedule, item: Item, response: Response) -> None:
        self._answers[item.position] = response
        schedule.answered(item)


def result_of(response: Response) -> str:
    """What came of a request in one word: ok, throttled, refused, failed (Microsoft's own fault) or no_answer."""
    if response.error is None:
        return "ok"
    if isinstance(response.error, Throttled):
        return "throttled"
    if response.status == 0:
        return "no_answer"
    return "failed" if response.status >= 500 else "refused"


def _schedules(means: Means, requests: Sequence[Request]) -> list[Schedule]:
    """Return a schedule for each address that batches go to: a service in one version."""
    items = [Item(position, request) for position, request in enumerate(requests)]
    grouped = groupby(sorted(items, key=_address), key=_address)
    return [
        Schedule(
            group,
            service=service,
            size=BATCH_SIZES[service],
            gate=means.gate,
            account=means.account,
            batches=means.max_in_flight,
        )
        for (service, _version), group in grouped
    ]


def _address(item: Item) -> tuple[Service, str]:
    return item.request.service, item.request.version
