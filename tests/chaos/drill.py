"""One run, from the empty folder to the verdict."""

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from graph.simulator.control import SimulatorControl
from tests.chaos.plan import Plan, make_plan, weather
from tests.chaos.servers import own_servers
from tests.chaos.stack import Stack, Upheaval, empty_folder
from tests.chaos.weather_report import FINE, weather_of
from tests.chaos.world import TOWNS, chaos_world
from tests.fixtures.simulator import free_port, start_simulator

if TYPE_CHECKING:
    from tests.chaos.analyst import Analyst
    from tests.chaos.evidence import Evidence

HASTY = "mill"  # whose analyst presses step 3 before step 2 is through
MOST_SECONDS = 1800.0  # until no new round is begun
# The service's limits per five minutes would be met by all the searching again; the weather throttles at random.
UNTHROTTLED = {"messageTraces": 0, "reports": 0, "identityProtection": 0, "directoryUnits": 0, "directoryWrites": 0}
QUIET_SECONDS = 90.0  # for what still runs, or is still read back, when the analysts have gone


@dataclass(frozen=True, slots=True)
class Ground:
    """What a run stands on: the environment of its processes, and what befalls it."""

    environment: dict[str, str]
    upheaval: Upheaval


def drill(*, seed: int, kills: int, on: str, folder: Path) -> int:
    """Run, print the report. Returns 1 when something does not hold."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Ended from outside."))  # and what was started ends, too
    folder.mkdir(parents=True, exist_ok=True)
    plan = make_plan(seed, kills)
    plan.write(folder / "plan.json")
    cloud, cloud_url = start_simulator(folder / "cloud.sqlite3", "--empty")
    try:
        with _ground(on, folder, cloud_url) as ground:
            os.environ |= ground.environment
            seen = _run(plan, ground, SimulatorControl(cloud_url), folder)
    finally:
        cloud.terminate()
        cloud.wait(10)
    seen.counts |= {"seed": seed, "on": on}
    from tests.chaos.report import lines
    from tests.chaos.verdict import judge

    findings = judge(seen)
    print("\n".join(lines(seen, findings)))
    print(f"All of it is kept in {folder}")
    return int(bool(findings))


@contextmanager
def _ground(on: str, folder: Path, cloud_url: str) -> Iterator[Ground]:
    environment = {
        "DJANGO_SETTINGS_MODULE": "petra.settings",
        "PETRA_CHAOS_DIR": str(folder),
        "PETRA_DATA_DIR": str(folder / "petra"),
        "PETRA_SIMULATOR_URL": cloud_url,
        "PETRA_LOG_LEVEL": "WARNING",
        "PORT": str(free_port()),
    }
    for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "PETRA_HTTPS"):
        os.environ.pop(name, None)
    if on == "sqlite":
        yield Ground(environment, Upheaval(lambda: empty_folder(folder / "petra" / "queue")))
        return
    with own_servers() as (postgres, redis):
        addresses = {"DATABASE_URL": postgres.url, "REDIS_URL": redis.url}
        yield Ground(environment | addresses, Upheaval(redis.flush, postgres.restart))


def _run(plan: Plan, ground: Ground, control: SimulatorControl, folder: Path) -> "Evidence":
    import django  # only now: settings read the environment

    django.setup()
    from tests.chaos.collect import cloud_of, gather
    from tests.chaos.evidence import Evidence

    began = time.monotonic()
    analysts = _prepare(control, plan.seed)
    seen = Evidence(planned_kills=frozenset(plan.kills))
    seen.before = {town.slug: cloud_of(town, control) for town in TOWNS}
    environment = os.environ | ground.environment
    stack = Stack(folder, environment, int(ground.environment["PORT"]), plan, ground.upheaval)
    for town in TOWNS:
        control.configure(town.id("tenant"), faults=weather(plan.seed), throttling=UNTHROTTLED)
    try:
        stack.start()
        for analyst in analysts:
            analyst.url = stack.url
        _let_work(analysts, stack, plan)
        _until_quiet(stack)
    finally:
        stack.stop()
    gather(seen, control, stack.diary, {analyst.slug: analyst.password for analyst in analysts})
    _count(seen, control, stack, analysts)
    seen.counts["seconds"] = time.monotonic() - began
    return seen


def _prepare(control: SimulatorControl, seed: int) -> "list[Analyst]":
    """Migrate, load the world, make the rows, and let the database keep its history."""
    from django.core.management import call_command

    from petra.management.commands.demo import _declare_queue
    from tests.chaos.analyst import Analyst
    from tests.chaos.seed import ANALYSTS, keep_history, seed_rows

    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    _declare_queue()
    control.load_world(chaos_world(datetime.now(UTC)))
    incidents = seed_rows(control)
    keep_history()
    return [Analyst("", slug, incident, seed, ANALYSTS, is_hasty=slug == HASTY) for slug, incident in incidents.items()]


def _let_work(analysts: "list[Analyst]", stack: Stack, plan: Plan) -> None:
    """Every analyst goes round until all workers that are to die have died."""
    deadline = time.monotonic() + MOST_SECONDS

    def is_over() -> bool:
        return stack.kills >= len(plan.kills) or time.monotonic() > deadline

    def rounds(analyst: "Analyst") -> None:
        try:
            analyst.work(is_over)
        except Exception as error:  # noqa: BLE001 - whatever it is, it stands in the report
            stack.surprises.append(f"The analyst of {analyst.slug} gave up: {type(error).__name__}: {error}")

    threads = [threading.Thread(target=rounds, args=[analyst], name=analyst.slug) for analyst in analysts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _until_quiet(stack: Stack) -> None:
    """Wait until nothing runs, waits, or is still to be read back."""
    from tests.chaos.quiet import what_goes_on

    deadline = time.monotonic() + QUIET_SECONDS
    while going_on := what_goes_on():
        if time.monotonic() > deadline:
            stack.surprises.append(f"After {QUIET_SECONDS:.0f} seconds of quiet this still goes on: {going_on}")
            return
        time.sleep(0.3)


def _count(seen: "Evidence", control: SimulatorControl, stack: Stack, analysts: "list[Analyst]") -> None:
    posts = [post for analyst in analysts for post in analyst.posts]
    keys = Counter(post["key"] for post in posts if post["key"])
    seen.posted_keys = frozenset(keys)
    seen.surprises = stack.surprises
    spoiled = weather_of(control.requests())
    total = sum(spoiled.values())
    del spoiled[FINE]
    lasted = [line["seconds"] for line in stack.diary.lines("lasted")]
    seen.counts |= {
        "weather": dict(spoiled),
        "spoiled": sum(spoiled.values()) / max(1, total),
        "longest sending": max(lasted, default=0.0),
        "messages doubled": stack.diary.counted("doubled"),
        "forms posted twice": sum(count > 1 for count in keys.values()),
        "queue emptied": len(stack.diary.lines("empties")),
        "database restarted": len(stack.diary.lines("restarts")),
    }
