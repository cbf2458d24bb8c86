"""The weather: how slow the cloud is, and what goes wrong in it, so that the same seed always gives the same day."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from graph.simulator import made
from graph.simulator.calls import PlainRefusal, Refusal
from graph.simulator.tenants import Tenant
from graph.simulator.throttling import over_mailbox_concurrency, too_many

RESET = "reset"  # the connection ends before anything happened
LOST = "lost"  # it happens, and then the connection ends
LATE = "late"  # it happens, and the answer takes its time

_ERRORS = {
    400: ("Request_BadRequest", "Invalid request."),
    401: ("InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
    403: ("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
    404: ("ResourceNotFound", "Resource could not be discovered."),
    405: ("Request_BadRequest", "Specified HTTP method is not allowed for the request target."),
    409: ("Directory_ConcurrencyViolation", "The request could not be completed because of a concurrent update."),
    410: ("syncStateNotFound", "The sync state generation is not found; continuing is not possible."),
    412: ("ErrorIrresolvableConflict", "The send or update operation could not be performed."),
    424: ("FailedDependency", "Request failed because another request that it depends on failed."),
    500: ("UnknownError", "An unexpected error occurred."),
    502: ("BadGateway", "The gateway received an invalid response."),
    503: ("ServiceUnavailable", "Service is unavailable. Please try again."),
    504: ("UnknownGatewayTimeout", "The gateway timed out."),
    507: ("ErrorQuotaExceeded", "The mailbox has exceeded its quota."),
    509: ("BandwidthLimitExceeded", "The maximum bandwidth has been exceeded."),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What a fault does to one request."""

    kind: str  # reset, lost, late or error
    status: int = 0
    has_effect: bool = False
    seconds: float = 0.0
    retry_after: int | None = None
    code: str = ""
    message: str = ""

    def refusal(self, *, mailbox: bool) -> Refusal:
        """The error answer of a fault of kind error."""
        if self.status == 429 and not self.code:
            return over_mailbox_concurrency(self.retry_after or 1) if mailbox else too_many(self.retry_after)
        code, message = _ERRORS.get(self.status, ("UnknownError", ""))
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.code == "none":
            return PlainRefusal(self.status, None, headers)
        return Refusal(self.status, self.code or code, self.message or message, headers)


class Weather:
    """Decides which request a tenant's faults hit. Ordinals are counted from the moment the faults were set."""

    def __init__(self) -> None:
        self._matched: Counter[tuple[str, int]] = Counter()
        self._hit: Counter[tuple[str, int]] = Counter()
        self._asked: Counter[tuple[str, int, str]] = Counter()

    def clear(self, tenant_id: str | None = None) -> None:
        """Start counting anew."""
        for counter in (self._matched, self._hit, self._asked):
            for key in [key for key in counter if tenant_id in (None, key[0])]:
                del counter[key]

    @staticmethod
    def latency(tenant: Tenant, path: str) -> float:
        """Seconds that this request takes."""
        for pattern, seconds in tenant.settings.latency_by_path.items():
            if re.search(pattern, path):
                return float(seconds)
        return float(tenant.settings.latency)

    def strike(self, tenant: Tenant, method: str, path: str, cmdlet: str = "") -> Fault | None:
        """The fault that hits this request, if any. ``path`` is relative to the version root, query included."""
        for index, rule in enumerate(tenant.settings.faults):
            request = (method, path, cmdlet)
            if self._applies(tenant, index, rule, request):
                return _fault(rule, self._answer(tenant, index, rule, " ".join(request)))
        return None

    def _applies(self, tenant: Tenant, index: int, rule: dict[str, Any], request: tuple[str, str, str]) -> bool:
        match = rule.get("match", {})
        if not _matches(match, request):
            return False
        key = (tenant.id, index)
        self._matched[key] += 1
        if "ordinal" in match and self._matched[key] != match["ordinal"]:
            return False
        if "times" in rule and self._hit[key] >= rule["times"]:
            return False
        self._asked[tenant.id, index, made.unmarked(" ".join(request))] += 1
        if "rate" in rule and self._drawn(tenant, index, rule, " ".join(request)) >= float(rule["rate"]):
            return False
        self._hit[key] += 1
        return True

    def _answer(self, tenant: Tenant, index: int, rule: dict[str, Any], request: str) -> Any:
        """The rule's own answer, or one of those it lists."""
        choices = rule.get("oneOf")
        if not choices:
            return rule["answer"]
        return choices[int(self._drawn(tenant, index, rule, f"{request}|which") * len(choices))]

    def _drawn(self, tenant: Tenant, index: int, rule: dict[str, Any], request: str) -> float:
        """Chance from 0 to 1, keyed by the request and how often it was asked.

        Neither what else is asked meanwhile, nor the time, nor an id made in this run matters.
        """
        same = made.unmarked(request)
        ordinal = self._asked[tenant.id, index, same.removesuffix("|which")]
        seed = f"{rule.get('seed', tenant.settings.seed)}|{same}|{ordinal}"
        return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:6], "big") / 2**48


def _matches(match: dict[str, Any], request: tuple[str, str, str]) -> bool:
    method, path, cmdlet = request
    if match.get("method", method).upper() != method:
        return False
    if match.get("cmdlet", cmdlet).lower() != cmdlet.lower():
        return False
    return re.search(match.get("path", ""), path) is not None


def _fault(rule: dict[str, Any], answer: Any) -> Fault:
    status = answer if isinstance(answer, int) else 0
    # In a mixed rule only the answers that Microsoft sends with a Retry-After carry the rule's.
    says_when = "oneOf" not in rule or status in (429, 503)
    return Fault(
        kind="error" if status else str(answer),
        status=status,
        has_effect=bool(rule.get("effect", answer in (LOST, LATE))),
        seconds=float(rule.get("seconds", 5)),
        retry_after=rule.get("retryAfter") if says_when else None,
        code=str(rule.get("code", "")),
        message=str(rule.get("message", "")),
    )
