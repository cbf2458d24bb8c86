"""Tokens: one per tenant and service, kept in memory, asked for once however many threads want it.

msal does the protocol. Around it stand a lock, so that threads that miss the cache together ask once, and a session
that leads msal to the simulated cloud, since msal insists on a https authority.
"""

import base64
import binascii
import hashlib
import json
import os
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msal
import requests
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msal.exceptions import MsalServiceError

from graph.clouds import Cloud
from graph.errors import AuthenticationFailed, ConnectionFailed, ServiceFailed
from graph.request import Service

# Says that Petra understands a claims challenge, so that Microsoft may cut a token's life short at once.
# https://learn.microsoft.com/entra/identity-platform/claims-challenge
CAPABILITIES = ("CP1",)

# How long a refusal is remembered: long enough that a wide batch does not ask a hundred times with a wrong secret,
# short enough that an administrator who has just given consent does not wait. (msal alone would remember 60 s.)
REFUSAL_SECONDS = 5.0

_PASSING_ERRORS = frozenset({"temporarily_unavailable", "server_error"})
_AADSTS = re.compile(r"AADSTS\d+")
_URL_SAFE = str.maketrans("+/", "-_")
_CLAIMS = re.compile(r'\bclaims="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate to sign in with: PEM private key, its SHA-1 thumbprint in hex, and the PEM public part."""

    private_key: str = field(repr=False)
    thumbprint: str
    public_certificate: str = field(default="", repr=False)

    @property
    def for_msal(self) -> dict[str, str]:
        """The certificate in msal's form.

        Raises:
            AuthenticationFailed: when the private key cannot be read. (msal would log a stack trace about it.)
        """
        try:
            load_pem_private_key(self.private_key.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise bad_credential() from None
        key = {"private_key": self.private_key, "thumbprint": self.thumbprint}
        return key | {"public_certificate": self.public_certificate} if self.public_certificate else key


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """Petra's application in one tenant, and what it signs in with: a secret or a certificate."""

    tenant_id: str
    client_id: str
    secret: str | None = field(default=None, repr=False)
    certificate: Certificate | None = field(default=None, repr=False)

    @property
    def for_msal(self) -> str | dict[str, str]:
        """The credential in msal's form.

        Raises:
            AuthenticationFailed: when there is neither secret nor certificate, or its key cannot be read.
        """
        if self.certificate is not None:
            return self.certificate.for_msal
        if self.secret:
            return self.secret
        raise AuthenticationFailed(message="The connection has no secret and no certificate.", code="NoCredential")


class LoginSession(requests.Session):
    """The session that msal uses: with a timeout on every call, and led to the simulated cloud where that is meant."""

    def __init__(self, cloud: Cloud, timeout: tuple[float, float]) -> None:
        super().__init__()
        self._advertised, self._login, self._timeout = cloud.advertised.login, cloud.login, timeout

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send, as `requests.Session.request` does."""
        kwargs.setdefault("timeout", self._timeout)
        address = url.decode() if isinstance(url, bytes) else url
        if address.startswith(f"{self._advertised}/"):
            address = self._login + address.removeprefix(self._advertised)
        return super().request(method, address, *args, **kwargs)


class Authenticator:
    """Petra's tokens in one tenant. Safe to share between threads."""

    def __init__(
        self,
        credentials: AppCredentials,
        cloud: Cloud,
        timeout: tuple[float, float] = (5, 30),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._credentials = credentials
        self._cloud = cloud
        self._timeout = timeout
        self._clock = clock
        self._locks = {service: threading.Lock() for service in Service}
        self._application_lock = threading.Lock()
        self._application: msal.ConfidentialClientApplication | None = None
        self._refusals: dict[Service, tuple[float, AuthenticationFailed]] = {}

    def token(self, service: Service) -> str:
        """Return a token for a service, from memory where it is still good.

        Raises:
            AuthenticationFailed: when Microsoft gives none.
            ConnectionFailed, ServiceFailed: when sign-in could not be reached or had a fault; nothing was sent.
        """
        with self._locks[service]:
            self._raise_remembered(service)
            return self._acquire(service)

    def renew(self, service: Service, *, rejected: str, claims: str | None = None) -> str:
        """Return a token other than the rejected one, answering a claims challenge where there is one.

        Of many threads whose calls were turned away together, the first renews and the others get what it got.

        Raises:
            AuthenticationFailed, ConnectionFailed, ServiceFailed: as `token`.
        """
        with self._locks[service]:
            self._raise_remembered(service)
            current = self._acquire(service)
            if current != rejected:
                return current
            if claims is None:
                self._forget()
            return self._acquire(service, claims=claims)

    def forget(self) -> None:
        """Drop every token and remembered refusal, so that the next call asks Microsoft anew."""
        self._refusals.clear()
        self._forget()

    def _acquire(self, service: Service, claims: str | None = None) -> str:
        try:
            answer = self._app().acquire_token_for_client([self._cloud.scope(service)], claims_challenge=claims)
        except (requests.HTTPError, MsalServiceError, ValueError) as fault:
            # A server error, or an answer that is not JSON. Neither text is repeated: it could echo the request.
            raise ServiceFailed(message="Microsoft's sign-in service had a fault.", is_transient=True) from fault
        except requests.RequestException as fault:
            raise ConnectionFailed(message="Microsoft's sign-in could not be reached.", is_transient=True) from fault
        if "access_token" in answer:
            return str(answer["access_token"])
        if answer.get("error") in _PASSING_ERRORS:
            raise ServiceFailed(message="Microsoft's sign-in service is busy.", is_transient=True)
        raise self._remember(service, refusal(answer))

    def _app(self) -> msal.ConfidentialClientApplication:
        with self._application_lock:
            if self._application is None:
                self._application = self._build()
            return self._application

    def _build(self) -> msal.ConfidentialClientApplication:
        try:
            return msal.ConfidentialClientApplication(
                self._credentials.client_id,
                client_credential=self._credentials.for_msal,
                authority=self._cloud.authority(self._credentials.tenant_id),
                client_capabilities=list(CAPABILITIES),
                # The authority comes from a fixed table, so there is nothing to discover.
                instance_discovery=False,
                http_client=LoginSession(self._cloud, self._timeout),
            )
        except ValueError as fault:
            # msal says so when Microsoft answers 400 for the tenant, and when a certificate cannot be read.
            raise (unknown_tenant() if "authority" in str(fault).lower() else bad_credential()) from None

    def _forget(self) -> None:
        with self._application_lock:
            self._application = None

    def _remember(self, service: Service, error: AuthenticationFailed) -> AuthenticationFailed:
        self._refusals[service] = (self._clock() + REFUSAL_SECONDS, error)
        self._forget()  # msal would repeat a refusal for 60 seconds
        return error

    def _raise_remembered(self, service: Service) -> None:
        until, error = self._refusals.get(service, (0.0, None))
        if error is not None and self._clock() < until:
            raise error.but()


def unknown_tenant() -> AuthenticationFailed:
    """Return the error for a tenant that Microsoft does not know."""
    return AuthenticationFailed(message="Microsoft does not know this tenant.", status=401, code="TenantNotFound")


def bad_credential() -> AuthenticationFailed:
    """Return the error for a certificate that cannot be read; it repeats nothing of it."""
    return AuthenticationFailed(message="The credential cannot be read.", code="BadCredential")


def refusal(answer: Mapping[str, Any]) -> AuthenticationFailed:
    """Return the error that a token endpoint's refusal stands for; its code is the AADSTS number where there is one."""
    text = str(answer.get("error_description") or "")
    number = _AADSTS.search(text)
    return AuthenticationFailed(
        message=text.splitlines()[0] if text else "Microsoft gave no token.",
        status=401,
        code=number.group() if number else str(answer.get("error") or "NoToken"),
        request_id=str(answer.get("trace_id") or ""),
        client_request_id=str(answer.get("correlation_id") or ""),
    )


def claims_challenge(headers: Mapping[str, str]) -> str | None:
    """Return the claims (JSON text) that an answer's WWW-Authenticate header demands, or None.

    https://learn.microsoft.com/entra/identity-platform/claims-challenge
    """
    found = _CLAIMS.search(next((text for name, text in headers.items() if name.lower() == "www-authenticate"), ""))
    if not found:
        return None
    written = found.group(1)
    try:
        # Either alphabet is seen in the wild, with and without padding.
        decoded = base64.urlsafe_b64decode(written.translate(_URL_SAFE) + "=" * (-len(written) % 4))
        json.loads(decoded)
    except (binascii.Error, ValueError):
        return None
    return decoded.decode()


def roles_of(token: str) -> frozenset[str]:
    """Return the `roles` claim of an access token: the application permissions the tenant has granted."""
    return _list_claim(token, "roles")


def directory_roles_of(token: str) -> frozenset[str]:
    """Return the `wids` claim of an access token: template ids of the Entra roles its service principal holds."""
    return _list_claim(token, "wids")


def _list_claim(token: str, name: str) -> frozenset[str]:
    """Return a claim that is a list of texts. Read for display, so the signature is not checked.

    Empty for a token that is no JWT; to the one who sends a token it is opaque by contract.
    """
    _head, *rest = token.split(".")
    payload = rest[0] if rest else ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (binascii.Error, ValueError):
        return frozenset()
    values = claims.get(name) if isinstance(claims, dict) else None
    return frozenset(str(value) for value in values or ())


class _Registry:
    """The authenticators of this process, so that every client of a tenant shares its tokens."""

    LIMIT = 256  # tenants with a token at hand; beyond that the least used is dropped

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything; the lock as well, which another thread may have held when the process forked."""
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Authenticator] = OrderedDict()

    def get(self, credentials: AppCredentials, cloud: Cloud, timeout: tuple[float, float]) -> Authenticator:
        key = _digest(credentials, cloud)
        with self._lock:
            if key not in self._known:
                self._known[key] = Authenticator(credentials, cloud, timeout)
            self._known.move_to_end(key)
            while len(self._known) > self.LIMIT:
                self._known.popitem(last=False)
            return self._known[key]


def _digest(credentials: AppCredentials, cloud: Cloud) -> str:
    # The secret is part of what makes a connection another one; as a digest it does not linger in a key.
    certificate = credentials.certificate.private_key if credentials.certificate else None
    parts = (cloud, credentials.tenant_id, credentials.client_id, credentials.secret, certificate)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


_registry = _Registry()
os.register_at_fork(after_in_child=_registry.clear)


def shared_authenticator(
    credentials: AppCredentials, cloud: Cloud, timeout: tuple[float, float] = (5, 30)
) -> Authenticator:
    """Return this process's authenticator for the application in the tenant."""
    return _registry.get(credentials, cloud, timeout)


def forget_all_tokens() -> None:
    """Drop every token of this process; for tests, and when the simulated cloud is reset."""
    _registry.clear()
