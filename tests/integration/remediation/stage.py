"""A stage on which scripts of presses, workers and mishaps are played, in one thread and against the simulated cloud.

A worker passes beats: one when it has claimed and has a client in hand, then one before and one after each set of
requests that it sends. A script says what else happens on a beat, and whether the worker dies of it.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from graph import GraphClient, Request, Response
from graph.simulator.control import SimulatorControl
from incidents.services import IncidentRefused
from remediation import leases, runner, scanning, sweeper
from remediation.enums import ORDER_TRANSITIONS, RUN_TRANSITIONS, WAITING_STATES, OrderState, RunState, ScanState, Step
from remediation.models import ActionRun, Scan
from remediation.policies import Refused
from remediation.services import runs_undo, scan_request, step_retry
from tests.factories import world
from tests.integration.remediation.desk import Desk
from tests.integration.remediation.witness import Seen, Witness

SCAN_TRANSITIONS = {
    ScanState.QUEUED: {ScanState.RUNNING},
    ScanState.RUNNING: {ScanState.QUEUED, ScanState.COMPLETE, ScanState.FAILED},
}
ARROWS: dict[str, Mapping[Any, Any]] = {
    "remediation_workorder": ORDER_TRANSITIONS,
    "remediation_actionrun": RUN_TRANSITIONS,
    "remediation_scan": SCAN_TRANSITIONS,
}
STATES = {"remediation_workorder": OrderState, "remediation_actionrun": RunState, "remediation_scan": ScanState}
ENDS = {
    RunState.SUCCEEDED,
    RunState.FAILED,
    RunState.SKIPPED,
    RunState.ERRORED,
    RunState.CANCELED,
    RunState.UNDONE,
    RunState.UNDO_FAILED,
}
LET_GO = "let go"  # what a worker wrote down and does not hold any more
LOCKING = {("lock_account", RunState.RUNNING), ("enable_account", RunState.UNDOING)}
UNLOCKING = {("lock_account", RunState.UNDOING), ("enable_account", RunState.RUNNING)}


class Killed(BaseException):
    """The worker's process is gone."""


@dataclass(frozen=True)
class Press:
    step: Step
    by_colleague: bool = False
    form: int = 0  # the same number is the same form; 0 is always a new one
    again: bool = False


@dataclass(frozen=True)
class Retry:
    step: Step


@dataclass(frozen=True)
class Undo:
    which: int


@dataclass(frozen=True)
class Search:
    """Somebody asks for a new search."""


@dataclass(frozen=True)
class TimeUp:
    """Nobody is heard of for so long that every lease runs out."""


@dataclass(frozen=True)
class Sweep:
    """The sweeper's turn."""


@dataclass(frozen=True)
class Later:
    """What is to be done later is due."""


@dataclass(frozen=True)
class Fault:
    method: str
    answer: int | str
    times: int
    retry_after: int | None = None
    effect: bool = False


@dataclass(frozen=True)
class Cue:
    """What happens on a beat of a worker."""

    beat: int
    moves: tuple[Any, ...] = ()
    dies: bool = False


@dataclass(frozen=True)
class Work:
    """A bell is heard. `what`: runs, strikes or scans."""

    what: str = "runs"
    cues: tuple[Cue, ...] = ()


@dataclass
class Worker:
    cues: dict[int, Cue]
    beat: int = 0
    fence: str = ""
    held: dict[tuple[str, int], tuple[str, str]] = field(default_factory=dict)  # row: action key, state
    is_late: bool = False


