"""The ASGI application: one origin for login, Graph, the Exchange admin endpoint and the control plane."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from graph.simulator import clock, consent, tokens
from graph.simulator.batch import serve_batch
from graph.simulator.calls import EXCHANGE, GRAPH, Answer, Call, Dropped, Refusal, bad_request
from graph.simulator.control_plane import ControlPlane
from graph.simulator.exchange import invoke
from graph.simulator.journal import Entry, Journal
from graph.simulator.odata import query_of
from graph.simulator.patience import Patience
from graph.simulator.pipeline import Cloud, diagnostic, spoiled
from graph.simulator.routes import ROUTES
from graph.simulator.routing import Router
from graph.simulator.state import Store
from graph.simulator.throttling import Throttle
from graph.simulator.weather import LOST, RESET, Weather

_LOGIN = re.compile(r"/([^/]+)/(v2\.0/\.well-known/openid-configuration|oauth2/v2\.0/token|discovery/instance)")
_CONSENT = re.compile(r"/([^/]+)(/v2\.0)?/adminconsent")
_GRAPH = re.compile(r"/(v1\.0|beta)(/.*)?")
_EXCHANGE = re.compile(r"/adminapi/beta/([^/]+)(/InvokeCommand|/\$batch)", re.IGNORECASE)


class Simulator:
    """The application. Everything it remembers stands in the store's file, limits and faults' counts apart."""

    def __init__(self, store: Store) -> None:
        journal = Journal(store)
        self.cloud = Cloud(store, journal, Throttle(journal), Weather(), Patience(journal), Router(ROUTES), invoke)
        self.control = ControlPlane(self.cloud)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request. A dropped connection ends without a single byte of an answer."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self._response(request)
        except Dropped:
            await _drop(send)
            return
        await response(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        path = request.scope.get("raw_path", request.url.path.encode()).decode().partition("?")[0]
        path = re.sub("%24", "$", path)
        if path.startswith("/simulator/"):
            return await self.control.respond(request)
        if match := _LOGIN.fullmatch(path):
            return await self._login(request, unquote(match[1]), match[2])
        if match := _CONSENT.fullmatch(path):
            return await consent.respond(self.cloud.store, request, unquote(match[1]), is_v2=match[2] is not None)
        if match := _GRAPH.fullmatch(path):
            return await self._called(request, GRAPH, match[1], match[2] or "/")
        if match := _EXCHANGE.fullmatch(path):
            return await self._called(request, EXCHANGE, match[1], match[2])
        return _respond(bad_request("Invalid version.").answer(str(uuid.uuid4()), ""))

    async def _login(self, request: Request, tenant_name: str, what: str) -> Response:
        store = self.cloud.store
        form: dict[str, str] = {}
        try:
            if what == "discovery/instance":
                return _respond(tokens.instances(tenant_name))
            if what.endswith("openid-configuration"):
                return _respond(tokens.discovery(store, tenant_name))
            form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
            await self._token_weather(tenant_name)
            answer = tokens.issue(store, tenant_name, form)
        except Refusal as refusal:
            answer = refusal.answer("", "")
        self._log_token(request, tenant_name, what, form, answer)
        return _respond(answer)

    async def _token_weather(self, tenant_name: str) -> None:
        tenant = tokens.tenant_of(self.cloud.store, tenant_name)
        path = "/oauth2/v2.0/token"
        slow = {pattern: each for pattern, each in tenant.settings.latency_by_path.items() if "token" in pattern}
        await asyncio.sleep(max((float(each) for each in slow.values()), default=0.0))
        # A fault without a path is meant for Microsoft's services, not for signing in to them.
        if not any("token" in str(rule.get("match", {}).get("path", "")) for rule in tenant.settings.faults):
            return
        fault = self.cloud.weather.strike(tenant, "POST", path)
        if fault is not None and fault.kind in (RESET, LOST):
            raise Dropped
        if fault is not None and fault.status:
            raise fault.refusal(mailbox=False)

    def _log_token(self, request: Request, tenant_name: str, what: str, form: dict[str, str], answer: Answer) -> None:
        if not what.endswith("token"):
            return
        tenant = self.cloud.store.tenant(tenant_name)
        tenant_id = tenant.id if tenant else tenant_name
        identity = request.headers.get("client-request-id", "")
        entry = Entry("token", tenant_id, "POST", f"/{what}", "token", answer.status, "login", form, "", identity)
        self.cloud.journal.write(entry)

    async def _called(self, request: Request, service: str, root: str, path: str) -> Response:
        """A request to Graph (``root`` is the version) or to Exchange's admin endpoint (``root`` is the tenant)."""
        request_id = str(uuid.uuid4())
        client_request_id = request.headers.get("client-request-id", "")
        try:
            call = await self._call(request, service, root, path)
            call.request_id = request_id
            answer = await (self._batched(call) if call.path == "/$batch" else self.cloud.serve(call))
        except Refusal as refusal:
            answer = refusal.answer(request_id, client_request_id)
        answer.headers |= {
            "request-id": request_id,
            "client-request-id": client_request_id or request_id,
            "x-ms-ags-diagnostic": diagnostic(),
            "Strict-Transport-Security": "max-age=31536000",
            "Date": clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT"),
        }
        return _respond(answer)

    async def _call(self, request: Request, service: str, root: str, path: str) -> Call:
        store = self.cloud.store
        tenant, claims = tokens.claims_of(store, request.headers.get("authorization", ""), service)
        if service == EXCHANGE and store.tenant(unquote(root)) is not tenant:
            raise tokens.unauthorized("The token was issued for another tenant.")
        settings = tenant.settings
        granted = settings.granted_permissions if service == GRAPH else settings.exchange_permissions
        held = claims["roles"] if settings.permissions_from_token else granted
        return Call(
            store=store,
            tenant=tenant,
            app_id=claims["appid"],
            permissions=frozenset(held),
            method=request.method,
            path=path,
            query=query_of(request.url.query),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=_json(await request.body()),
            base_url=str(request.base_url).rstrip("/"),
            service=service,
            version=root if service == GRAPH else "beta",
            client_ip=request.client.host if request.client else "",
        )

    async def _batched(self, call: Call) -> Answer:
        status = 0
        self.cloud.patience.arrived(call)
        try:
            answer = await self._batch_in_its_weather(call)
            status = answer.status
        except Refusal as refusal:
            status = refusal.status
            self.cloud.patience.answered(call, refusal.answer("", ""))
            raise
        finally:
            self._log_batch(call, status)
        return answer

    async def _batch_in_its_weather(self, call: Call) -> Answer:
        # Only a fault that names the batch hits it as a whole.
        named = any("batch" in str(rule.get("match", {}).get("path")) for rule in call.tenant.settings.faults)
        fault = self.cloud.weather.strike(call.tenant, call.method, call.path) if named else None
        call.fault = fault.kind if fault else ""
        if fault is not None and fault.kind == RESET:
            raise Dropped
        if fault is not None and not fault.has_effect:
            raise fault.refusal(mailbox=False)
        if call.method != "POST":
            raise Refusal(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
        answer = await serve_batch(self.cloud, call)
        return answer if fault is None else await spoiled(fault, answer)

    def _log_batch(self, call: Call, status: int) -> None:
        items = call.body.get("requests") if isinstance(call.body, dict) else None
        size = len(items) if isinstance(items, list) else 0
        lane = "exchange" if call.service == EXCHANGE else "directory"
        entry = Entry(
            "batch",
            call.tenant.id,
            call.method,
            call.path,
            f"{call.method} /$batch",
            status,
            lane,
            {"size": size},
            call.request_id,
            call.client_request_id,
            call.request_id,
            fault=call.fault,
        )
        self.cloud.journal.write(entry)


def _json(raw: bytes) -> Any:
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError as error:
        raise bad_request("Unable to read JSON request payload.") from error


def _respond(answer: Answer) -> Response:
    if answer.body is None:
        return Response(status_code=answer.status, headers=answer.headers)
    if isinstance(answer.body, str):
        return Response(answer.body, answer.status, answer.headers)
    headers = {"Content-Type": "application/json"} | answer.headers
    return Response(json.dumps(answer.body, ensure_ascii=False), answer.status, headers)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _drop(send: Send) -> None:
    """Cut the TCP connection. ASGI has no word for it, so uvicorn's own request cycle is asked for its transport."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise RuntimeError("the server does not expose its transport; start it with python -m graph.simulator")
    transport.abort()
    await asyncio.sleep(0)  # lets uvicorn notice, so that it does not try to answer 500
