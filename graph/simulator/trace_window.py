"""Which span of time a question about message traces may cover; the same over Graph and over Exchange.

Source: DOCS messagetracingroot-list-messagetraces (both bounds, at most 10 days, at most 90 days back, not later than
now, 48 hours where none is given) and EXODOC Get-MessageTraceV2. The sentences of the refusals are invented.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from graph.simulator import clock
from graph.simulator.tenants import Tenant

_LONGEST = timedelta(days=10)
_UNSAID = timedelta(hours=48)
_TOLERANCE = timedelta(minutes=1)  # clocks differ

Span = tuple[str, str]  # stamps, both included


def span(tenant: Tenant, since: datetime | None, until: datetime | None) -> Span:
    """The span that is meant. Raises ValueError, with the reason, for one that is not served."""
    now, reach = clock.now(), timedelta(days=tenant.settings.trace_days)
    if since is None and not reach:
        return "", "9"
    until = until or now
    since = since or until - _UNSAID
    if until - since > _LONGEST:
        raise ValueError("The time range must not exceed 10 days.")
    if until < since:
        raise ValueError("The start of the time range must not be later than its end.")
    if until > now + _TOLERANCE:
        raise ValueError("The end of the time range must not be later than the current date.")
    if reach and since < now - reach - _TOLERANCE:
        raise ValueError(f"The start of the time range must not be more than {reach.days} days ago.")
    return clock.stamp(since), clock.stamp(until)
