"""The service's limits: four at a time per mailbox, and so many in a span of time.

Source: https://learn.microsoft.com/graph/throttling-limits; the mailbox error as quoted in alcionai/corso#3695.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from graph.simulator import clock
from graph.simulator.calls import Call, Refusal
from graph.simulator.directory_limits import DirectoryLimits
from graph.simulator.journal import Journal
from graph.simulator.routing import Lane

MAILBOX_CONCURRENCY = 4


@dataclass(frozen=True, slots=True)
class _Limit:
    setting: str
    span: float  # seconds
    says_when: bool = True  # whether the refusal carries a Retry-After


_LIMITS = {
    Lane.MAILBOX: _Limit("mailboxRequests", 600),
    Lane.PROTECTION: _Limit("identityProtection", 1, says_when=False),
    Lane.REPORTS: _Limit("reports", 10),
    Lane.TRACES: _Limit("messageTraces", 300),
}


def too_many(retry_after: int | None) -> Refusal:
    """429 as DOCS concepts/throttling.md shows it; without Retry-After where the service gives none."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Refusal(429, "TooManyRequests", "Please retry again later.", headers)


def over_mailbox_concurrency(retry_after: int = 1) -> Refusal:
    """429 as Outlook words it."""
    message = "Application is over its MailboxConcurrency limit."
    return Refusal(429, "ApplicationThrottled", message, {"Retry-After": str(retry_after)})


class Throttle:
    """Counts requests per application. In memory: a restart of the service forgives."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._running: dict[tuple[str, str, str], int] = {}
        self._windows: dict[tuple[str, ...], tuple[float, int]] = {}
        self._directory = DirectoryLimits()

    def clear(self) -> None:
        """Forget past requests (not those being carried out)."""
        self._windows.clear()
        self._directory.clear()

    @contextmanager
    def mailbox_slot(self, call: Call, mailbox: str) -> Iterator[None]:
        """Hold one of the four places at a mailbox. Raises Refusal 429 when all are taken."""
        key = (call.tenant.id, call.app_id, mailbox)
        running = self._running.get(key, 0)
        if running >= MAILBOX_CONCURRENCY and call.tenant.settings.enforce_mailbox_concurrency:
            raise over_mailbox_concurrency()
        self._running[key] = running + 1
        self._journal.entered(call.tenant.id, mailbox)
        try:
            yield
        finally:
            self._running[key] -= 1
            self._journal.left(call.tenant.id, mailbox)

    def count(self, call: Call, lane: Lane, mailbox: str | None) -> None:
        """Count one request against the limit of its lane. Raises Refusal 429."""
        if lane is Lane.DIRECTORY:
            self._directory.count(call)
        limit = _LIMITS.get(lane)
        allowed = call.tenant.settings.throttling.get(limit.setting, 0) if limit else 0
        if limit is None or not allowed:
            return
        key = (limit.setting, call.tenant.id, call.app_id, mailbox or "")
        moment = clock.seconds()
        began, count = self._windows.get(key, (moment, 0))
        if moment - began >= limit.span:
            began, count = moment, 0
        self._windows[key] = (began, count + 1)
        if count >= allowed:
            left = max(1, math.ceil(began + limit.span - moment))
            raise too_many(left if limit.says_when else None)
