"""Who came back before the time: retries that Microsoft asked to make later."""

from __future__ import annotations

import json

from graph.simulator import clock
from graph.simulator.calls import EXCHANGE, Answer, Call
from graph.simulator.journal import Journal

_SLACK = 0.05  # seconds that two clocks and a timer may differ
_MOST = 10_000  # answers remembered at once; the demo runs for weeks

Key = tuple[str, str, str]


class Patience:
    """Remembers each Retry-After until its time is over. In memory: a restart forgives."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._told: dict[Key, tuple[float, float]] = {}  # request -> when it was told to wait, and until when

    def clear(self) -> None:
        """Forget what was asked for."""
        self._told.clear()

    def arrived(self, call: Call) -> None:
        """Count the request if the same one was told, before this one was under way, to come later than now."""
        told = self._told.get(_key(call))
        if told is None:
            return
        told_at, until = told
        if call.arrived_at >= until - _SLACK:
            del self._told[_key(call)]
        elif call.arrived_at > told_at:
            self._journal.came_early(call.tenant.id)

    def answered(self, call: Call, answer: Answer) -> None:
        """Remember a Retry-After."""
        wait = answer.headers.get("Retry-After", "")
        if not wait.isdigit():
            return
        if len(self._told) >= _MOST:
            self._told.clear()
        self._told[_key(call)] = (clock.seconds(), clock.seconds() + int(wait))


def _key(call: Call) -> Key:
    """The same request: tenant, method and address; for cmdlets, which share one address, the body too."""
    options = "&".join(f"{name}={value}" for name, value in sorted(call.query.items()))
    what = json.dumps(call.body, sort_keys=True) if call.service == EXCHANGE else call.method
    return call.tenant.id, f"{call.version}{call.path}?{options}", what
