"""What can go wrong with a Microsoft call, as a small family of exceptions.

Only the code is Microsoft's contract; messages are for people. Whoever decides something decides by class, code
and the two flags `is_transient` (asking again may help) and `outcome_unknown` (it may or may not have been done).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Self


@dataclass(eq=False, kw_only=True)
class GraphError(Exception):
    """A Microsoft call that did not succeed.

    `retry_after` is in seconds. `needs` and `role` name the permissions and the Entra role that the call
    requires, where that is known.
    """

    message: str
    status: int = 0
    code: str = ""
    request_id: str = ""
    client_request_id: str = ""
    retry_after: float | None = None
    is_transient: bool = False
    outcome_unknown: bool = False
    needs: tuple[str, ...] = ()
    role: str = ""

    def __str__(self) -> str:
        head = " ".join(part for part in (str(self.status or ""), self.code) if part)
        return f"{head}: {self.message}" if head else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are pickled by their positional arguments, and these have none.
        return partial(type(self), **self._fields()), ()

    def but(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return type(self)(**(self._fields() | changes))

    def _fields(self) -> dict[str, Any]:
        return {item.name: getattr(self, item.name) for item in fields(self)}


class AuthenticationFailed(GraphError):
    """No token, or a token that was not accepted: the connection has to be looked at."""


class PermissionDenied(GraphError):
    """403: a permission, or an Entra role on Petra's service principal, is missing."""


class NotLicensed(GraphError):
    """The tenant has not bought what the call needs."""


class NotFound(GraphError):
    """404: gone, or never there. What that means is for the caller to say."""


class NoMailbox(NotFound):
    """The account has no mailbox in Exchange Online: unlicensed, soft-deleted or on-premises."""


class BadRequest(GraphError):
    """The request can never succeed as it stands."""


class Conflict(GraphError):
    """409 or 412: somebody else changed the object meanwhile."""


class Throttled(GraphError):
    """429: too many requests. Nothing was done."""


class ServiceFailed(GraphError):
    """5xx: Microsoft's own fault. A write that met one may or may not have been done."""


class ConnectionFailed(GraphError):
    """The network failed. When nothing was sent yet, `outcome_unknown` is False."""


class FailedDependency(GraphError):
    """424: another request of the same batch failed first. Nothing was done."""


class Inconclusive(GraphError):
    """Microsoft answered, but nothing may be concluded from it; `message` says why, in plain words."""


_CLASS_BY_STATUS: dict[int, type[GraphError]] = {
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    410: NotFound,
    412: Conflict,
    424: FailedDependency,
    429: Throttled,
    507: BadRequest,  # no room left: refused, not half done
    509: Throttled,  # bandwidth limit exceeded
}

# Codes and Exchange exception types that say more than the status does.
_CLASS_BY_CODE: dict[str, type[GraphError]] = {
    "Authentication_RequestFromNonPremiumTenantOrB2CTenant": NotLicensed,
    "Authentication_RequestFromUnsupportedUserRole": PermissionDenied,
    "MailboxNotEnabledForRESTAPI": NoMailbox,
    "MailboxNotSupportedForRESTAPI": NoMailbox,
    "ErrorInvalidUser": NoMailbox,
    "ManagementObjectNotFoundException": NotFound,
}

# Message trace answers 401 where Microsoft's own service principal is missing; nothing is wrong with Petra's token.
TRACE_NOT_SET_UP = "Service principal-less Authentication failed"

CONCURRENCY = "Directory_ConcurrencyViolation"
_TRANSIENT_STATUSES = frozenset({408, 424, 429, 500, 502, 503, 504, 509})


def from_response(status: int, body: Any, headers: Mapping[str, str], *, is_write: bool = False) -> GraphError:
    """Return the error that an answer of 300 or above stands for.

    `body` is the decoded JSON, or text, or None. A write that was answered with a server error gets
    `outcome_unknown`, for nobody can say how far it came.
    """
    described = _describe(body)
    kind = _class_of(status, described)
    lowered = {name.lower(): value for name, value in headers.items()}
    return kind(
        message=described.message or f"Microsoft answered with status {status}.",
        status=status,
        code=described.code,
        request_id=lowered.get("request-id") or described.request_id,
        client_request_id=lowered.get("client-request-id") or described.client_request_id,
        retry_after=parse_retry_after(lowered.get("retry-after")),
        is_transient=status in _TRANSIENT_STATUSES or described.code == CONCURRENCY,
        outcome_unknown=is_write and issubclass(kind, ServiceFailed),
    )


def _class_of(status: int, described: "_Description") -> type[GraphError]:
    if TRACE_NOT_SET_UP in described.message:
        return PermissionDenied
    special = _CLASS_BY_CODE.get(described.code) or _CLASS_BY_STATUS.get(status)
    return special or (ServiceFailed if status >= 500 or status == 408 else BadRequest)


def parse_retry_after(value: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks to wait, or None when there is none to be read."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


@dataclass(frozen=True, slots=True)
class _Description:
    code: str = ""
    message: str = ""
    request_id: str = ""
    client_request_id: str = ""


def _describe(body: Any) -> _Description:
    error = body.get("error") if isinstance(body, Mapping) else None
    if isinstance(error, str):  # the token endpoint's form, which some gateways use too
        return _Description(code=error, message=str(body.get("error_description") or ""))
    if not isinstance(error, Mapping):
        return _Description(message=body.strip()[:500] if isinstance(body, str) else "")
    inner = error.get("innerError") or error.get("innererror") or {}
    inner = inner if isinstance(inner, Mapping) else {}
    code, message = _exchange_detail(error) or (error.get("code"), error.get("message"))
    return _Description(
        code=str(code or ""),
        message=str(message or ""),
        request_id=str(inner.get("request-id") or ""),
        client_request_id=str(inner.get("client-request-id") or ""),
    )


def _exchange_detail(error: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return exception type and human text of a cmdlet's error: "Ex6F9304|Namespace.TypeException|text"."""
    details = error.get("details")
    first = details[0] if isinstance(details, list) and details else None
    text = first.get("message") if isinstance(first, Mapping) else None
    parts = str(text or "").split("|", 2)
    if len(parts) < 3:
        return None
    return parts[1].rsplit(".", 1)[-1].strip(), parts[2].strip()
