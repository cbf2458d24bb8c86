"""The named points of a worker's life, put around Petra's functions from outside, and the death that waits at them.

Only a worker of the chaos run imports this. Nothing of it is in Petra: a function is wrapped by its name, and a name
that is not there any more stops the worker at once, loudly.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tests.chaos.diary import Diary
from tests.chaos.plan import POINTS, Plan

_fence: ContextVar[str] = ContextVar("fence", default="")  # of the set that this thread is working on
# The try that a request belongs to, by the request's identity, for the set that this thread is working on.
Tries = dict[int, tuple[Any, int]]
_tries: ContextVar[Tries | None] = ContextVar("tries", default=None)


class Reaper:
    """Counts how often each point was passed, and kills this process where the plan says so."""

    def __init__(self, plan: Plan, diary: Diary, *, stall: float) -> None:
        self._deaths, self._stalls = frozenset(plan.kills), frozenset(plan.stalls)
        self._stall = stall  # seconds: longer than a lease
        self._diary = diary
        self._lock = threading.Lock()  # held by a dying process: nobody begins anything that its last line misses
        self._fences: set[str] = set()

    def passes(self, point: str) -> None:
        """One more time past this point; it may have been the last thing this process did."""
        if point not in POINTS:
            raise LookupError(f"{point} is no point of the plan")
        with self._lock:  # counted and killed in one, or the death of another thread could swallow this one
            ordinal = self._diary.count(point)
            if (point, ordinal) in self._deaths:
                self._diary.write("kills", sync=True, point=point, ordinal=ordinal, fences=sorted(self._fences))
                os.kill(os.getpid(), signal.SIGKILL)
        if (point, ordinal) in self._stalls:
            self._diary.write("stalls", point=point, ordinal=ordinal, fence=_fence.get())
            time.sleep(self._stall)

    def begins(self, fence: str) -> None:
        """This process works on a claimed set from now on."""
        with self._lock:
            self._fences.add(fence)

    def ends(self, fence: str) -> None:
        with self._lock:
            self._fences.discard(fence)


def wrap(owner: Any, name: str, around: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Put something around a function, by its name. Raises AttributeError where there is no such name."""
    setattr(owner, name, around(getattr(owner, name)))


def hook_up(reaper: Reaper, diary: Diary) -> None:
    """Put all points in place. Call it once Django is set up, before the worker starts."""
    _hook_engine(reaper, diary)
    _hook_sending(reaper, diary)
    _hook_reading_back(reaper)
    _hook_scans(reaper)
    _hook_bells(reaper, diary)


def _before(reaper: Reaper, point: str, when: Callable[..., Any] = lambda *_, **__: True) -> Callable[..., Any]:
    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **values: Any) -> Any:
            if when(*args, **values):
                reaper.passes(point)
            return function(*args, **values)

        return wrapped

    return around


def _after(reaper: Reaper, point: str, when: Callable[[Any], Any] = lambda _: True) -> Callable[..., Any]:
    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **values: Any) -> Any:
            result = function(*args, **values)
            if when(result):
                reaper.passes(point)
            return result

        return wrapped

    return around


def _hook_engine(reaper: Reaper, diary: Diary) -> None:
    from remediation import runner

    def claiming(function: Callable[..., Any]) -> Callable[..., Any]:
        def claim_runs(*args: Any, **values: Any) -> Any:
            runs = function(*args, **values)
            if runs:
                reaper.begins(runs[0].fence)
                reaper.passes("claimed")
            return runs

        return claim_runs

    def noting(function: Callable[..., Any]) -> Callable[..., Any]:
        def _noting(stages: Any, attempt: Any) -> Any:
            return function(_told_apart(stages, attempt.pk), attempt)

        return _noting

    wrap(runner, "claim_runs", claiming)
    wrap(runner, "_noting", noting)
    wrap(runner, "work", _noting_late(reaper, diary))
    wrap(runner, "_begin_attempts", _after(reaper, "tried"))
    wrap(runner, "read_states", _after(reaper, "looked", bool))
    wrap(runner, "settle", _before(reaper, "settling", lambda outcomes, **_: outcomes))
    wrap(runner, "settle", _after(reaper, "settled", bool))  # the transaction around it is still open
    wrap(runner, "_write", _after(reaper, "written", bool))


