"""The short form: ten workers killed, as part of every run of the tests. `make chaos` is the long one."""

import re
import subprocess
import sys

import pytest
from django.conf import settings

from tests.fixtures.simulator import ROOT

ON = "sqlite" if settings.IS_SQLITE else "services"


@pytest.mark.timeout(400)
def test_nothing_is_lost_and_nothing_done_twice(tmp_path):
    command = [sys.executable, "-m", "tests.chaos", "--seed", "3", "--kills", "10", "--on", ON, "--folder", tmp_path]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=380, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"^workers killed +10$", run.stdout, re.MULTILINE)
    assert re.search(r"^ {2}retract_message +\d{3}$", run.stdout, re.MULTILINE)
    assert "All holds." in run.stdout
