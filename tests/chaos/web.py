"""The web process of the chaos run: Petra's own, ringing every bell twice."""

import os
from pathlib import Path

from petra.asgi import application
from tests.chaos.diary import Diary
from tests.chaos.points import ring_twice

ring_twice(Diary(Path(os.environ["PETRA_CHAOS_DIR"]) / "diary"))

__all__ = ["application"]