def _noting_late(reaper: Reaper, diary: Diary) -> Callable[..., Any]:
    """A worker that finds its set taken over says so: its attempts stay open."""
    from remediation.leases import LeaseLost

    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        def work(client: Any, runs: Sequence[Any], **values: Any) -> Any:
            fence = runs[0].fence
            try:
                with _working(fence):
                    written = function(client, runs, **values)
            except LeaseLost:
                diary.write("late", fence=fence)
                raise
            finally:
                reaper.ends(fence)
            if len(written) < len(runs):  # the others were taken over at the last moment
                diary.write("late", fence=fence)
            return written

        return work

    return around


@contextmanager
def _working(fence: str) -> Iterator[None]:
    tokens = _tries.set({}), _fence.set(fence)
    try:
        yield
    finally:
        _tries.reset(tokens[0])
        _fence.reset(tokens[1])


def _told_apart(stages: Any, attempt: int) -> Any:
    """Pass the stages on, and remember whose requests these are: two runs may ask for the very same thing."""
    try:
        asked = next(stages)
        while True:
            tries = _tries.get()
            assert tries is not None
            tries |= {id(request): (request, attempt) for request in asked}
            asked = stages.send((yield asked))
    except StopIteration as end:
        return end.value


def _hook_sending(reaper: Reaper, diary: Diary) -> None:
    from graph.client import GraphClient
    from graph.transport import Transport

    def sending(function: Callable[..., Any]) -> Callable[..., Any]:
        def send_all(client: Any, requests: Sequence[Any], **values: Any) -> Any:
            if all(request.is_read for request in requests):
                return function(client, requests, **values)
            reaper.passes("sending")
            began = time.monotonic()
            answers = function(client, requests, **values)
            diary.write("lasted", seconds=round(time.monotonic() - began, 2), count=len(requests))
            reaper.passes("sent")
            return answers

        return send_all

    wrap(Transport, "_send", _noting_writes(reaper, diary))
    wrap(GraphClient, "send_all", sending)


def _noting_writes(reaper: Reaper, diary: Diary) -> Callable[..., Any]:
    """Each write is noted before it leaves, and the answer when it has come."""

    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        def _send(transport: Any, sealed: Sequence[Any], *args: Any) -> Any:
            tries, acts = _tries.get() or {}, {one.client_request_id for one in sealed if not one.request.is_read}
            for one in (each for each in sealed if each.client_request_id in acts):
                _, attempt = tries.get(id(one.request), (None, None))
                diary.write("sent", id=one.client_request_id, attempt=attempt, fingerprint=one.request.fingerprint)
            statuses = dict.fromkeys(acts, 0)
            try:
                answers = function(transport, sealed, *args)
                statuses |= {one.client_request_id: answer.status for one, answer in zip(sealed, answers, strict=True)}
            finally:
                for identity in acts:
                    diary.write("answered", id=identity, status=statuses[identity])
            if acts:
                reaper.passes("answered")
            return answers

        return _send

    return around


def _hook_reading_back(reaper: Reaper) -> None:
    from remediation import verification

    wrap(verification, "read_states", _before(reaper, "reading_back"))
    wrap(verification, "read_states", _after(reaper, "read_back"))
    wrap(verification, "verify", _after(reaper, "verified"))


def _hook_scans(reaper: Reaper) -> None:
    from remediation import scanning

    wrap(scanning, "_claim", _after(reaper, "scan_claimed", lambda scan: scan is not None))
    wrap(scanning, "advance", _after(reaper, "scan_read"))
    wrap(scanning, "_finish", _before(reaper, "scan_finishing"))
    wrap(scanning, "_finish", _after(reaper, "scan_finished"))


def _hook_bells(reaper: Reaper, diary: Diary) -> None:
    from remediation import doorbell, sweeper

    wrap(doorbell, "_send", _before(reaper, "ringing"))
    ring_twice(diary)
    wrap(sweeper, "_resume_runs", _after(reaper, "sweeping"))


def ring_twice(diary: Diary) -> None:
    """Every message of remediation is put into the queue twice."""
    from remediation import doorbell

    def doubled(function: Callable[..., Any]) -> Callable[..., Any]:
        def _send(*args: Any) -> None:
            function(*args)
            function(*args)
            diary.count("doubled")

        return _send

    wrap(doorbell, "_send", doubled)
