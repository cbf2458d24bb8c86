"""The demo world: what the simulated cloud serves before anybody has changed anything.

``build_world(now)`` makes it, ``story`` says what happened in it. All of it is invented.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from graph.simulator.world.acme import build_acme
from graph.simulator.world.acme_attack import attack
from graph.simulator.world.moments import Moments

__all__ = ["build_world"]


def build_world(now: datetime) -> dict[str, Any]:
    """All demo tenants as they look at ``now``, in the schema that the simulator loads. The same for the same ``now``."""
    moments = Moments.at(now)
    acme = build_acme(moments)
    attack(acme)
    return {"tenants": [acme.as_json()]}
