"""Run pytest on a PostgreSQL of its own, with the demo's processes on a Redis of their own.

    python -m tests.on_services tests/integration -q

The arguments are pytest's. Without the programs of both services it says which tests are left out; with
PETRA_REQUIRE_SERVICES set it fails instead.
"""

import os
import subprocess
import sys

from tests.fixtures.services import Missing, Postgres, Redis


def main(arguments: list[str]) -> int:
    try:
        postgres = Postgres()
        Redis.program()
    except Missing as missing:
        print(f"{missing} The second run, on PostgreSQL and Redis, is left out: pytest {' '.join(arguments)}")
        return 1 if os.environ.get("PETRA_REQUIRE_SERVICES") else 0
    with postgres:
        environment = os.environ | {"PETRA_TEST_DATABASE_URL": postgres.url}
        return subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
