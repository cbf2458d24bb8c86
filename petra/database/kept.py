"""Connections that one request has done with, kept for the next: a new one costs a page a third of its database time.

Django's own persistent connections belong to a thread, and under ASGI each request may run in another. These belong to
the process. What was kept is cleaned by the server before it is used again, which also shows whether it still stands.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

MOST = 10  # of a process


class Connection(Protocol):
    """What a driver's connection has to be able to do here."""

    def close(self) -> None: ...


class KeptConnections:
    """Idle connections of this process, by what they were opened with. `seconds` is how long one may lie idle."""

    def __init__(self, *, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._of_parent: list[Any] = []
        self._idle: list[tuple[str, float, Any]] = []
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._forked)

    def take(self, key: str, *, cleaned: Callable[[Any], bool]) -> Any:
        """The latest that was opened with `key` and that `cleaned` says can be used; None where there is none."""
        while (kept := self._pop(key)) is not None:
            if cleaned(kept):
                return kept
            kept.close()
        return None

    def give(self, key: str, connection: Connection) -> bool:
        """Keep a connection that is in no transaction. False when it should be closed instead."""
        now = self._clock()
        with self._lock:
            stale = [kept for kept in self._idle if kept[1] <= now - self._seconds]
            self._idle = [kept for kept in self._idle if kept not in stale]
            is_kept = self._seconds > 0 and len(self._idle) < MOST
            if is_kept:
                self._idle.append((key, now, connection))
        for _key, _at, idle in stale:
            idle.close()
        return is_kept

    def _pop(self, key: str) -> Any:
        with self._lock:
            for at in reversed(range(len(self._idle))):
                if self._idle[at][0] == key:
                    return self._idle.pop(at)[2]
        return None

    def _forked(self) -> None:
        """The parent's connections are the parent's: let go of here, they would be closed there, too."""
        self._of_parent += self._idle
        self._idle, self._lock = [], threading.Lock()
