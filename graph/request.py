"""A Microsoft call is a value: `Request` says what to send, `Response` says what came back.

Neither knows how anything is sent. A request can therefore be built, previewed, compared and stored without a
network, and it never holds a secret: only a `SecretRef`, which the transport resolves at the last moment.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from graph.errors import GraphError

# A lane is what Microsoft's limits are counted by: one mailbox, or everything that is not a mailbox.
DIRECTORY = "directory"
EXCHANGE_ADMIN = "exchange"
_MAILBOX_PREFIX = "mailbox:"

# The tenant is the connection's business, not the request's: it is filled in when the request is sent.
EXCHANGE_ROOT = "/adminapi/beta/{tenantId}"

_READING_CMDLETS = ("Get-", "Search-")


def mailbox_lane(user_id: str) -> str:
    """Return the lane of one mailbox; Microsoft serves four requests at a time in it."""
    return f"{_MAILBOX_PREFIX}{user_id}"


def is_mailbox_lane(lane: str) -> bool:
    """Return whether the lane is one mailbox, and so subject to the limit of four at a time."""
    return lane.startswith(_MAILBOX_PREFIX)


class Service(StrEnum):
    """The two Microsoft services that Petra talks to; each wants a token of its own."""

    GRAPH = "graph"
    EXCHANGE = "exchange"


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A place-holder for a secret in a request's body, resolved only when the request is sent."""

    reference: str

    def __repr__(self) -> str:
        return f"<secret: {self.reference}>"


def replace_secrets(value: Any, replacement: Callable[[SecretRef], str]) -> Any:
    """Return a copy of a JSON-like value with each `SecretRef` replaced, at any depth."""
    if isinstance(value, SecretRef):
        return replacement(value)
    if isinstance(value, Mapping):
        return {key: replace_secrets(item, replacement) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [replace_secrets(item, replacement) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class Request:
    """One call to Microsoft, as a value.

    `path` is relative to the version root, percent-encoded, and begins with a slash. For Exchange it is
    "/InvokeCommand", and the cmdlet stands in the body.
    """

    method: str
    path: str
    lane: str = DIRECTORY
    body: Mapping[str, Any] | None = None
    headers: tuple[tuple[str, str], ...] = ()
    service: Service = Service.GRAPH
    version: str = "v1.0"

    @property
    def is_read(self) -> bool:
        """Whether sending it a second time does no harm: a GET, or an Exchange cmdlet that only looks."""
        if self.service is Service.EXCHANGE:
            return self.cmdlet.startswith(_READING_CMDLETS)
        return self.method == "GET"

    @property
    def cmdlet(self) -> str:
        """The Exchange cmdlet that the request invokes, or "" for Graph."""
        name = (self.body or {}).get("CmdletInput", {}).get("CmdletName", "")
        return str(name)

    @property
    def relative_url(self) -> str:
        """The address below the service's host: version (or Exchange's root) and path."""
        root = EXCHANGE_ROOT if self.service is Service.EXCHANGE else f"/{self.version}"
        return f"{root}{self.path}"

    @property
    def fingerprint(self) -> str:
        """A stable digest of the whole request; equal requests have equal fingerprints.

        Secrets enter by reference, so a digest can be stored and compared without giving one away.
        """
        parts = [self.service, self.version, self.method, self.path, self.lane, self.headers, self._safe_body()]
        canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        # A stranger's subject may hold half a character (a lone surrogate), which plain UTF-8 refuses.
        return hashlib.sha256(canonical.encode(errors="surrogatepass")).hexdigest()

    def preview(self) -> dict[str, Any]:
        """Return what will be sent, for people to read: method, url, headers, body; secrets by reference."""
        return {
            "method": self.method,
            "url": self.relative_url,
            "headers": dict(self.headers),
            "body": self._safe_body(),
        }

    def _safe_body(self) -> Any:
        return replace_secrets(self.body, repr)


@dataclass(frozen=True, slots=True)
class Response:
    """What came back for one request. `status` 0 means that no answer came, or that nothing was sent."""

    request: Request
    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    error: GraphError | None = None
    request_id: str = ""
    client_request_id: str = ""

    @property
    def ok(self) -> bool:
        """Whether Microsoft said yes: 200, 201, 202 or 204 alike."""
        return self.error is None

    def require(self) -> Any:
        """Return the body (None for 204).

        Raises:
            GraphError: what went wrong, when the request did not succeed.
        """
        if self.error is not None:
            raise self.error
        return self.body

    def items(self) -> list[dict[str, Any]]:
        """Return the rows of this page of a collection.

        Raises:
            GraphError: when the request did not succeed.
        """
        body = self.require()
        return list(body.get("value") or []) if isinstance(body, Mapping) else []

    @property
    def next_request(self) -> Request | None:
        """The request for the next page, or None on the last one.

        The link's host is set aside: a page is only ever fetched where the first one came from, so that an answer
        cannot send a token elsewhere. Headers, and for Exchange the body, are sent again as Microsoft asks.
        """
        link = self.body.get("@odata.nextLink") if isinstance(self.body, Mapping) else None
        if not link:
            return None
        parts = urlsplit(str(link))
        roots = EXCHANGE_ROOT.count("/") if self.request.service is Service.EXCHANGE else 1
        path = "/" + parts.path.split("/", roots + 1)[-1]
        return replace(self.request, path=f"{path}?{parts.query}" if parts.query else path)
