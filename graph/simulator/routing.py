"""The route table's machinery: method and path template to handler, for direct calls and sub-requests alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from graph.simulator.calls import Answer, Call, Refusal, bad_request

Handler = Callable[[Call], Answer]

_ALTERNATE_KEY = re.compile(
    r"^/(devices|servicePrincipals|applications)\((deviceId|appId)(?:=|%3D)(?:'|%27)([^'/]*?)(?:'|%27)\)",
    re.IGNORECASE,
)


class Lane(StrEnum):
    """Which workload carries a request out; each throttles and refuses in its own way."""

    DIRECTORY = "directory"
    MAILBOX = "mailbox"
    METHODS = "authentication methods"
    REPORTS = "reports"
    PROTECTION = "identity protection"
    TRACES = "message traces"
    SECURITY = "security"


@dataclass(frozen=True)
class Route:
    """One operation. ``template`` has ``{id}`` for every variable part."""

    method: str
    template: str
    handler: Handler
    lane: Lane = Lane.DIRECTORY

    @property
    def operation(self) -> str:
        """As the permission table and the log's counters name it: ``PATCH /users/{id}``."""
        return f"{self.method} {self.template}"


class Router:
    """Finds the route of a path. Literal parts go before variable ones and are compared without regard to case."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(sorted(routes, key=lambda route: route.template.count("{id}")))
        # By number of segments: a sub-request of a batch of moves should not try every pattern there is.
        self._patterns: dict[int, list[tuple[re.Pattern[str], Route]]] = {}
        for route in self.routes:
            same = self._patterns.setdefault(route.template.count("/"), [])
            same.append((_pattern(route.template), route))

    def find(self, method: str, path: str) -> tuple[Route, tuple[str, ...]]:
        """The route and the decoded variable parts of a still encoded path. Raises Refusal 400 or 405."""
        path = _without_key_syntax(path)
        known = False
        for pattern, route in self._patterns.get(path.count("/"), []):
            match = pattern.fullmatch(path)
            if match and route.method == method:
                return route, tuple(unquote(each) for each in match.groups())
            known = known or match is not None
        if known:
            message = "Specified HTTP method is not allowed for the request target."
            raise Refusal(405, "Request_BadRequest", message)
        raise bad_request(f"Resource not found for the segment '{unquote(path.rsplit('/', 1)[-1])}'.")


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.escape(template).replace(re.escape("{id}"), "([^/]+?)"), re.IGNORECASE)


def _without_key_syntax(path: str) -> str:
    """``/users('x')`` is OData's other spelling of ``/users/x``; ``/devices(deviceId='x')`` becomes ``deviceId=x``."""
    path = re.sub(r"(?<=/)(\w+)\((?:'|%27)([^'/]*?)(?:'|%27)\)", r"\1/\2", path)
    return _ALTERNATE_KEY.sub(r"/\1/\2=\3", path)
