"""Processes with Petra in them, which do what they are told: see `retract_desk`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from graph.simulator.control import SimulatorControl

ROOT = Path(__file__).parents[2]


class Desk:
    """A process with Petra in it, which does what it is told."""

    def __init__(self, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "tests.bench.retract_desk"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(command, env=environment, cwd=ROOT, **pipes)  # type: ignore[call-overload]

    def ask(self, line: str) -> Any:
        """Give an order, and wait for what came of it."""
        self.tell(line)
        return self.hear()

    def tell(self, line: str) -> None:
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        line = self._process.stdout.readline()
        assert line, "A process of the benchmark ended; its trace stands above."
        return json.loads(line)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(30)


@contextmanager
def desks(folder: Path, control: SimulatorControl, url: str, count: int) -> Iterator[list[Desk]]:
    environment = os.environ | {
        "DATABASE_URL": url,
        "PETRA_PRODUCTION": "0",
        "PETRA_SIMULATOR_URL": control.url,
        "PETRA_LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "petra.settings",
        "PETRA_DATA_DIR": str(folder),
    }
    made: list[Desk] = []
    try:
        for _ in range(count):  # one after the other: the first makes the keys
            made.append(Desk(environment))
            made[-1].ask("ready")
        yield made
    finally:
        for desk in made:
            desk.close()
