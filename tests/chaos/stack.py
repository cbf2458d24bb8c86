"""The processes of a run: simulated cloud, web, two workers that are replaced when they die, and beat."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import requests
from django.conf import settings

from tests.chaos.diary import Diary
from tests.chaos.plan import Plan
from tests.fixtures.simulator import ROOT

WORKERS = 2
POOL = ("-P", "threads", "-c", "6")
QUICK = ("--without-mingle", "--without-gossip", "--without-heartbeat", "-l", "WARNING")


@dataclass
class Upheaval:
    """What befalls the services: how the queue is emptied, and how the database is restarted (None: it cannot be)."""

    empty_queue: Callable[[], None]
    restart_database: Callable[[], None] | None = None


@dataclass
class Stack:
    """All processes of one run. Workers that were killed are replaced; one that ended by itself is a finding."""

    folder: Path
    environment: dict[str, str]
    port: int
    plan: Plan
    upheaval: Upheaval
    surprises: list[str] = field(default_factory=list)  # what ended though nobody killed it

    def __post_init__(self) -> None:
        self.diary = Diary(self.folder / "diary")
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._is_over = threading.Event()
        self._upheavals = 0  # of how many kills the consequences have been drawn
        self._watcher = threading.Thread(target=self._watch, name="watcher")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def kills(self) -> int:
        return len(self.diary.lines("kills"))

    def start(self) -> None:
        """Start web, beat and workers, and wait until the web answers."""
        web = ["uvicorn", "tests.chaos.web:application", "--host", "127.0.0.1", "--port", str(self.port)]
        self._launch("web", [*web, "--log-level", "warning", "--no-access-log", "--timeout-graceful-shutdown", "2"])
        for number in range(WORKERS):
            self._launch_worker(f"worker{number}")
        self._launch("beat", ["tests.chaos.worker", "beat", "-l", "WARNING", "-s", str(self.folder / "beat-schedule")])
        deadline = time.monotonic() + 60
        while not self._answers():
            if time.monotonic() > deadline or self._running["web"].poll() is not None:
                raise RuntimeError(f"The web process did not start; see {self.folder}/web.log")
            time.sleep(0.1)
        self._watcher.start()

    def stop(self) -> None:
        """End all processes of this run, and only those."""
        self._is_over.set()
        if self._watcher.is_alive():
            self._watcher.join(30)
        for process in self._running.values():
            _signal(process, signal.SIGTERM)
        for process in self._running.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                _signal(process, signal.SIGKILL)
                process.wait()

    def _launch_worker(self, name: str) -> None:
        queues = f"{settings.STRIKE_QUEUE},{settings.WORK_QUEUE}"
        self._launch(name, ["tests.chaos.worker", "worker", "-n", f"{name}@chaos", "-Q", queues, *POOL, *QUICK])

    def _launch(self, name: str, module: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", *module],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/sign-in/", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def _watch(self) -> None:
        while not self._is_over.wait(0.1):
            for name, process in list(self._running.items()):
                if process.poll() is not None:
                    self._replace(name, process)
            self._draw_consequences()

    def _replace(self, name: str, process: "subprocess.Popen[bytes]") -> None:
        was_killed = name.startswith("worker") and process.returncode == -signal.SIGKILL
        if not was_killed:
            self.surprises.append(f"{name} ended by itself with status {process.returncode}; see {name}.log")
        if name.startswith("worker"):
            self._launch_worker(name)
        else:
            del self._running[name]

    def _draw_consequences(self) -> None:
        """After some kills the queue is emptied, after some the database is restarted."""
        while self._upheavals < self.kills:
            self._upheavals += 1
            if self._upheavals in self.plan.empties:
                self.upheaval.empty_queue()
                self.diary.write("empties", after=self._upheavals)
            if self._upheavals in self.plan.restarts and self.upheaval.restart_database:
                began = time.time()
                self.upheaval.restart_database()
                self.diary.write("restarts", after=self._upheavals, began=began)


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    if process.poll() is None:
        os.killpg(process.pid, number)


def empty_folder(queue: Path) -> None:
    """Remove every message and every note of who listens, as somebody who cleans up would."""
    for folder in ("messages", "processed", "control"):
        for path in (queue / folder).iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
