"""How requests and answers look on the wire, plain and in a JSON batch. Pure: builds and reads, sends nothing.

https://learn.microsoft.com/graph/json-batching; Exchange's admin endpoint takes the same form.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graph import permissions
from graph.errors import ConnectionFailed, GraphError, ServiceFailed, from_response
from graph.request import Request, Response, Service

BATCH_SIZES = {Service.GRAPH: 20, Service.EXCHANGE: 10}
# What the whole batch is told; each request in it carries its own preferences as well.
BATCH_HEADERS: dict[Service, dict[str, str]] = {
    Service.GRAPH: {},
    Service.EXCHANGE: {"Prefer": "odata.maxpagesize=1000;odata.continue-on-error"},
}
JSON_CONTENT = {"Content-Type": "application/json; charset=utf-8"}
# The mailbox that the module routes to where a cmdlet concerns no mailbox in particular.
_SYSTEM_MAILBOX = "APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A request ready to leave: its full address, and its body with the secrets in it. Never logged, never shown."""

    request: Request
    url: str
    client_request_id: str
    tenant_id: str
    body: Any = field(default=None, repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the request, without the token."""
        written = dict(self.request.headers)
        if self.request.service is Service.EXCHANGE:
            written.setdefault("X-AnchorMailbox", f"{_SYSTEM_MAILBOX}{self.tenant_id}")
            written["parameter-based-routing"] = "true"
        written["client-request-id"] = self.client_request_id
        return written if self.body is None else written | JSON_CONTENT

    def as_part(self, part_id: str) -> dict[str, Any]:
        """Return the request as one part of a batch."""
        part: dict[str, Any] = {
            "id": part_id,
            "method": self.request.method,
            "url": self._part_url(),
            "headers": self.headers,
        }
        if self.body is not None:
            part["body"] = self.body
        elif self.request.method == "POST":
            # In a batch even an action without parameters needs a body and its content type.
            part["body"] = {}
            part["headers"] = self.headers | JSON_CONTENT
        return part

    def _part_url(self) -> str:
        # Graph wants it relative to the version, Exchange in full.
        return self.url if self.request.service is Service.EXCHANGE else self.request.path


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came: status, headers, decoded body (JSON, else text, else None)."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    is_readable: bool = True


def decode(status: int, headers: Mapping[str, str], content: bytes) -> Answer:
    """Return the answer that these bytes are."""
    if not content:
        return Answer(status, headers)
    try:
        return Answer(status, headers, json.loads(content))
    except ValueError:
        return Answer(status, headers, content.decode("utf-8", "replace"), is_readable=False)


def batch_body(parts: Iterable[Sealed]) -> dict[str, Any]:
    """Return the body of a batch; its parts are numbered from "1"."""
    return {"requests": [part.as_part(str(number)) for number, part in enumerate(parts, start=1)]}


def batch_answers(answer: Answer, count: int) -> list[Answer | None]:
    """Return the parts' answers in the order of the parts, whatever order they came in; None where one is missing."""
    rows = answer.body.get("responses") if isinstance(answer.body, Mapping) else None
    by_id = {str(row.get("id")): row for row in rows or () if isinstance(row, Mapping)}
    return [_part_answer(by_id.get(str(number))) for number in range(1, count + 1)]


def _part_answer(row: Mapping[str, Any] | None) -> Answer | None:
    if row is None:
        return None
    headers = {str(name): str(value) for name, value in (row.get("headers") or {}).items()}
    return Answer(int(row.get("status") or 0), headers, row.get("body"))


def to_response(sealed: Sealed, answer: Answer, carrier_request_id: str = "") -> Response:
    """Return the response that an answer stands for; the carrier is the batch that brought it."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    error = _error_of(sealed.request, answer)
    given_id = headers.get("request-id") or (error.request_id if error else "") or carrier_request_id
    if error is not None:
        error = error.but(request_id=given_id, client_request_id=sealed.client_request_id)
    return Response(
        request=sealed.request,
        status=answer.status,
        body=answer.body if answer.is_readable else None,
        headers=headers,
        error=error,
        request_id=given_id,
        client_request_id=sealed.client_request_id,
    )


def _error_of(request: Request, answer: Answer) -> GraphError | None:
    if 200 <= answer.status < 300:
        # A proxy's page in place of rows. A write has been accepted, whatever the page says.
        return unreadable(answer.status) if request.is_read and not answer.is_readable else None
    error = from_response(answer.status, answer.body, answer.headers, is_write=not request.is_read)
    operation = permissions.operation_of(request)
    if operation is None:
        return error
    return error.but(needs=operation.permissions, role=operation.role)


def unreadable(status: int) -> ServiceFailed:
    """Return the error for a read whose answer is no JSON."""
    return ServiceFailed(
        message="The answer could not be read.", status=status, code="UnreadableAnswer", is_transient=True
    )


def no_answer(sealed: Sealed, *, was_sent: bool) -> Response:
    """Return the response for a request that got no answer. A write that was sent may or may not have been done."""
    request = sealed.request
    error = ConnectionFailed(
        message="No answer came." if was_sent else "Microsoft could not be reached.",
        code="NoAnswer" if was_sent else "NotConnected",
        client_request_id=sealed.client_request_id,
        is_transient=True,
        outcome_unknown=was_sent and not request.is_read,
    )
    return Response(request, 0, error=error, client_request_id=sealed.client_request_id)


def not_sent(sealed: Sealed, error: GraphError) -> Response:
    """Return the response for a request that never left, for the reason given."""
    mine = error.but(client_request_id=sealed.client_request_id)
    return Response(sealed.request, 0, error=mine, client_request_id=sealed.client_request_id)
