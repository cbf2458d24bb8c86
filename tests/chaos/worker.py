"""The entry of a worker (and of beat) in the chaos run: Petra's own, with its long times shortened and its points hooked.

    python -m tests.chaos.worker worker -P threads -c 8 …      arguments as for `celery -A petra`

PETRA_CHAOS_DIR names the folder of the run. Leases and timeouts keep their order among themselves: a lease is several
times as long as the time after which it is renewed, and as a wait for an answer.
"""

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

from tests.chaos.diary import Diary
from tests.chaos.plan import read_plan

LEASE = timedelta(seconds=8)
TIMEOUT = (2, 2)  # connecting, each wait for an answer


def main(arguments: list[str]) -> None:
    django.setup()
    from petra.celery import app

    app.loader.import_default_modules()
    shorten(app)
    folder = Path(os.environ["PETRA_CHAOS_DIR"])
    if arguments[0] == "worker":
        from tests.chaos.points import Reaper, hook_up

        diary = Diary(folder / "diary")
        stall = LEASE.total_seconds() + 3
        hook_up(Reaper(read_plan(folder / "plan.json"), diary, stall=stall), diary)
    app.start(arguments)


def shorten(app: Any) -> None:
    """Minutes become seconds, seconds become tenths."""
    from graph import delivery
    from graph.client import GraphClient
    from graph.retry import Policy
    from remediation import leases, outcomes, verification
    from tenants import circuits

    for module in _holders(leases.LEASE):
        _set(module, "LEASE", LEASE)
    _set(leases, "RENEW_EVERY", timedelta(seconds=1))
    _set(delivery, "LOOK_UP_EVERY", 1.0)
    _set(outcomes, "BACKOFF", (0.2, 0.4, 0.8, 1.2, 2))
    _set(verification, "DELAYS", (0.2, 0.4, 0.8, 1.5, 3))
    _set(circuits, "OVER", timedelta(seconds=2))
    _set(circuits, "FIRST_WAIT", 1)
    _set(circuits, "LONGEST_WAIT", 4)
    _set(circuits, "PROBE", timedelta(seconds=4))
    _set_default(GraphClient, "timeout", TIMEOUT)
    _set_default(Policy, "first_wait", 0.1)
    _set_default(Policy, "longest_wait", 1.0)
    app.conf.beat_schedule["resume-stalled"]["schedule"] = 1.0
    if "visibility_timeout" in app.conf.broker_transport_options:
        app.conf.broker_transport_options["visibility_timeout"] = 10  # what a dead worker held is delivered again


def _holders(lease: timedelta) -> list[Any]:
    """Every module of Petra's that has taken over the lease's length under its name."""
    return [
        module
        for name, module in list(sys.modules.items())
        if name.startswith("remediation.") and getattr(module, "LEASE", None) is lease
    ]


def _set(module: Any, name: str, value: Any) -> None:
    getattr(module, name)  # one that is not there any more is told, not made
    setattr(module, name, value)


def _set_default(kind: Any, name: str, value: Any) -> None:
    """The default of a dataclass's argument, by name or by place."""
    parameters = kind.__init__
    if name in (parameters.__kwdefaults__ or {}):
        parameters.__kwdefaults__[name] = value
        return
    names = [each for each in kind.__dataclass_fields__ if not kind.__dataclass_fields__[each].kw_only]
    defaults = list(parameters.__defaults__)
    defaults[names.index(name) - (len(names) - len(defaults))] = value
    parameters.__defaults__ = tuple(defaults)


if __name__ == "__main__":
    main(sys.argv[1:])
