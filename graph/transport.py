"""One round trip to Microsoft: token, secrets, address, timeout, one log line. It sends once; `retry` judges."""

import json
import os
import ssl
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeAlias

import requests
import structlog
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import NewConnectionError, SSLError

from graph import retry, wire
from graph.auth import Authenticator, claims_challenge
from graph.clouds import Cloud
from graph.errors import GraphError
from graph.request import Request, Response, SecretRef, Service, replace_secrets
from graph.wire import Answer, Sealed

log = structlog.get_logger(__name__)

# Connections kept open at each host; no fewer than the threads that may use them at once.
POOL_SIZE = 64

SecretResolver: TypeAlias = Callable[[SecretRef], str]


class NoAnswer(Exception):
    """The network failed; `was_sent` tells whether Microsoft may have got the request."""

    def __init__(self, *, was_sent: bool) -> None:
        super().__init__()
        self.was_sent = was_sent


class _Bearer(AuthBase):
    """Puts the token on a request. As an `auth` object it is not overridden by a .netrc and not among the headers."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def new_session() -> requests.Session:
    """Return a session that holds nothing but connections: no cookies, no retries, so threads can share it."""
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update({"User-Agent": "Petra", "Accept": "application/json"})
    adapter = HTTPAdapter(pool_connections=8, pool_maxsize=POOL_SIZE, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


@cache
def shared_session() -> requests.Session:
    """Return this process's session. Tokens go with each call, so tenants can share connections."""
    return new_session()


# A connection must not be used by a process and its child at once.
os.register_at_fork(after_in_child=shared_session.cache_clear)


