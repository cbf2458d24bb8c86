"""`python -m tests.chaos --seed 7 --kills 100 --on both`: break everything, then look whether anything is wrong."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

PLACES = ("sqlite", "services")


def main() -> int:
    """0 when all holds, 1 when something does not."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=7, help="the same seed, the same schedule")
    parser.add_argument("--kills", type=int, default=100, help="how often a worker is killed")
    parser.add_argument("--on", choices=(*PLACES, "both"), default="both", help="where: services is PostgreSQL, Redis")
    parser.add_argument("--folder", type=Path, help="where all is kept; a new temporary folder otherwise")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="petra-chaos-"))
    if given.on == "both":  # Django takes its settings once, so each has a process of its own
        return max(_apart(given.seed, given.kills, place, folder / place) for place in PLACES)
    from tests.chaos.drill import drill  # sets Django up

    return drill(seed=given.seed, kills=given.kills, on=given.on, folder=folder)


def _apart(seed: int, kills: int, place: str, folder: Path) -> int:
    options = ["--seed", str(seed), "--kills", str(kills), "--on", place, "--folder", str(folder)]
    return subprocess.run([sys.executable, "-m", "tests.chaos", *options], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
