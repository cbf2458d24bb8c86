"""A cloud of a hundred lines on loopback: real sockets and real threads, with answers that a test scripts.

It issues tokens, unpacks batches, answers their parts in another order, and counts what is at each mailbox at once.
What Microsoft's services themselves would say is the simulator's business, not this one's.
"""

import base64
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from graph import AppCredentials, Cloud, GraphClient, simulator_cloud

TENANT = "11111111-2222-3333-4444-555555555555"
LOGIN = "https://login.microsoftonline.com"
_MAILBOX = re.compile(r"/users/([^/?]+)/(?:messages|mailFolders)")


@dataclass(frozen=True)
class Seen:
    """One call as it arrived; parts of a batch bear the batch's number."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    batch: int = 0

    @property
    def mailbox(self) -> str:
        found = _MAILBOX.search(self.path)
        return found.group(1) if found else ""


@dataclass(frozen=True)
class Reply:
    """What to answer; `is_dropped` closes the connection instead."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    is_dropped: bool = False


DROP = Reply(is_dropped=True)
OK = Reply(200, {"value": []})


def jwt(**claims: Any) -> str:
    """An unsigned token with these claims."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.sig"


class TinyCloud:
    """The server. `answer` scripts each call or part, `carry` the batch as a whole (None lets it be unpacked)."""

    def __init__(self) -> None:
        self.answer: Callable[[Seen], Reply] = lambda _: OK
        self.carry: Callable[[Seen], Reply | None] = lambda _: None
        self.issue: Callable[[dict[str, str]], Reply] = self._issue_token
        self.seen: list[Seen] = []
        self.batches: list[Seen] = []
        self.token_forms: list[dict[str, str]] = []
        self.connections: list[tuple[str, int]] = []
        self.peaks: Counter[str] = Counter()
        self._inside: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def cloud(self) -> Cloud:
        return simulator_cloud(self.url)

    def client(self, **settings: Any) -> GraphClient:
        credentials = AppCredentials(tenant_id=TENANT, client_id="petra", secret="hush")
        return GraphClient(credentials=credentials, cloud=self.cloud, **settings)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self, seen: Seen) -> Reply:
        if "/.well-known/" in seen.path:
            base = f"{LOGIN}/{TENANT}"
            endpoints = {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            }
            return Reply(200, endpoints)
        if seen.path.endswith("/oauth2/v2.0/token"):
            form = {name: values[0] for name, values in parse_qs(seen.body).items()}
            with self._lock:
                self.token_forms.append(form)
            return self.issue(form)
        if seen.path.endswith("/$batch"):
            return self._serve_batch(seen)
        return self._serve_all([seen])[0]

    def _issue_token(self, form: dict[str, str]) -> Reply:
        token = jwt(number=len(self.token_forms), scope=form["scope"], roles=["User.Read.All"], wids=["role-1"])
        return Reply(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": token})

    def _serve_batch(self, batch: Seen) -> Reply:
        with self._lock:
            self.batches.append(batch)
            number = len(self.batches)
        carried = self.carry(batch)
        if carried is not None:
            return carried
        rows = batch.body["requests"]
        parts = [Seen(row["method"], row["url"], row["headers"], row.get("body"), number) for row in rows]
        replies = self._serve_all(parts)
        if any(reply.is_dropped for reply in replies):
            return DROP
        answers = [
            {"id": row["id"], "status": reply.status, "headers": reply.headers, "body": reply.body}
            for row, reply in zip(rows, replies, strict=True)
        ]
        return Reply(200, {"responses": answers[::-1]}, {"request-id": f"batch-{number}"})

    def _serve_all(self, calls: list[Seen]) -> list[Reply]:
        mailboxes = Counter(call.mailbox for call in calls if call.mailbox)
        with self._lock:
            self.seen.extend(calls)
            self._inside += mailboxes
            for mailbox in mailboxes:
                self.peaks[mailbox] = max(self.peaks[mailbox], self._inside[mailbox])
        try:
            return [self.answer(call) for call in calls]
        finally:
            with self._lock:
                self._inside -= mailboxes


def in_turn(replies: Iterable[Reply], then: Reply = OK) -> Callable[[Seen], Reply]:
    """A script: these replies one after the other, whoever asks, and then always the last."""
    queue = list(replies)
    lock = threading.Lock()

    def answer(seen: Seen) -> Reply:
        with lock:
            return queue.pop(0) if queue else then

    return answer


def _handler(cloud: TinyCloud) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet an answer, or the kernel waits 40 ms between head and body

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            is_json = "json" in self.headers.get("Content-Type", "")
            body = json.loads(raw) if is_json else raw
            cloud.connections.append(self.client_address)
            reply = cloud.serve(Seen(self.command, self.path, dict(self.headers), body))
            if reply.is_dropped:
                self.close_connection = True
                return
            self._write(reply)

        def _write(self, reply: Reply) -> None:
            content = reply.body if isinstance(reply.body, bytes) else b""
            if reply.body is not None and not isinstance(reply.body, bytes):
                content = json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()

        do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 - names the base class looks for

        def log_message(self, *args: object) -> None:
            pass

    return Handler
