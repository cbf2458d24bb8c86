"""Composing batches from lanes: what may go now, together, and what has to wait. Pure: no clock, no network.

The rules (https://learn.microsoft.com/graph/throttling-limits#outlook-service-limits):
a mailbox serves four requests at a time, so at most four of it stand in one batch and only one such batch is in
flight. Batches therefore go round the lanes: where mailboxes are many, each batch holds different ones; where they are
few, several requests of each, or the next would have to wait for the one before. The directory has no such limit.
Each step costs the size of a batch, whatever the number of requests waiting.
"""

import heapq
import threading
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from math import ceil

from graph.request import Request, Service, is_mailbox_lane
from graph.retry import Tried

MAILBOX_LIMIT = 4
# How soon to look again at a mailbox that another thread of this process keeps busy, in seconds.
BUSY_ELSEWHERE_WAIT = 0.02


class MailboxGate:
    """Counts the requests of this process at each mailbox, over all its clients and threads."""

    def __init__(self, limit: int = MAILBOX_LIMIT) -> None:
        self._limit = limit
        self.clear()

    def clear(self) -> None:
        """Count from zero, with a lock of its own: what a forked child inherits belongs to its parent."""
        self._lock = threading.Lock()
        self._inside: Counter[str] = Counter()

    def try_enter(self, mailbox: str) -> bool:
        """Take one place at the mailbox, if there is one."""
        with self._lock:
            if self._inside[mailbox] >= self._limit:
                return False
            self._inside[mailbox] += 1
            return True

    def leave(self, mailbox: str) -> None:
        """Give one place back."""
        with self._lock:
            self._inside[mailbox] -= 1
            if self._inside[mailbox] <= 0:
                del self._inside[mailbox]


@dataclass(slots=True, eq=False)
class Item:
    """One request on its way: its position among those asked for, and what has been tried."""

    position: int
    request: Request
    tried: Tried = field(default_factory=Tried)
    fresh_connection: bool = False


@dataclass(slots=True, eq=False)
class _Lane:
    name: str
    waiting: deque[Item] = field(default_factory=deque)
    batches_in_flight: int = 0
    ready_at: float = 0.0
    is_listed: bool = False  # stands in the rotation or among the parked

    @property
    def is_mailbox(self) -> bool:
        return is_mailbox_lane(self.name)

    @property
    def may_be_listed(self) -> bool:
        busy = self.is_mailbox and self.batches_in_flight > 0
        return bool(self.waiting) and not busy and not self.is_listed


class Schedule:
    """The requests of one service that still have to be sent, by lane. Used by one thread.

    `account` sets apart the mailboxes of different connections at the shared gate; `batches` may be under way at once.
    """

    def __init__(
        self,
        items: Iterable[Item],
        *,
        size: int,
        gate: MailboxGate,
        account: str = "",
        service: Service = Service.GRAPH,
        batches: int = 1,
    ) -> None:
        self.service = service
        self._size = size
        self._gate = gate
        self._account = account
        self._lanes: dict[str, _Lane] = {}
        self._rotation: deque[_Lane] = deque()
        self._parked: list[tuple[float, int, _Lane]] = []
        self._order = count()
        self._unanswered = 0
        for item in items:
            self._unanswered += 1
            self._lane(item).waiting.append(item)
        for lane in self._lanes.values():
            self._list(lane)
        # So many of each lane, and what may be under way is full; where less is waiting than that, one after the other.
        may_be_under_way = size * batches
        is_much = self._unanswered > may_be_under_way
        self._share = min(MAILBOX_LIMIT, ceil(may_be_under_way / len(self._lanes))) if is_much else 1

    @property
    def is_done(self) -> bool:
        """Whether every request has its answer."""
        return self._unanswered == 0

    def next_batch(self, now: float) -> list[Item]:
        """Take the next batch; empty when nothing may go at this moment."""
        self._unpark(now)
        batch: list[Item] = []
        taken: Counter[str] = Counter()
        again: deque[_Lane] = deque()  # lanes that are in this batch already and could give one more
        while len(batch) < self._size and (self._rotation or again):
            lane = (self._rotation or again).popleft()
            for _ in range(min(self._share, self._size - len(batch))):
                item = self._take_from(lane, taken[lane.name], now)
                if item is None:
                    break
                batch.append(item)
                taken[lane.name] += 1
            else:
                again.append(lane)
        for name in taken:
            self._set_off(self._lanes[name])
        return batch

    def finished(self, batch: Iterable[Item]) -> None:
        """Take note that a batch came back, whatever it brought: its mailboxes are free again."""
        names = Counter(item.request.lane for item in batch)
        for name, places in names.items():
            lane = self._lanes[name]
            lane.batches_in_flight -= 1
            if lane.is_mailbox:
                for _ in range(places):
                    self._gate.leave(self._account + name)
            self._list(lane)

    def answered(self, item: Item) -> None:
        """Take note that a request has its final answer."""
        self._unanswered -= 1

    def send_again(self, item: Item, ready_at: float) -> None:
        """Put a request back, first in its lane; the lane waits with it, for it is the lane that is throttled."""
        lane = self._lane(item)
        lane.waiting.appendleft(item)
        lane.ready_at = max(lane.ready_at, ready_at)
        self._list(lane)

    def withdraw_mailbox(self, item: Item) -> list[Item]:
        """Take out what still waits for this request's mailbox; nothing where its lane is no mailbox.

        For a mailbox that is throttled for longer than anyone waits here: asking it again would only prolong that.
        The directory is not withdrawn, for its services are throttled one by one.
        """
        lane = self._lane(item)
        if not lane.is_mailbox:
            return []
        withdrawn = list(lane.waiting)
        lane.waiting.clear()
        return withdrawn

    def withdraw_all(self) -> list[Item]:
        """Take out everything that still waits: the service is not to be asked now."""
        withdrawn = [item for lane in self._lanes.values() for item in lane.waiting]
        for lane in self._lanes.values():
            lane.waiting.clear()
        return withdrawn

    def next_ready_at(self) -> float | None:
        """Return when the earliest parked lane may go, or None when none is parked."""
        return self._parked[0][0] if self._parked else None

    def _lane(self, item: Item) -> _Lane:
        name = item.request.lane
        if name not in self._lanes:
            self._lanes[name] = _Lane(name)
        return self._lanes[name]

    def _take_from(self, lane: _Lane, taken: int, now: float) -> Item | None:
        """Take one request, or set the lane aside when it has no more to give to this batch."""
        if not lane.waiting or (lane.is_mailbox and taken >= MAILBOX_LIMIT):
            lane.is_listed = False
            return None
        if lane.ready_at > now:  # throttled since it was listed
            self._park(lane)
            return None
        if lane.is_mailbox and not self._gate.try_enter(self._account + lane.name):
            if not taken:
                lane.ready_at = now + BUSY_ELSEWHERE_WAIT
                self._park(lane)
            return None
        return lane.waiting.popleft()

    def _set_off(self, lane: _Lane) -> None:
        lane.batches_in_flight += 1
        lane.is_listed = False
        self._list(lane)

    def _list(self, lane: _Lane) -> None:
        if lane.may_be_listed:
            lane.is_listed = True
            self._rotation.append(lane)

    def _park(self, lane: _Lane) -> None:
        heapq.heappush(self._parked, (lane.ready_at, next(self._order), lane))

    def _unpark(self, now: float) -> None:
        while self._parked and self._parked[0][0] <= now:
            self._rotation.append(heapq.heappop(self._parked)[2])
