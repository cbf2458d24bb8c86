"""Keeping a lease while one works, and stopping where it is lost: what somebody else took over is theirs."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone

LEASE = timedelta(seconds=90)  # renewed every few seconds while Microsoft is asked
RENEW_EVERY = timedelta(seconds=10)


class LeaseLost(Exception):
    """The lease ran out and the work was taken over: send nothing more, write nothing."""


class Pulse:
    """Renews a lease that ends at `lease_until` by `renew` when called, at most every few seconds.

    It counts from the claim and by the clock that all leases are counted by: a worker that was held up on the way here
    has to find that out before it sends anything.

    Raises:
        LeaseLost: when there is nothing to renew any more.
    """

    def __init__(self, renew: Callable[[datetime], bool], *, lease_until: datetime) -> None:
        self._renew = renew
        self._renewed_at = lease_until - LEASE

    def __call__(self) -> None:
        now = timezone.now()
        if now - self._renewed_at < RENEW_EVERY:
            return
        if not self._renew(now):
            raise LeaseLost
        self._renewed_at = now
