"""`make bench`: measure, print, and write all figures as one flat JSON object to bench.json."""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import contain, imports, neighbour, pages, remediate, retract, spread
from tests.fixtures.stack import start_stack, stop_stack

RESULT = Path("bench.json")


def main() -> int:
    figures: dict[str, float] = {}
    with TemporaryDirectory(prefix="petra-bench-") as folder:
        stack = start_stack(Path(folder))
        try:
            figures |= contain.measure(stack)
            figures |= neighbour.measure(stack)
        finally:
            stop_stack(stack)
    for part in (imports, pages, retract, spread, remediate):
        with TemporaryDirectory(prefix="petra-bench-") as folder:
            figures |= part.measure(Path(folder))
    for name, value in figures.items():
        print(f"{name:<32} {value:>10}")
    RESULT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(f"Written to {RESULT.resolve()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