@dataclass
class Stage:
    desk: Desk
    simulator: SimulatorControl
    witness: Witness
    findings: dict[Step, list[int]]
    actors: list[Worker | None] = field(default_factory=lambda: [None])
    skew: float = 0.0
    ends: Counter[int] = field(default_factory=Counter)  # by run: how often it came to an end
    orders: Counter[str] = field(default_factory=Counter)  # by action: how often it was ordered, undo included
    last_end: dict[tuple[str, str], tuple[int, RunState]] = field(default_factory=dict)  # by what is acted on
    settled: set[tuple[str, int]] = field(default_factory=set)  # rows whose worker wrote them since the last look
    lates: int = 0
    last_order: tuple[int, RunState] | None = (
        None  # of what locks or unlocks the account: the run, and what it has to become
    )
    wrongs: list[str] = field(
        default_factory=list
    )  # kept, not raised: the engine would take it for a mistake of its own
    has_crossed: bool = False  # two workers sent opposite things to the account at once: nobody knows which came last

    # The script's moves

    def play(self, move: Any) -> None:
        self.actors.append(None)
        try:
            self._moves[type(move)](self, move)
        except (Refused, IncidentRefused):
            pass  # told to the one who pressed; nothing was done
        finally:
            self.look()
            self.actors.pop()

    def _press(self, move: Press) -> None:
        member = self.desk.colleague if move.by_colleague else self.desk.analyst
        key = f"{move.form:032d}" if move.form else ""
        chosen = {"finding_ids": self.findings[move.step]} if move.step in self.findings else {}
        self.desk.reload()
        self.desk.press(move.step, key=key, by=member, again=move.again, reason="It was her.", **chosen)

    def _retry(self, move: Retry) -> None:
        step_retry(incident=self.desk.reload(), step=move.step, by=self.desk.analyst)

    def _undo(self, move: Undo) -> None:
        runs = self.desk.runs()
        if runs:
            chosen = runs[move.which % len(runs)].pk
            runs_undo(incident=self.desk.reload(), run_ids=[chosen], by=self.desk.colleague, confirmed=True)

    def _search(self, _move: Search) -> None:
        scan_request(incident=self.desk.reload(), step=Step.PERSISTENCE, by=self.desk.analyst)

    def _time_up(self, _move: TimeUp) -> None:
        over = {"lease_until": timezone.now() - timedelta(seconds=1)}
        ActionRun.objects.filter(lease_until__isnull=False).update(**over)
        Scan.objects.filter(lease_until__isnull=False).update(**over)
        self.skew += 1000
        for worker in filter(None, self.actors):
            worker.is_late = True
            self.lates += 1

    def _sweep(self, _move: Sweep) -> None:
        sweeper.resume_stalled(now=timezone.now())

    def _later(self, _move: Later) -> None:
        self.desk.due_now()
        Scan.objects.filter(due_at__gt=timezone.now()).update(due_at=timezone.now())

    def _fault(self, move: Fault) -> None:
        fault = {"match": {"method": move.method}, "answer": move.answer, "times": move.times, "effect": move.effect}
        fault |= {"retryAfter": move.retry_after} if move.retry_after else {}
        self.simulator.configure(world.TENANT_ID, faults=[fault])

    def _work(self, move: Work) -> None:
        tenant = self.desk.tenant
        works: dict[str, Callable[[], int]] = {
            "runs": lambda: runner.run_due(tenant=tenant),
            "strikes": lambda: runner.run_due(tenant=tenant, strikes_only=True),
            "scans": lambda: scanning.scan_due(tenant=tenant),
        }
        self.look()
        self.actors.append(Worker({cue.beat: cue for cue in move.cues}))
        try:
            works[move.what]()
        except Killed:
            pass  # its rows stay as they are, until their lease is over
        finally:
            self.look()
            self.actors.pop()

    _moves: "dict[type, Callable[[Any, Any], None]]" = field(
        default_factory=lambda: {
            Press: Stage._press,
            Retry: Stage._retry,
            Undo: Stage._undo,
            Search: Stage._search,
            TimeUp: Stage._time_up,
            Sweep: Stage._sweep,
            Later: Stage._later,
            Fault: Stage._fault,
            Work: Stage._work,
        }
    )

    # What a worker passes

    def pass_beat(self) -> None:
        self.look()
        worker = self.actors[-1]
        if worker is None:
            return
        cue = worker.cues.get(worker.beat)
        worker.beat += 1
        for move in cue.moves if cue else ():
            self.play(move)
        if cue and cue.dies:
            raise Killed

    def send(self, real: Callable[[], list[Response]]) -> list[Response]:
        """Let the worker send, unless it is one that others took for dead: that one must not."""
        self.pass_beat()
        worker = self.actors[-1]
        is_lost = worker is not None and worker.is_late and self._lost(worker)
        seen = len(self.simulator.requests()["requests"]) if is_lost else 0
        try:
            answers = real()
        finally:
            if is_lost:
                self.hold(len(self.simulator.requests()["requests"]) == seen, "a late worker sent something")
        if worker:
            worker.is_late = False
        self.pass_beat()
        return answers

    def _lost(self, worker: Worker) -> bool:
        """Whether somebody else took over anything that this worker was about to do, or all that it looks at."""
        held = {row for row, (_, state) in worker.held.items() if state != LET_GO}
        runs = ActionRun.objects.filter(pk__in=[pk for table, pk in held if table.endswith("run")])
        scans = Scan.objects.filter(pk__in=[pk for table, pk in held if table.endswith("scan")])
        rows = [*runs.values_list("fence", "lease_until", "state"), *scans.values_list("fence", "lease_until", "state")]
        lost = [fence != worker.fence or lease is None or state == RunState.QUEUED for fence, lease, state in rows]
        is_acting = any(state in WAITING_STATES for _, state in worker.held.values())
        return any(lost) if is_acting else bool(lost) and all(lost)

    # What has to hold at every moment

    def hold(self, is_so: bool, words: str) -> None:
        if not is_so:
            self.wrongs.append(words)

    def look(self) -> None:
        self.settled.clear()
        for seen in self.witness.news():
            self._check(seen)
        lanes = ActionRun.objects.filter(state__in=WAITING_STATES, lease_until__gt=timezone.now())
        busy = set(lanes.filter(lane__startswith="mailbox:").values_list("lane", "fence"))
        self.hold(len(busy) == len({lane for lane, _ in busy}), f"two workers in one mailbox: {busy}")

    def _check(self, seen: Seen) -> None:
        if seen.arrow:
            before, after = seen.arrow
            states = STATES[seen.table]
            self.hold(states(after) in ARROWS[seen.table].get(states(before), ()), f"no arrow: {seen}")
        if seen.table != "remediation_workorder":
            self._check_owner(seen, self.actors[-1])
        if seen.table == "remediation_actionrun" and seen.arrow:
            self._note(seen.pk, *map(RunState, seen.arrow))

    def _check_owner(self, seen: Seen, worker: Worker | None) -> None:
        row = (seen.table, seen.pk)
        if seen.is_taken:
            self.hold(worker, f"only workers take: {seen}")
            self.hold(seen.lease is None or seen.lease <= timezone.now(), f"taken from a live worker: {seen}")
            if worker.fence != seen.after["fence"]:
                worker.fence, worker.held, worker.is_late = seen.after["fence"], {}, False
            key = ActionRun.objects.get(pk=seen.pk).action_key if seen.table == "remediation_actionrun" else ""
            worker.held[row] = (key, seen.after["state"])
            self._note_crossing(worker)
        elif worker and seen.arrow != (RunState.QUEUED, RunState.CANCELED):
            self.hold(seen.before["fence"] == worker.fence, f"a late worker wrote: {seen}")
            # A settlement is several writes in one transaction: the first of them counts.
            self.hold(seen.lease is not None or row in self.settled, f"written without a lease: {seen}")
            self.settled.add(row)
            state = seen.after["state"] if seen.after["lease_until"] else LET_GO
            worker.held[row] = (worker.held.get(row, ("", ""))[0], state)

    def _note_crossing(self, worker: Worker) -> None:
        for other in filter(None, self.actors):
            for mine, theirs in ((LOCKING, UNLOCKING), (UNLOCKING, LOCKING)):
                if mine & {*worker.held.values()} and theirs & {*other.held.values()}:
                    self.has_crossed = True

    def _note(self, pk: int, before: RunState, after: RunState) -> None:
        run = ActionRun.objects.get(pk=pk)
        if after in ENDS:
            self.ends[pk] += 1
            account = run.action_key in {"lock_account", "enable_account"}
            self.last_end["account" if account else run.action_key, run.target_key] = (pk, after)
        if (after == RunState.QUEUED and before != RunState.RUNNING) or after == RunState.UNDOING:
            self.orders[run.action_key] += 1
            if run.action_key in {"lock_account", "enable_account"}:
                self.last_order = (pk, RunState.UNDONE if after == RunState.UNDOING else RunState.SUCCEEDED)


def open_stage(monkeypatch: pytest.MonkeyPatch, stage_now: Callable[[], Stage]) -> None:
    """Have every client that is made from now on pass the beats of the stage of the moment."""
    real_init, real_send, monotonic = GraphClient.__post_init__, GraphClient.send_all, time.monotonic

    def clock() -> float:
        return monotonic() + stage_now().skew

    def sleep(seconds: float) -> None:
        stage_now().skew += seconds

    def init(client: GraphClient) -> None:
        real_init(client)
        client.clock, client.sleep = clock, sleep
        stage_now().pass_beat()

    def send_all(client: GraphClient, requests: list[Request], **options: Any) -> list[Response]:
        return stage_now().send(lambda: real_send(client, requests, **options))

    def now() -> datetime:
        return timezone.now() + timedelta(seconds=stage_now().skew)

    monkeypatch.setattr(leases, "timezone", SimpleNamespace(now=now))
    monkeypatch.setattr(GraphClient, "__post_init__", init)
    monkeypatch.setattr(GraphClient, "send_all", send_all)
