"""Keeping a lease while one works, and stopping where it is lost: what somebody else took over is theirs."""

import time
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

RENEW_EVERY = 10.0  # seconds; a lease is several times as long


class LeaseLost(Exception):
    """The lease ran out and the work was taken over: send nothing more, write nothing."""


class Pulse:
    """Renews a lease by `renew` when called, at most every few seconds.

    Raises:
        LeaseLost: when there is nothing to renew any more.
    """

    def __init__(self, renew: Callable[[datetime], bool]) -> None:
        self._renew = renew
        self._renewed_at = time.monotonic()

    def __call__(self) -> None:
        now = time.monotonic()
        if now - self._renewed_at < RENEW_EVERY:
            return
        if not self._renew(timezone.now()):
            raise LeaseLost
        self._renewed_at = now
