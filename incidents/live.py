"""Live updates: the server only says "changed" with the version read from the database; the page fetches what it shows.

One watcher in the process asks for the versions of all watched incidents in one query and wakes the streams of those
that moved. A stream holds no database connection and reads nothing: access was checked before it began. It ends when
the session that it was opened in does: signed out, expired, or the member deactivated.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakKeyDictionary

import structlog
from asgiref.sync import sync_to_async
from django.db import Error, connection, connections

from incidents.models import Incident
from tenants.scoping import unscoped
from tenants.sessions import ended_among

logger = structlog.get_logger(__name__)

INTERVAL = 0.4  # seconds between two looks
HEARTBEAT = 15.0  # seconds; shorter than the idle timeouts of proxies
ENDED = -1  # in place of a version: the session is over

# The watcher's own thread, so that its one connection is made once and never shared with a request.
_reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="live")
_Box = asyncio.Queue[int]  # holds the latest version not yet sent


class Watcher:
    """Looks at the incidents that streams of one event loop are open for, while there are any."""

    def __init__(self) -> None:
        self._boxes: dict[int, set[_Box]] = defaultdict(set)
        self._sessions: dict[_Box, str] = {}
        self._known: dict[int, int] = {}
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def watching(self, incident_id: int, known: int, session_key: str) -> Iterator[_Box]:
        """A box that gets each new version of the incident, beginning with any later than `known`, and ENDED."""
        box: _Box = asyncio.Queue(maxsize=1)
        self._sessions[box] = session_key
        self._boxes[incident_id].add(box)
        seen = self._known.setdefault(incident_id, known)
        if seen > known:
            _put(box, seen)
        elif seen < known:
            # The page was read after the watcher last looked: the other streams hear of it now.
            self._tell(incident_id, known)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._watch())
        try:
            yield box
        finally:
            self._boxes[incident_id].discard(box)
            del self._sessions[box]
            if not self._boxes[incident_id]:
                del self._boxes[incident_id]
                self._known.pop(incident_id, None)

    async def _watch(self) -> None:
        read = sync_to_async(_versions, thread_sensitive=False, executor=_reader)
        ended = sync_to_async(_ended, thread_sensitive=False, executor=_reader)
        while self._boxes:
            over = await ended(set(self._sessions.values()))
            for box in [box for box, key in self._sessions.items() if key in over]:
                _put(box, ENDED)
            for incident_id, version in (await read(sorted(self._boxes))).items():
                if version > self._known.get(incident_id, version):
                    self._tell(incident_id, version)
            await asyncio.sleep(INTERVAL)

    def _tell(self, incident_id: int, version: int) -> None:
        self._known[incident_id] = version
        for box in self._boxes[incident_id]:
            _put(box, version)


def _put(box: _Box, version: int) -> None:
    """Only the latest version counts; nothing comes after ENDED."""
    if box.full() and box.get_nowait() == ENDED:
        version = ENDED
    box.put_nowait(version)


def _versions(incident_ids: list[int]) -> dict[int, int]:
    try:
        with unscoped(reason="versions of the watched incidents of all readers, in one query; numbers only"):
            return dict(Incident.objects.filter(pk__in=incident_ids).values_list("pk", "version"))
    except Error as error:
        logger.warning("live_watcher_failed", error=str(error))
        connection.close()  # the next look makes a new one
        return {}


def _ended(session_keys: set[str]) -> set[str]:
    try:
        return ended_among(session_keys)
    except Error as error:
        logger.warning("live_watcher_failed", error=str(error))
        connection.close()
        return set()


_watchers: WeakKeyDictionary[asyncio.AbstractEventLoop, Watcher] = WeakKeyDictionary()


async def versions(
    incident_id: int, *, known: int, session_key: str, heartbeat: float = HEARTBEAT
) -> AsyncGenerator[bytes, None]:
    """The body of an event stream: `known` at once, then each new version, and a comment now and then.

    Ends with its session, and when the browser is gone: the server then cancels it.
    """
    # The request's thread lives on until the stream ends; what connection it opened does not have to.
    await sync_to_async(connections.close_all)()
    watcher = _watchers.setdefault(asyncio.get_running_loop(), Watcher())
    with watcher.watching(incident_id, known, session_key) as box:
        yield _message(known)
        while True:
            try:
                version = await asyncio.wait_for(box.get(), heartbeat)
            except TimeoutError:
                yield b": still here\n\n"
            else:
                if version == ENDED:
                    return
                yield _message(version)


def _message(version: int) -> bytes:
    return f"data: {version}\n\n".encode()
