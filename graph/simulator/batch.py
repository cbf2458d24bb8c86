"""JSON batching: twenty requests in one, answered in any order.

Source: https://learn.microsoft.com/graph/json-batching. Exchange's admin endpoint takes the same shape; ten is the
largest batch that its known clients send, so it is the largest that is accepted here.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from graph.simulator.calls import EXCHANGE, Answer, Call, Dropped, Refusal, bad_request
from graph.simulator.odata import query_of
from graph.simulator.pipeline import Cloud
from graph.simulator.throttling import MAILBOX_CONCURRENCY

_MOST = {"graph": 20, EXCHANGE: 10}
_BODIED = {"POST", "PATCH", "PUT"}


@dataclass(slots=True)
class _Batch:
    """A batch on its way. Sub-requests of one mailbox queue here, four at a time, instead of being refused."""

    cloud: Cloud
    outer: Call
    queues: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    done: dict[str, asyncio.Future[int]] = field(default_factory=dict)
    dropped: bool = False


async def serve_batch(cloud: Cloud, outer: Call) -> Answer:
    """POST /$batch. Raises Refusal 400 for a malformed batch, Dropped when one of its items ends the connection."""
    items = _items(outer)
    batch = _Batch(cloud, outer)
    loop = asyncio.get_running_loop()
    batch.done = {item["id"].lower(): loop.create_future() for item in items}
    answers = await asyncio.gather(*(_item_answer(batch, item) for item in items))
    if batch.dropped:
        raise Dropped
    return Answer(200, {"responses": shuffled(answers, f"{outer.tenant.settings.seed}|{len(items)}|{items[0]['id']}")})


def shuffled(answers: list[dict[str, Any]], seed: str) -> list[dict[str, Any]]:
    """Another order than the one asked in, the same for the same seed: callers must go by the ids."""
    mixed = list(answers)
    random.Random(seed).shuffle(mixed)  # noqa: S311 - an order, not a secret  # nosec B311
    return mixed if mixed != answers or len(mixed) < 2 else mixed[::-1]


def _items(outer: Call) -> list[dict[str, Any]]:
    items = outer.body.get("requests") if isinstance(outer.body, dict) else None
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise bad_request("Invalid batch payload format.")
    most = _MOST[outer.service]
    if len(items) > most:
        raise bad_request(f"Number of batch request steps exceeds the maximum value of {most}.")
    seen: set[str] = set()
    for item in items:
        _check_item(item, seen)
    return items


def _check_item(item: dict[str, Any], seen: set[str]) -> None:
    """Raises Refusal 400 for the whole batch. ``seen`` holds the ids of the items before."""
    identity, method, url = item.get("id"), item.get("method"), item.get("url")
    if not isinstance(identity, str) or not isinstance(method, str) or not isinstance(url, str) or not url:
        raise bad_request("Invalid batch payload format.")
    headers, earlier_ids = item.get("headers") or {}, item.get("dependsOn") or []
    if not isinstance(headers, dict) or not isinstance(earlier_ids, list):
        raise bad_request("Invalid batch payload format.")
    if identity.lower() in seen:
        raise bad_request(f"Request Id : {identity} has been duplicated; ids must be unique.")
    for earlier in earlier_ids:
        if str(earlier).lower() not in seen:
            raise bad_request(f"Request Id : {identity} depends on unknown or later request id {earlier}.")
    seen.add(identity.lower())
    typed = any(name.lower() == "content-type" for name in headers)
    if method.upper() in _BODIED and not (typed and "body" in item):
        raise bad_request(f"Write request id : {identity} does not contain Content-Type header or body.")


async def _item_answer(batch: _Batch, item: Mapping[str, Any]) -> dict[str, Any]:
    call = _sub_call(batch.outer, item)
    status = 500
    try:
        answer = await _awaited(batch, item, call)
        status = answer.status
    except Refusal as refusal:
        answer = refusal.answer(call.request_id, call.client_request_id)
        status = answer.status
    except Dropped:
        batch.dropped = True
        answer = Answer(500)
    finally:
        batch.done[item["id"].lower()].set_result(status)
    shown: dict[str, Any] = {"id": item["id"], "status": answer.status, "headers": answer.headers}
    return shown if answer.body is None else {**shown, "body": answer.body}


async def _awaited(batch: _Batch, item: Mapping[str, Any], call: Call) -> Answer:
    for earlier in item.get("dependsOn") or []:
        if await batch.done[str(earlier).lower()] >= 400:
            message = f"Request failed because request {earlier} that it depends on failed."
            raise Refusal(424, "FailedDependency", message)
    if call.service != EXCHANGE and "://" in item["url"]:
        raise bad_request("Invalid batch request URL: it must be relative to the version root.")
    async with AsyncExitStack() as waiting:
        mailbox = batch.cloud.mailbox_of(call)
        if mailbox is not None:
            queue = batch.queues.setdefault(mailbox, asyncio.Semaphore(MAILBOX_CONCURRENCY))
            await waiting.enter_async_context(queue)
        return await batch.cloud.serve(call, kind="sub")


def _sub_call(outer: Call, item: Mapping[str, Any]) -> Call:
    """The sub-request as a call of its own; it shares the token, and nothing else of the batch's headers."""
    url = urlsplit(item["url"])
    path = "/" + url.path.lstrip("/")
    if outer.service == EXCHANGE and "/InvokeCommand" in path:
        path = "/InvokeCommand"  # its clients write the whole address there
    headers = {name.lower(): str(value) for name, value in (item.get("headers") or {}).items()}
    return replace(
        outer,
        method=item["method"].upper(),
        path=path,
        query=query_of(url.query),
        headers=headers,
        body=item.get("body"),
        batch_id=outer.request_id,
        request_id=str(uuid.uuid4()),
    )