class Transport:
    """Sends requests of one application in one tenant. Safe to share between threads."""

    def __init__(
        self,
        *,
        authenticator: Authenticator,
        cloud: Cloud,
        tenant_id: str,
        resolve_secret: SecretResolver | None,
        timeout: tuple[float, float],
    ) -> None:
        self._authenticator = authenticator
        self._cloud = cloud
        self._tenant_id = tenant_id
        self._resolve_secret = resolve_secret
        self._timeout = timeout

    def prepare(self, batch: Sequence[Request], *, fresh_connection: bool = False) -> Callable[[], list[Response]]:
        """Get one request ready to go plainly, or several of one service and version to go as a batch.

        Secrets are resolved now, in the caller's thread, where the caller's database connection is. What is returned
        makes the round trip, in any thread, and gives the responses in the order of the requests.
        """
        refused: dict[int, Response] = {}
        leaving: dict[int, Sealed] = {}
        for position, request in enumerate(batch):
            try:
                leaving[position] = self._seal(request)
            except GraphError as error:
                refused[position] = wire.not_sent(self._sealed(request, None), error)

        def round_trip() -> list[Response]:
            responses = self._send_with_token(list(leaving.values()), fresh_connection) if leaving else []
            answered = refused | dict(zip(leaving, responses, strict=True))
            return [answered[position] for position in range(len(batch))]

        return round_trip

    def _seal(self, request: Request) -> Sealed:
        body = replace_secrets(request.body, self._secret) if request.body is not None else None
        return self._sealed(request, body)

    def _sealed(self, request: Request, body: Any) -> Sealed:
        url = self._cloud.url(request, self._tenant_id)
        return Sealed(request, url, str(uuid.uuid4()), self._tenant_id, body)

    def _secret(self, reference: SecretRef) -> str:
        try:
            if self._resolve_secret is None:
                raise LookupError("no secrets at hand")
            return self._resolve_secret(reference)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the other requests of the batch go on
            # Its text is not repeated: it may carry the secret.
            log.warning("microsoft.secret_unavailable", reference=reference.reference, fault=type(fault).__name__)
            raise GraphError(message=f"No value for {reference!r}.", code="SecretUnavailable") from None

    def _send_with_token(self, sealed: list[Sealed], fresh_connection: bool) -> list[Response]:
        service = sealed[0].request.service
        try:
            token = self._authenticator.token(service)
        except GraphError as error:
            return [wire.not_sent(one, error) for one in sealed]
        try:
            responses = self._send(sealed, token, fresh_connection)
        except NoAnswer as fault:
            return [wire.no_answer(one, was_sent=fault.was_sent) for one in sealed]
        self._renew_if_asked(service, token, responses)
        return responses

    def _renew_if_asked(self, service: Service, token: str, responses: list[Response]) -> None:
        turned_away = next((one for one in responses if retry.wants_new_token(one)), None)
        if turned_away is None:
            return
        try:
            self._authenticator.renew(service, rejected=token, claims=claims_challenge(turned_away.headers))
        except GraphError as error:
            # The next try asks for a token too, and its answer carries this error.
            log.warning("microsoft.token_not_renewed", tenant_id=self._tenant_id, code=error.code)

    def _send(self, sealed: list[Sealed], token: str, fresh_connection: bool) -> list[Response]:
        if len(sealed) > 1:
            return self._send_batch(sealed, token, fresh_connection)
        one = sealed[0]
        call = _Call(one.request.service, one.request.method, one.url, one.headers, one.body)
        return [wire.to_response(one, self._call(call, token, fresh_connection))]

    def _send_batch(self, sealed: list[Sealed], token: str, fresh_connection: bool) -> list[Response]:
        answer = self._call(self._batch_call(sealed), token, fresh_connection)
        if not 200 <= answer.status < 300:
            return [wire.to_response(one, answer) for one in sealed]
        parts = wire.batch_answers(answer, len(sealed))
        carrier_id = answer.headers.get("request-id", "")
        return [
            wire.to_response(one, part, carrier_id) if part else wire.no_answer(one, was_sent=True)
            for one, part in zip(sealed, parts, strict=True)
        ]

    def _batch_call(self, sealed: list[Sealed]) -> "_Call":
        first = sealed[0].request
        batch = Request("POST", "/$batch", service=first.service, version=first.version)
        headers = {**wire.BATCH_HEADERS[first.service], "client-request-id": str(uuid.uuid4()), **wire.JSON_CONTENT}
        url = self._cloud.url(batch, self._tenant_id)
        return _Call(first.service, "POST", url, headers, wire.batch_body(sealed), count=len(sealed))

    def _call(self, call: "_Call", token: str, fresh_connection: bool) -> Answer:
        began = time.monotonic()
        answer = Answer(0)
        try:
            answer = self._exchange(call, token, fresh_connection)
        finally:
            log.info(
                "microsoft.round_trip",
                service=str(call.service),
                method=call.method,
                count=call.count,
                status=answer.status,
                duration_ms=round((time.monotonic() - began) * 1000),
                request_id=answer.headers.get("request-id", ""),
                tenant_id=self._tenant_id,
            )
        return answer

    def _exchange(self, call: "_Call", token: str, fresh_connection: bool) -> Answer:
        session = new_session() if fresh_connection else shared_session()
        content = None if call.body is None else json.dumps(call.body, ensure_ascii=False).encode()
        try:
            answer = session.request(
                call.method,
                call.url,
                data=content,
                headers=call.headers,
                auth=_Bearer(token),
                timeout=self._timeout,
                # A redirect would change the method and could lead elsewhere; Microsoft's API has none.
                allow_redirects=False,
            )
            return wire.decode(answer.status_code, answer.headers, answer.content)
        except requests.RequestException as fault:
            raise NoAnswer(was_sent=not is_unsent(fault)) from fault
        finally:
            if fresh_connection:
                session.close()


@dataclass(frozen=True, slots=True)
class _Call:
    service: Service
    method: str
    url: str
    headers: dict[str, str]
    body: Any
    count: int = 1


def is_unsent(fault: requests.RequestException) -> bool:
    """Return whether the fault arose while connecting, so that Microsoft cannot have got the request."""
    if isinstance(fault, requests.ConnectTimeout):
        return True
    reason = getattr(fault.args[0], "reason", None) if fault.args else None
    if isinstance(reason, SSLError):
        return bool(reason.args) and isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, NewConnectionError)
