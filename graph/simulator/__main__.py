"""Start the pretend cloud: ``python -m graph.simulator --port 8100 --database PATH``."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import uvicorn

from graph.simulator.app import Simulator
from graph.simulator.seeding import seed_new
from graph.simulator.state import Store


def main(arguments: list[str] | None = None) -> None:
    """Open (or make and seed) the state file and serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m graph.simulator", description="A simulated Microsoft cloud.")
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--host", default="127.0.0.1", help="the control plane asks for no credentials: keep loopback")
    parser.add_argument("--database", type=Path, required=True, help="state file; made and seeded when it is new")
    parser.add_argument("--empty", action="store_true", help="do not seed a new file")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    given.database.parent.mkdir(parents=True, exist_ok=True)
    store = Store(given.database)
    if store.is_new and not given.empty:
        seed_new(store)
    uvicorn.run(
        Simulator(store), host=given.host, port=given.port, http="h11", ws="none", proxy_headers=False,
        log_level="warning", access_log=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
