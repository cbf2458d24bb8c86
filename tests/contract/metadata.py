"""Microsoft's own metadata, cut to what this console uses: the judges of the simulated cloud."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

VARIABLE = "PETRA_MICROSOFT_METADATA"
DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "microsoft"


def metadata(name: str) -> dict[str, Any]:
    """One of the JSON files. Skips the module when the folder is not there and none was named."""
    folder = Path(os.environ.get(VARIABLE) or DEFAULT)
    if not os.environ.get(VARIABLE) and not folder.is_dir():
        pytest.skip(f"set {VARIABLE} to the folder that holds {name}", allow_module_level=True)
    document: dict[str, Any] = json.loads((folder / name).read_text())
    return document
