"""What a handler receives and gives back: a call, an answer, a refusal."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graph.simulator import clock

if TYPE_CHECKING:
    from graph.simulator.state import Store
    from graph.simulator.tenants import Tenant

GRAPH = "graph"
EXCHANGE = "exchange"


@dataclass(slots=True)
class Answer:
    """A status with a body: JSON, plain text (a str), or nothing (None)."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """An error answer. Handlers raise it; the pipeline turns it into Microsoft's error body."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def answer(self, request_id: str, client_request_id: str) -> Answer:
        """The error in Graph's shape. ``innerError.date`` has no zone in real bodies, so it has none here."""
        inner = {
            "date": clock.bare_stamp(),
            "request-id": request_id,
            "client-request-id": client_request_id or request_id,
        }
        body = {"error": {"code": self.code, "message": self.message, "innerError": inner}}
        return Answer(self.status, body, dict(self.headers))


class PlainRefusal(Refusal):
    """A refusal whose body is its own: Exchange's error JSON, a plain text, or nothing at all."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, "", "", headers)
        self.body = body

    def answer(self, request_id: str, client_request_id: str) -> Answer:
        """The body as it was given."""
        return Answer(self.status, self.body, dict(self.headers))


class Dropped(Exception):
    """The connection ends without an answer."""


@dataclass(slots=True)
class Call:
    """One request, or one sub-request of a batch, once its token was accepted.

    ``path`` is relative to the version root and still percent-encoded; ``query`` has its names without ``$``;
    ``headers`` have lower-case names; ``arguments`` are the decoded ``{id}`` parts of the path, filled in by routing.
    """

    store: Store
    tenant: Tenant
    app_id: str
    permissions: frozenset[str]
    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: Any
    base_url: str
    service: str = GRAPH
    version: str = "v1.0"
    batch_id: str | None = None
    arguments: tuple[str, ...] = ()
    client_ip: str = ""
    had_effect: bool = False  # a write that was carried out
    fault: str = ""  # the kind of the fault that hit it
    mailbox: str | None = None  # the id of the user whose mailbox is asked, once that is known
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    arrived_at: float = field(default_factory=clock.seconds)  # for a sub-request, when its batch arrived
    units: int = 1  # resource units that it costs
    limit_used: float = 0.0  # the share of the directory's limit that is used, once that was counted

    @property
    def client_request_id(self) -> str:
        """The caller's own id for this request, or an empty text."""
        return self.headers.get("client-request-id", "")

    @property
    def wants_immutable_ids(self) -> bool:
        """Whether *this* (sub-)request asked for ids that survive a move."""
        return 'idtype="immutableid"' in self.headers.get("prefer", "").lower().replace(" ", "")

    def fields(self) -> dict[str, Any]:
        """The JSON object that was sent, without OData annotations. Raises Refusal when it is not an object."""
        if not isinstance(self.body, dict):
            raise bad_request("Empty Payload. JSON content expected.")
        return {name: value for name, value in self.body.items() if not name.startswith("@odata.")}

    def field(self, name: str) -> Any:
        """One field of the body; names are compared without regard to case, as Microsoft's parameters are."""
        for key, value in self.fields().items():
            if key.lower() == name.lower():
                return value
        return None


def bad_request(message: str, code: str = "BadRequest") -> Refusal:
    """400 with one of Graph's codes."""
    return Refusal(400, code, message)


def not_found(object_id: str) -> Refusal:
    """404 of the directory."""
    message = f"Resource '{object_id}' does not exist or one of its queried reference-property objects are not present."
    return Refusal(404, "Request_ResourceNotFound", message)


def denied() -> Refusal:
    """403 of the directory."""
    return Refusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
