"""10,000 copies over 200 tenants: with one tenant down and one slow, and without; and with workers that are killed.

`BENCH_TENANTS` in the environment says how many tenants (200).
"""

import os
import queue
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graph.simulator.control import SimulatorControl
from tests.bench import flood
from tests.bench.desks import Desk, desks
from tests.bench.retract import LATENCY, check_moved_once
from tests.fixtures.services import Postgres, create_database
from tests.fixtures.simulator import start_simulator

MAILBOXES, COPIES = 10, 5  # of each tenant
WORKERS = 4
DOWN, SLOW = 3, 7  # their numbers
SLOW_LATENCY = 2.0
LEASE = 90  # seconds until what a dead worker held is given back


def measure(folder: Path) -> dict[str, float]:
    """Seconds until the copies of the tenants that are well are out and verified, both ways."""
    count = int(os.environ.get("BENCH_TENANTS", "200"))
    process, url = start_simulator(folder / "cloud.sqlite3", "--empty")
    control = SimulatorControl(url)
    try:
        with Postgres() as postgres:
            calm, troubled, killed = (create_database(postgres.url, name) for name in ("calm", "troubled", "killed"))
            without = _round(folder, control, calm, count, is_troubled=False)
            beside = _round(folder, control, troubled, count, is_troubled=True)
            recovered = _killed(folder, control, killed)
    finally:
        process.terminate()
        process.wait(10)
    return {
        "spread_copies": count * MAILBOXES * COPIES,
        "spread_seconds": round(without, 2),
        "spread_troubled_seconds": round(beside, 2),
        "spread_slowdown": round(beside / without, 2),
        "killed_workers_recovered_seconds": round(recovered, 1),
    }


def _load(control: SimulatorControl, count: int, *, mailboxes: int = MAILBOXES) -> None:
    control.load_world({"tenants": [flood.flooded(each, mailboxes=mailboxes, copies=COPIES) for each in range(count)]})
    for number in range(count):
        control.configure(flood.tenant_id(number), latency=LATENCY)


def _round(folder: Path, control: SimulatorControl, url: str, count: int, *, is_troubled: bool) -> float:
    """The time of those that are well, in seconds; the one that is down is told as such."""
    _load(control, count)
    troubled = [f"t{DOWN}", f"t{SLOW}"]
    with desks(folder, control, url, WORKERS) as workers:
        slugs = [f"t{number}" for number in range(count)]
        workers[0].ask(f"prepare {count}")
        workers[0].ask("seek")
        _answer_all(workers, "scan", slugs)
        assert workers[0].ask("copies") == count * MAILBOXES * COPIES
        if is_troubled:
            control.configure(flood.tenant_id(DOWN), faults=[{"match": {}, "answer": 503}])
            control.configure(flood.tenant_id(SLOW), latency=SLOW_LATENCY)
        digest = workers[0].ask("look")
        began = time.perf_counter()
        workers[0].ask(f"begin {digest}")
        ended = _answer_all(workers, "work", slugs)
        well = max(at for slug, at in ended.items() if slug not in troubled) - began
        for slug in set(ended) - {f"t{DOWN}"}:
            assert workers[0].ask(f"states {slug}") == {"succeeded": MAILBOXES * COPIES, "verified": MAILBOXES * COPIES}
        down = workers[0].ask(f"states t{DOWN}")
        assert ("succeeded" in down) != is_troubled, down
    return well


def _answer_all(workers: Sequence[Desk], act: str, slugs: Sequence[str]) -> dict[str, float]:
    """As the queue does: who is free takes the next bell. Returns when each tenant's was answered."""
    bells: queue.SimpleQueue[str] = queue.SimpleQueue()
    ended: dict[str, float] = {}
    for slug in slugs:
        bells.put(slug)

    def answer(worker: Desk) -> None:
        while not bells.empty():
            try:
                slug = bells.get_nowait()
            except queue.Empty:
                return
            worker.ask(f"{act} {slug}")
            ended[slug] = time.perf_counter()

    threads = [threading.Thread(target=answer, args=[worker]) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended


def _killed(folder: Path, control: SimulatorControl, url: str) -> float:
    """Two workers die in the middle of their sets; another one ends what they began. Nothing is lost or moved twice."""
    mailboxes = 200
    _load(control, 1, mailboxes=mailboxes)
    with desks(folder, control, url, 3) as (first, *dying):
        first.ask("prepare 1")
        first.ask("seek")
        first.ask("scan t0")
        copies = first.ask("copies")
        control.clear_requests()
        began = time.perf_counter()
        first.ask(f"begin {first.ask('look')}")
        for victim in dying:
            victim.tell("work t0")
            _wait_for_moves(control)
            victim.kill()
        left: Any = True
        while left:
            assert time.perf_counter() - began < 10 * LEASE, first.ask("states")
            for slug in first.ask("sweep"):
                first.ask(f"work {slug}")
            states = first.ask("states")
            left = states.get("succeeded", 0) < copies
            time.sleep(1 if left else 0)
        assert states == {"succeeded": copies, "verified": copies}, states
        check_moved_once(control, flood.tenant_id(0), copies)
    return time.perf_counter() - began


def _wait_for_moves(control: SimulatorControl) -> None:
    """Until this worker's moves are under way."""
    before = control.requests(flood.tenant_id(0))["byPath"].get("POST /users/{id}/messages/{id}/move", 0)
    while control.requests(flood.tenant_id(0))["byPath"].get("POST /users/{id}/messages/{id}/move", 0) <= before:
        time.sleep(0.05)
