"""The way of every request and sub-request: slot, latency, limits, faults, permission, handler, log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from graph.simulator import permissions, synchronization
from graph.simulator.calls import EXCHANGE, Answer, Call, Dropped, Refusal
from graph.simulator.directory_limits import headers_of
from graph.simulator.journal import Entry, Journal
from graph.simulator.patience import Patience
from graph.simulator.routing import Lane, Route, Router
from graph.simulator.state import Store
from graph.simulator.throttling import Throttle
from graph.simulator.users import find_user
from graph.simulator.weather import LATE, LOST, RESET, Fault, Weather

READING_CMDLETS = ("Get-", "Search-")
COUNTED_CMDLETS = {"Get-MessageTraceV2"}  # 100 in five minutes, apart from Graph's
Matched = tuple[Route, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Cloud:
    """The running parts of the pretend cloud."""

    store: Store
    journal: Journal
    throttle: Throttle
    weather: Weather
    patience: Patience
    graph: Router
    exchange: Callable[[Call], Answer]

    async def serve(self, call: Call, *, kind: str = "direct") -> Answer:
        """Carry out one request and log it. Raises Dropped when the connection is to end without an answer."""
        matched = self._matched(call)
        mailbox = call.mailbox = call.mailbox or _mailbox(call, matched)
        self.patience.arrived(call)
        status = 0
        try:
            answer = await self._carried_out(call, matched, mailbox)
            status = answer.status
        except Refusal as refusal:
            answer = refusal.answer(call.request_id, call.client_request_id)
            status = answer.status
        finally:
            self.journal.write(_entry(call, kind, status, matched))
        self.patience.answered(call, answer)
        return _dressed(call, answer)

    def mailbox_of(self, call: Call) -> str | None:
        """The id of the user whose mailbox is asked, or None for all that is not mail."""
        call.mailbox = _mailbox(call, self._matched(call))
        return call.mailbox

    def _matched(self, call: Call) -> Matched | None:
        if call.service == EXCHANGE:
            return None
        try:
            return self.graph.find(call.method, call.path)
        except Refusal:
            return None

    async def _carried_out(self, call: Call, matched: Matched | None, mailbox: str | None) -> Answer:
        with ExitStack() as held:
            if mailbox is not None:
                held.enter_context(self.throttle.mailbox_slot(call, mailbox))
            path = _full_path(call)
            # Even without latency other requests get their turn here, so that concurrency shows.
            await asyncio.sleep(self.weather.latency(call.tenant, path))
            fault = self.weather.strike(call.tenant, call.method, path, cmdlet_of(call))
            if fault is None:
                return self._handled(call, matched, mailbox)
            call.fault = fault.kind
            if fault.kind == RESET:
                raise Dropped
            answer = self._handled(call, matched, mailbox) if fault.has_effect else None
            return await spoiled(fault, answer, is_mail=mailbox is not None)

    def _handled(self, call: Call, matched: Matched | None, mailbox: str | None) -> Answer:
        synchronization.catch_up(self.store, call.tenant)
        if call.service == EXCHANGE:
            if cmdlet_of(call) in COUNTED_CMDLETS:
                self.throttle.count(call, Lane.TRACES, cmdlet_of(call))
            with self.store.transaction():
                return _took_effect(call, self.exchange(call))
        route, call.arguments = matched or self.graph.find(call.method, call.path)  # find says what is wrong
        self.throttle.count(call, route.lane, mailbox)
        permissions.check(route, call.permissions)
        with self.store.transaction():
            return _took_effect(call, route.handler(call))


async def spoiled(fault: Fault, answer: Answer | None, *, is_mail: bool = False) -> Answer:
    """What the caller sees of a request that a fault hit, after it was carried out or without that (answer None).

    Raises Dropped, or Refusal with the fault's error.
    """
    if fault.kind == LOST:
        raise Dropped
    if fault.kind == LATE and answer is not None:
        await asyncio.sleep(fault.seconds)
        return answer
    raise fault.refusal(mailbox=is_mail)


def _took_effect(call: Call, answer: Answer) -> Answer:
    """Note that a write was carried out: its handler refused nothing."""
    call.had_effect = call.method != "GET" and not cmdlet_of(call).startswith(READING_CMDLETS)
    return answer


def _mailbox(call: Call, matched: Matched | None) -> str | None:
    if matched is None or matched[0].lane is not Lane.MAILBOX:
        return None
    user = find_user(call, matched[1][0])
    return str(user["id"]) if user else matched[1][0]


def _entry(call: Call, kind: str, status: int, matched: Matched | None) -> Entry:
    mailbox = call.mailbox
    operation = matched[0].operation if matched else f"{call.method} {call.path} {cmdlet_of(call)}".rstrip()
    lane = "exchange" if call.service == EXCHANGE else "directory"
    return Entry(
        kind, call.tenant.id, call.method, _full_path(call), operation, status,
        f"mailbox:{mailbox}" if mailbox else lane, call.body, call.request_id, call.client_request_id,
        call.batch_id, mailbox, call.had_effect, call.fault,
    )  # fmt: skip


def cmdlet_of(call: Call) -> str:
    """The Exchange cmdlet that a call names, or an empty text."""
    if call.service != EXCHANGE or not isinstance(call.body, dict):
        return ""
    given = call.body.get("CmdletInput")
    return str(given.get("CmdletName", "")) if isinstance(given, dict) else ""


def _full_path(call: Call) -> str:
    """The path with the options that matter to whoever reads the log or writes a fault."""
    options = "&".join(f"${name}={value}" for name, value in call.query.items())
    return f"{call.path}?{options}" if options else call.path


def _dressed(call: Call, answer: Answer) -> Answer:
    """The headers that Graph puts on answers and on the items of a batch alike."""
    headers = {"Cache-Control": "no-cache"}
    if call.service != EXCHANGE:
        headers |= {**headers_of(call), "OData-Version": "4.0"}
    if isinstance(answer.body, str):
        headers["Content-Type"] = "text/plain; charset=utf-8"
    elif answer.body is not None:
        headers["Content-Type"] = (
            "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
        )
    if call.wants_immutable_ids and answer.status < 400:
        headers["Preference-Applied"] = 'IdType="ImmutableId"'
    answer.headers = headers | answer.headers
    return answer


def diagnostic() -> str:
    """The value of x-ms-ags-diagnostic."""
    server = {"DataCenter": "Simulated", "Slice": "E", "Ring": "5", "ScaleUnit": "000", "RoleInstance": "PETRA"}
    return json.dumps({"ServerInfo": server}, separators=(",", ":"))
