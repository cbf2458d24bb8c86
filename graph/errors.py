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
_TRACE_NOT_SET_UP = "Service principal-less Authentication failed"

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
    if _TRACE_NOT_SET_UP in described.message:
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


_WORDS_BY_CODE: dict[str, str] = {
    "Authentication_RequestFromNonPremiumTenantOrB2CTenant": (
        "This tenant has no Microsoft Entra ID P1 or P2 licence, which Microsoft asks for here. "
        "Without it these logs cannot be read."
    ),
    "MailboxNotEnabledForRESTAPI": (
        "This account has no mailbox in Exchange Online: it is unlicensed, soft-deleted or hosted on-premises. "
        "Nothing has to be done in it here."
    ),
    "ErrorInvalidUser": (
        "This address has no mailbox of its own: it may be unlicensed or a distribution list. "
        "Nothing has to be done in it here."
    ),
    "ErrorItemNotFound": "The item is no longer in the mailbox: it was moved or deleted meanwhile.",
    "ErrorFolderNotFound": "The folder no longer exists in the mailbox.",
    "InvalidAuthenticationToken": (
        "Microsoft did not accept the sign-in of Petra's application. "
        "Test the connection on the tenant's Connection page."
    ),
    "AADSTS7000215": "The client secret of Petra's application is wrong. Enter the current one for this connection.",
    "AADSTS7000222": "The client secret of Petra's application has expired. Make a new one and enter it.",
    "AADSTS700016": (
        "Petra's application is unknown in this tenant. An administrator has to give consent first, "
        "with the link on the tenant's Connection page."
    ),
    "AADSTS90002": "Microsoft does not know this tenant. Check the tenant id of the connection.",
    "AADSTS900023": "The tenant id of the connection is not a valid one. Check it.",
    "AADSTS700027": (
        "Microsoft does not know the certificate of Petra's application, or not yet. "
        "Right after a change this takes a few minutes."
    ),
    "NoAnswer": "Microsoft did not answer in time. Nothing was changed; try again in a moment.",
    "NotAnswering": (
        "Microsoft has not been answering for this tenant, so nothing was sent. Petra asks again by itself; "
        "the notice above the steps says when."
    ),
    "NoCredential": "This connection has neither a client secret nor a certificate. Enter one.",
    "BadCredential": "The certificate or private key of this connection cannot be read. Enter it again, in PEM form.",
    "TenantNotFound": "Microsoft does not know this tenant. Check the tenant id of the connection.",
    "SecretUnavailable": (
        "The secret that this step needs is no longer stored, so nothing was sent. Start the step again for a new one."
    ),
    CONCURRENCY: "Somebody else changed the same object at that moment. Nothing was done; try again.",
}

# (what Microsoft's message contains, what that means); for answers whose code is shared by several causes.
_WORDS_BY_PHRASE: tuple[tuple[str, str], ...] = (
    (
        "on-premises mastered",
        (
            "This account is synchronised from on-premises, and Microsoft lets this be changed only there. "
            "The on-premises administrator has to do it in Active Directory."
        ),
    ),
    (
        "password complexity",
        (
            "Microsoft refused the password because it does not meet the tenant's password rules. "
            "Start the step again to make another one."
        ),
    ),
    (
        "default authentication method",
        (
            "This is the account's default sign-in method, which Microsoft removes only after the others. "
            "Remove the others first, or set another default, and try again."
        ),
    ),
    (
        _TRACE_NOT_SET_UP,
        (
            "Message trace is not set up in this tenant: the service principal of Microsoft's "
            '"Transport Data Platform" is missing. After it was added, Microsoft takes several hours.'
        ),
    ),
    (
        "AuthZ-CmdletAccessDenied",
        (
            "Petra's application may not run Exchange commands in this tenant. Assign the Entra role "
            "Exchange Administrator to its service principal; it takes effect within minutes to hours."
        ),
    ),
    (
        "Application is over its MailboxConcurrency limit",
        (
            "Another program is using this mailbox through Petra's application at the same time. Nothing was done; "
            "try again in a moment."
        ),
    ),
    (
        "AppOnly AccessPolicy",
        (
            "An application access policy in Exchange keeps Petra out of this mailbox. "
            "The tenant's Exchange administrator can add the mailbox to the policy."
        ),
    ),
    (
        "Access to OData is disabled",
        (
            "An application access policy in Exchange keeps Petra out of this mailbox. "
            "The tenant's Exchange administrator can add the mailbox to the policy."
        ),
    ),
)

_WORDS_BY_CLASS: dict[type[GraphError], str] = {
    AuthenticationFailed: (
        "Petra could not sign in to Microsoft for this tenant. Test the connection on the tenant's Connection page."
    ),
    NotLicensed: "The tenant does not have the licence that Microsoft asks for here.",
    NotFound: "Microsoft does not find the object any more: it was deleted, or has not been created everywhere yet.",
    Conflict: "The object was changed by somebody else meanwhile. Read it again and try again.",
    ConnectionFailed: "Microsoft could not be reached. Nothing was sent; try again in a moment.",
    FailedDependency: "Microsoft did not carry this out because another request of the same set failed. Try again.",
    ServiceFailed: "Microsoft's service had a fault. Try again in a moment.",
}


def in_plain_words(error: GraphError) -> str:
    """Return one or two calm sentences that say what happened and what to do, for an analyst.

    The request id is not in them; it is shown beside them.
    """
    if error.outcome_unknown:
        return (
            "Microsoft did not confirm whether this was done. "
            "Petra reads the current state before anything is sent again."
        )
    for phrase, words in _WORDS_BY_PHRASE:
        if phrase in error.message:
            return words
    if error.code in _WORDS_BY_CODE:
        return _WORDS_BY_CODE[error.code]
    return _words_by_class(error)


def _words_by_class(error: GraphError) -> str:
    if isinstance(error, PermissionDenied):
        return _words_of_refusal(error)
    if isinstance(error, Throttled):
        return _words_of_throttling(error)
    if isinstance(error, Inconclusive):
        return error.message
    for kind in type(error).__mro__:
        if kind in _WORDS_BY_CLASS:
            return _WORDS_BY_CLASS[kind]
    return f"Microsoft refused the request: {error.message.rstrip('.')}."


def _words_of_refusal(error: PermissionDenied) -> str:
    causes = []
    if error.needs:
        noun = "permission" if len(error.needs) == 1 else "permissions"
        causes.append(f"the application {noun} {' and '.join(error.needs)}")
    if error.role:
        causes.append(f"the Entra role {error.role} on its service principal")
    if not causes:
        return "Microsoft refused: Petra's application lacks a permission or a role for this in the tenant."
    return (
        f"Microsoft refused: Petra's application needs {', and '.join(causes)}. "
        "Grant what is missing in this tenant and try again."
    )


def _words_of_throttling(error: Throttled) -> str:
    if error.retry_after:
        seconds = round(error.retry_after)
        return f"Microsoft asks to wait {seconds} seconds before this is tried again. Nothing was done."
    return "Microsoft asks to slow down. Nothing was done; try again in a moment."
