"""The directory's own limits: a bucket of resource units, and a number of writes.

Source: https://learn.microsoft.com/graph/throttling-limits, "Identity and access service limits".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from graph.simulator import clock
from graph.simulator.calls import Call, Refusal

_UNITS_SPAN = 10.0  # seconds in which the bucket fills
_WRITES_SPAN = 150.0
_TOLD_FROM = 0.8  # the share of the limit from which answers say how much of it is used
_DEAR = ("/users", "/oauth2permissiongrants", "/applications")


def cost_of(call: Call) -> int:
    """Resource units of a request: base cost by path, less for a narrow answer, more for an expanded one."""
    is_dear = call.method == "GET" and call.path.lower().startswith(_DEAR)
    units = 2 if is_dear else 1
    units -= 1 if "select" in call.query else 0
    units -= 1 if call.query.get("top", "").isdigit() and int(call.query["top"]) < 20 else 0
    units += 1 if "expand" in call.query else 0
    return max(1, units)


@dataclass(slots=True)
class _Bucket:
    level: float  # what is left
    at: float


class DirectoryLimits:
    """Counts per application and tenant. In memory: a restart forgives."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}

    def clear(self) -> None:
        """Fill every bucket."""
        self._buckets.clear()

    def count(self, call: Call) -> None:
        """Take the request's cost. Raises Refusal 429 with the headers that name the limit."""
        limits = call.tenant.settings.throttling
        call.units = cost_of(call)
        self._take(call, "units", limits.get("directoryUnits", 0), _UNITS_SPAN)
        if call.method != "GET":
            self._take(call, "writes", limits.get("directoryWrites", 0), _WRITES_SPAN)

    def _take(self, call: Call, what: str, limit: int, span: float) -> None:
        if not limit:
            return
        moment, cost = clock.seconds(), call.units if what == "units" else 1
        bucket = self._buckets.setdefault((what, call.tenant.id, call.app_id), _Bucket(limit, moment))
        bucket.level = min(limit, bucket.level + (moment - bucket.at) * limit / span)
        bucket.at = moment
        if bucket.level < cost:
            raise _refusal(call, what, max(1, math.ceil((cost - bucket.level) * span / limit)))
        bucket.level -= cost
        call.limit_used = max(call.limit_used, 1 - bucket.level / limit)


def headers_of(call: Call) -> dict[str, str]:
    """What every answer tells of the limits."""
    told = {"x-ms-resource-unit": str(call.units)}
    if call.limit_used > _TOLD_FROM:
        told["x-ms-throttle-limit-percentage"] = f"{call.limit_used:.1f}"
    return told


def _refusal(call: Call, what: str, retry_after: int) -> Refusal:
    why = "ResourceUnitLimitExceeded" if what == "units" else "WriteLimitExceeded"
    headers = {
        "Retry-After": str(retry_after),
        "x-ms-throttle-limit-percentage": "1.0",
        "x-ms-throttle-scope": f"Tenant_Application/ReadWrite/{call.app_id}/{call.tenant.id}",
        "x-ms-throttle-information": why,
    }
    return Refusal(429, "TooManyRequests", "Please retry again later.", headers)
