"""The circuit breaker of a service in a tenant: where nobody answers, nobody is asked until a while has passed.

Without it, each request to a service that is down costs a worker half a minute, and other tenants wait for the worker.
What is remembered, and where, is the caller's business: this is the port, and the rule of what counts.
"""

from collections.abc import Iterable
from typing import Protocol

from graph.errors import ConnectionFailed, ServiceFailed
from graph.request import Request, Response, Service

# What a gateway says when the service behind it does not answer. 500 is an answer.
_SILENT_STATUSES = frozenset({0, 502, 503, 504})


class Circuit(Protocol):
    """What is known of the services of one tenant. Called in the thread that called the client, and in no other."""

    def wait(self, service: Service) -> float:
        """Seconds for which the service is not to be asked; 0.0 when it may be."""

    def told(self, service: Service, *, has_answered: bool) -> None:
        """A round trip came back, with an answer in it or without any."""


class Closed:
    """The circuit of whoever keeps none: everything may always be asked."""

    def wait(self, service: Service) -> float:
        """Never."""
        return 0.0

    def told(self, service: Service, *, has_answered: bool) -> None:
        """Nothing to remember."""


def has_answer(responses: Iterable[Response]) -> bool:
    """Whether the service itself answered any of these. A refusal is an answer; a sign-in that failed tells nothing."""
    return not all(_is_silence(response) for response in responses)


def _is_silence(response: Response) -> bool:
    error = response.error
    return isinstance(error, ConnectionFailed | ServiceFailed) and response.status in _SILENT_STATUSES


def not_asked(request: Request, wait: float) -> Response:
    """Return the response of a request that was not sent because the circuit is open."""
    error = ConnectionFailed(
        message="The service has not been answering.", code="NotAnswering", is_transient=True, retry_after=wait
    )
    return Response(request, 0, error=error)
