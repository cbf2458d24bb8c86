"""The client: give it requests, get responses, in the same order, whatever it takes in between.

One request goes plainly; several go in batches, several batches at a time, as the lanes allow (`batching`), with the
retries that can do no harm (`retry`). What Microsoft or the network did wrong stands in the response, never raised.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from graph.auth import AppCredentials, Authenticator, directory_roles_of, roles_of, shared_authenticator
from graph.batching import MailboxGate
from graph.circuit import Circuit, Closed
from graph.clouds import Cloud
from graph.delivery import Delivery, Means
from graph.errors import AuthenticationFailed, ServiceFailed
from graph.request import Request, Response, SecretRef, Service
from graph.retry import Policy
from graph.transport import Transport

# Every client of this process counts its requests at a mailbox here.
_mailbox_gate = MailboxGate()
os.register_at_fork(after_in_child=_mailbox_gate.clear)


def _nothing() -> None:
    """Keep nothing alive."""


@dataclass(kw_only=True, eq=False)
class GraphClient:
    """Petra's application in one tenant. Cheap to make, safe to share between threads.

    `timeout` is for connecting and for each wait on an answer, in seconds. A Retry-After above `long_wait` seconds is
    not slept through: the response carries `Throttled` with the time, and the caller comes back then. Where `circuit`
    says that a service does not answer, nothing is sent to it. `tally` counts the answers by service and result.
    """

    credentials: AppCredentials
    cloud: Cloud
    resolve_secret: Callable[[SecretRef], str] | None = field(default=None, repr=False)
    circuit: Circuit = field(default_factory=Closed, repr=False)
    tally: Counter[tuple[str, str]] = field(default_factory=Counter, repr=False)
    max_in_flight: int = 16  # batches
    timeout: tuple[float, float] = (5, 30)
    long_wait: float = 10.0
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def __post_init__(self) -> None:
        self._transport = Transport(
            authenticator=self._authenticator,
            cloud=self.cloud,
            tenant_id=self.credentials.tenant_id,
            resolve_secret=self.resolve_secret,
            timeout=self.timeout,
        )

    def send(self, request: Request) -> Response:
        """Send one request. Never raises for what Microsoft or the network did: that stands in the response."""
        return self.send_all([request])[0]

    def send_all(self, requests: Sequence[Request], *, pulse: Callable[[], None] = _nothing) -> list[Response]:
        """Send many requests and return their responses in the same order. Equal reads are sent once.

        Raises nothing for what Microsoft or the network did. Requests have no order among themselves: what must
        come after something else belongs into a second call. `pulse` is called in this thread before anything is
        sent and every few seconds while answers are awaited; what it raises is raised here, and nothing more is sent.
        """
        positions: dict[str, int] = {}
        unique: list[Request] = []
        places: list[int] = []
        for request in requests:
            key = request.fingerprint if request.is_read else f"write {len(unique)}"
            place = positions.setdefault(key, len(unique))
            if place == len(unique):
                unique.append(request)
            places.append(place)
        responses = Delivery(self._means(pulse), unique).run()
        return [responses[place] for place in places]

    def pages(self, request: Request) -> Iterator[dict[str, Any]]:
        """Yield the rows of a collection, page after page, as Microsoft links them.

        Raises:
            GraphError: when a page cannot be read; the rows before it have been yielded.
        """
        seen: set[str] = set()
        page: Request | None = request
        while page is not None:
            if page.fingerprint in seen:
                raise ServiceFailed(message="A page links to one already read.", code="RepeatedPage")
            seen.add(page.fingerprint)
            response = self.send(page)
            yield from response.items()
            page = response.next_request

    def granted_permissions(self, *, renew: bool = False) -> frozenset[str]:
        """Return the application permissions that the tenant has granted, for Graph and for Exchange.

        A token says what was granted when it was issued, up to an hour ago; `renew` asks for new ones.

        Raises:
            GraphError: when there is no token to be had.
        """
        authenticator = self._authenticator
        if renew:
            authenticator.forget()
        granted = roles_of(authenticator.token(Service.GRAPH))
        try:
            return granted | roles_of(authenticator.token(Service.EXCHANGE))
        except AuthenticationFailed:
            # Exchange has a consent of its own, which a tenant may not have given yet.
            return granted

    def held_roles(self) -> frozenset[str]:
        """Return the template ids of the Entra roles that Petra's service principal holds in the tenant.

        As old as the token: call `granted_permissions(renew=True)` first to have them anew.

        Raises:
            GraphError: when there is no token to be had.
        """
        return directory_roles_of(self._authenticator.token(Service.GRAPH))

    @property
    def _authenticator(self) -> Authenticator:
        return shared_authenticator(self.credentials, self.cloud, self.timeout)

    def _means(self, pulse: Callable[[], None]) -> Means:
        who = self.credentials
        return Means(
            prepare=self._transport.prepare,
            policy=Policy(long_wait=self.long_wait),
            gate=_mailbox_gate,
            # Microsoft counts the requests at a mailbox per application.
            account=f"{self.cloud.name}/{who.tenant_id}/{who.client_id}/",
            max_in_flight=self.max_in_flight,
            clock=self.clock,
            sleep=self.sleep,
            circuit=self.circuit,
            pulse=pulse,
            tally=self.tally,
        )
