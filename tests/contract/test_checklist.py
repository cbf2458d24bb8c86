"""docs/simulator.md names a test for each point in which the simulated cloud has to be like the real one."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "simulator.md"


def test_each_test_that_the_page_names_exists() -> None:
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", PAGE.read_text())
    assert len(named) >= 25
    assert [pair for pair in named if f"\ndef {pair[1]}(" not in (HERE / pair[0]).read_text()] == []
