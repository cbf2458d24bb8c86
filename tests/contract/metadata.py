"""Microsoft's own metadata, cut to what this console uses: the judges of the simulated cloud."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

VARIABLE = "PETRA_MICROSOFT_METADATA"
HOW = f"set {VARIABLE} to the folder that holds {{}}; docs/simulator.md says where Microsoft publishes it"


def metadata(name: str) -> dict[str, Any]:
    """One of the JSON files. Skips the module, saying what to set, where no folder was named."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        pytest.skip(HOW.format(name), allow_module_level=True)
    document: dict[str, Any] = json.loads((Path(folder) / name).read_text())
    return document
