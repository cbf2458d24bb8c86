"""A Python client of the simulator's control plane, for tests, drills and `manage.py demo_reset`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import requests

_TIMEOUT = (5, 60)  # seconds; building the demo world takes a few


class SimulatorUnavailable(Exception):
    """The simulator cannot be reached, or refused a control request."""


class SimulatorControl:
    """Speaks to the control plane at a URL such as ``http://127.0.0.1:8100``."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()

    def health(self) -> dict[str, Any]:
        """Status, number of tenants, and the simulator's time."""
        return self._send("GET", "/health")

    def wait_until_up(self, timeout: float = 30.0) -> None:
        """Return once the simulator answers. Raises SimulatorUnavailable after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self.health()
            except SimulatorUnavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def tenants(self) -> list[dict[str, Any]]:
        """Name, tenantId, clientId, clientSecret and domains of each tenant."""
        return list(self._send("GET", "/tenants")["tenants"])

    def tenant(self, tenant_id: str) -> dict[str, Any]:
        """One tenant with all its settings."""
        return self._send("GET", f"/tenants/{tenant_id}")

    def configure(self, tenant_id: str, **settings: Any) -> dict[str, Any]:
        """Change settings, by their camelCase names: latency, lag, faults, grantedPermissions…"""
        return self._send("PATCH", f"/tenants/{tenant_id}", settings)

    def requests(self, tenant_id: str | None = None, since: str | None = None) -> dict[str, Any]:
        """Counters and lines of the request log, of one tenant and from an ISO time on if given."""
        options = {"tenantId": tenant_id, "since": since}
        pairs = "&".join(f"{name}={quote(value)}" for name, value in options.items() if value)
        return self._send("GET", f"/requests?{pairs}")

    def clear_requests(self) -> None:
        """Empty the request log and its counters."""
        self._send("DELETE", "/requests")

    def plant(
        self, tenant_id: str, collection: str, document: Mapping[str, Any], owner: str | None = None
    ) -> dict[str, Any]:
        """Put one object in place, or overwrite the one with its id."""
        body = {"collection": collection, "object": dict(document), "owner": owner}
        return self._send("POST", f"/tenants/{tenant_id}/objects", body)

    def objects(self, tenant_id: str, collection: str, owner: str | None = None) -> list[dict[str, Any]]:
        """The objects of a collection as they truly are, private keys included and without lag."""
        suffix = f"?owner={quote(owner)}" if owner is not None else ""
        return list(self._send("GET", f"/tenants/{tenant_id}/objects/{collection}{suffix}")["value"])

    def uproot(self, tenant_id: str, collection: str, object_id: str, owner: str | None = None) -> None:
        """Remove one object behind everybody's back."""
        suffix = f"?owner={quote(owner)}" if owner is not None else ""
        self._send("DELETE", f"/tenants/{tenant_id}/objects/{collection}/{quote(object_id, safe='')}{suffix}")

    def password_matches(self, tenant_id: str, user_id: str, password: str) -> bool:
        """Whether this is the user's current password."""
        path = f"/tenants/{tenant_id}/users/{user_id}/password-check"
        return bool(self._send("POST", path, {"password": password})["matches"])

    def sync_cycle(self, tenant_id: str) -> None:
        """Let Entra Connect run once: synced accounts become again what they are on-premises."""
        self._send("POST", f"/tenants/{tenant_id}/sync-cycle")

    def enable(self, tenant_id: str, user: str, by: str) -> None:
        """Let a person enable an account; ``by`` is a user principal name, ``user`` one too or an id."""
        self._send("POST", f"/tenants/{tenant_id}/users/{quote(user)}/enable", {"by": by})

    def session(self, tenant_id: str, user: str, *, began: str, issued: str = "") -> dict[str, Any]:
        """Whether a session begun at an ISO time, with an access token issued then or later, still works."""
        query = f"began={quote(began)}&issued={quote(issued or began)}"
        return self._send("GET", f"/tenants/{tenant_id}/users/{quote(user)}/session?{query}")

    def reset(self, now: str | None = None) -> None:
        """Rebuild the demo world, as of an ISO time if given; settings and log go too."""
        self._send("POST", "/reset", {"now": now} if now else {})

    def load_world(self, world: Mapping[str, Any]) -> None:
        """Replace everything by a world document; settings and log go too."""
        self._send("POST", "/world", world)

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        try:
            response = self._session.request(method, f"{self.url}/simulator{path}", json=body, timeout=_TIMEOUT)
        except requests.RequestException as error:
            raise SimulatorUnavailable(f"no simulator at {self.url}: {error}") from error
        if response.status_code != 200:
            raise SimulatorUnavailable(f"{method} {path}: {response.status_code} {response.text[:500]}")
        answer: dict[str, Any] = response.json()
        return answer
