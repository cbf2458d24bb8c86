"""The control plane: what tests, drills and the demo's reset button do to the pretend cloud behind Microsoft's back."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from graph.simulator import clock, seeding, sessions, synchronization
from graph.simulator.mailstore import find_messages
from graph.simulator.pipeline import Cloud
from graph.simulator.state import Query
from graph.simulator.tenants import Tenant


class _Wrong(Exception):
    """A control request that cannot be carried out: status and reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Control:
    """One control request: the decoded parts of its path, its query and its JSON body."""

    parts: tuple[str, ...]
    query: dict[str, str]
    body: dict[str, Any]
    is_local: bool


class ControlPlane:
    """Routes under /simulator. It asks for no credentials: bind the simulator to loopback."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._store = cloud.store
        self._routes: list[tuple[str, re.Pattern[str], Callable[[_Control], Any]]] = [
            (method, re.compile("/simulator" + template), handler)
            for method, template, handler in (
                ("GET", "/health", self._health),
                ("GET", "/tenants", self._tenants),
                ("GET", "/tenants/([^/]+)", self._show),
                ("PATCH", "/tenants/([^/]+)", self._configure),
                ("POST", "/tenants/([^/]+)/objects", self._plant),
                ("GET", "/tenants/([^/]+)/objects/([^/]+)", self._objects),
                ("DELETE", "/tenants/([^/]+)/objects/([^/]+)/(.+)", self._uproot),
                ("POST", "/tenants/([^/]+)/users/([^/]+)/password-check", self._check_password),
                ("POST", "/tenants/([^/]+)/users/([^/]+)/enable", self._enable),
                ("GET", "/tenants/([^/]+)/users/([^/]+)/session", self._session),
                ("POST", "/tenants/([^/]+)/sync-cycle", self._sync),
                ("GET", "/requests", self._requests),
                ("DELETE", "/requests", self._clear_requests),
                ("POST", "/reset", self._reset),
                ("POST", "/world", self._load_world),
            )
        ]

    async def respond(self, request: Request) -> Response:
        """Answer one control request: 200 with JSON, or 4xx with {"error": reason}."""
        try:
            control, handler = await self._read(request)
            return JSONResponse(handler(control))
        except _Wrong as wrong:
            return JSONResponse({"error": wrong.reason}, wrong.status)

    async def _read(self, request: Request) -> tuple[_Control, Callable[[_Control], Any]]:
        path, known = request.url.path.rstrip("/"), False
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(path)
            known = known or match is not None
            if match and method == request.method:
                body = _object(await request.body())
                is_local = _is_loopback(request.client.host if request.client else "")
                return _Control(match.groups(), dict(request.query_params), body, is_local), handler
        raise _Wrong(405 if known else 404, "no such control")

    def _tenant(self, control: _Control) -> Tenant:
        tenant = self._store.tenant(control.parts[0])
        if tenant is None:
            raise _Wrong(404, f"no tenant {control.parts[0]}")
        synchronization.catch_up(self._store, tenant)
        return tenant

    def _user(self, control: _Control) -> dict[str, Any]:
        tenant, name = self._tenant(control), unquote(control.parts[1])
        found = self._store.one(tenant, "users", name) or next(iter(self._store.aliased(tenant, "users", name)), None)
        if found is None:
            raise _Wrong(404, f"no user {name}")
        return found

    def _health(self, control: _Control) -> dict[str, Any]:
        return {"status": "ok", "tenants": len(self._store.tenants()), "time": clock.stamp()}

    def _tenants(self, control: _Control) -> dict[str, Any]:
        return {"tenants": [_summary(each) for each in self._store.tenants()]}

    def _show(self, control: _Control) -> dict[str, Any]:
        tenant = self._tenant(control)
        return _summary(tenant) | tenant.settings.as_json()

    def _configure(self, control: _Control) -> dict[str, Any]:
        tenant = self._tenant(control)
        try:
            tenant.settings.change(control.body)
        except KeyError as error:
            raise _Wrong(400, f"unknown setting {error}") from error
        except ValueError as error:
            raise _Wrong(400, str(error)) from error
        if "faults" in control.body or "seed" in control.body:
            self._cloud.weather.clear(tenant.id)
        if "throttling" in control.body:
            self._cloud.throttle.clear()
        if control.body.get("claimsChallenge"):
            tenant.challenge = f"{clock.seconds():.6f}"
        if "syncInterval" in control.body:
            tenant.synced_at = clock.seconds()
        self._store.save_tenant(tenant)
        return self._show(control)

    def _plant(self, control: _Control) -> dict[str, Any]:
        tenant, body = self._tenant(control), control.body
        try:
            with self._store.transaction():
                seeding.plant(self._store, tenant, body["collection"], body["object"], body.get("owner"))
        except KeyError as error:
            raise _Wrong(400, f"missing or unknown: {error}") from error
        return {"planted": body["object"].get("id")}

    def _objects(self, control: _Control) -> dict[str, Any]:
        """Everything about the objects of a collection, private keys included: what tests compare with."""
        tenant, collection = self._tenant(control), control.parts[1]
        owner = control.query.get("owner")
        if collection == "messages":
            found = find_messages(self._store, tenant, owner or "", ("1", []), ("seq", -1, 0))
        elif owner is not None:
            found = self._store.owned(tenant, collection, owner)
        else:
            found = self._store.rows(tenant, Query(collection))
        return {"value": found}

    def _uproot(self, control: _Control) -> dict[str, Any]:
        tenant, (_, collection, identity) = self._tenant(control), control.parts
        self._store.remove(tenant, collection, identity, owner=control.query.get("owner"))
        return {"removed": identity}

    def _check_password(self, control: _Control) -> dict[str, Any]:
        tenant, user = self._tenant(control), self._user(control)
        matches = self._store.password_matches(tenant, user["id"], str(control.body.get("password", "")))
        profile = user.get("passwordProfile") or {}
        return {"matches": matches, "forceChangePasswordNextSignIn": profile.get("forceChangePasswordNextSignIn")}

    def _session(self, control: _Control) -> dict[str, Any]:
        """Whether somebody who signed in as the user at a moment still comes in."""
        user = self._user(control)
        try:
            began, issued = (clock.moment_of(control.query.get(name, "")) for name in ("began", "issued"))
        except ValueError as error:
            raise _Wrong(400, f"began and issued must be ISO times: {error}") from error
        return sessions.still_works(self._tenant(control), user, began, issued)

    def _sync(self, control: _Control) -> dict[str, Any]:
        """One cycle of Entra Connect, now."""
        return {"synced": synchronization.run_cycle(self._store, self._tenant(control))}

    def _enable(self, control: _Control) -> dict[str, Any]:
        """A person enables an account in Microsoft's portal."""
        tenant, user = self._tenant(control), self._user(control)
        name = str(control.body.get("by", ""))
        if not name:
            raise _Wrong(400, "by must be the user principal name of who enables the account")
        found = self._store.aliased(tenant, "users", name)
        by = synchronization.person(found[0] if found else {"userPrincipalName": name})
        with self._store.transaction():
            synchronization.set_enabled(self._store, tenant, (user, True), by)
        return {"enabled": user["id"]}

    def _requests(self, control: _Control) -> dict[str, Any]:
        since, limit = control.query.get("since", ""), control.query.get("limit", "100000")
        try:
            moment = clock.moment_of(since).timestamp() if since else 0.0
            return self._cloud.journal.report(control.query.get("tenantId"), moment, int(limit))
        except ValueError as error:
            raise _Wrong(400, f"since must be an ISO time, limit a number: {error}") from error

    def _clear_requests(self, control: _Control) -> dict[str, Any]:
        self._cloud.journal.clear()
        self._cloud.patience.clear()
        return {}

    def _reset(self, control: _Control) -> dict[str, Any]:
        try:
            moment = clock.moment_of(control.body["now"]) if control.body.get("now") else None
        except ValueError as error:
            raise _Wrong(400, f"now must be an ISO time: {error}") from error
        try:
            count = seeding.load_demo(self._store, moment)
        except ModuleNotFoundError as error:
            raise _Wrong(501, "there is no demo world in this installation") from error
        self._forget()
        return {"tenants": count}

    def _load_world(self, control: _Control) -> dict[str, Any]:
        if not control.is_local:
            raise _Wrong(403, "a world is only taken from this machine")
        try:
            count = seeding.load_world(self._store, control.body)
        except (KeyError, TypeError, AttributeError) as error:
            raise _Wrong(400, f"not a world document: {error!r}") from error
        self._forget()
        return {"tenants": count}

    def _forget(self) -> None:
        self._cloud.journal.clear()
        self._cloud.throttle.clear()
        self._cloud.patience.clear()
        self._cloud.weather.clear()


def _summary(tenant: Tenant) -> dict[str, Any]:
    return {
        "name": tenant.name,
        "tenantId": tenant.id,
        "clientId": tenant.client_id,
        "clientSecret": tenant.client_secret,
        "servicePrincipalId": tenant.service_principal_id,
        "domains": tenant.domain_names,
    }


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw or b"{}")
    except ValueError as error:
        raise _Wrong(400, "the body is not JSON") from error
    if not isinstance(value, dict):
        raise _Wrong(400, "the body is not a JSON object")
    return value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
