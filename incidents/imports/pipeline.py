"""Working ahead: the next batch is read while the database stores the last one."""

from collections.abc import Iterator
from queue import Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

T = TypeVar("T")

WAITING = 1  # batches that are ready at most, so that a fast reader does not fill the memory
LOOK = 0.1  # seconds between two looks whether the reader is still wanted


class _Worker(Thread, Generic[T]):
    def __init__(self, source: Iterator[T]) -> None:
        super().__init__(name="reads-ahead", daemon=True)
        self.source = source
        self.ready: Queue[T | None] = Queue(WAITING)
        self.unwanted = Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            for one in self.source:
                if not self._hand_over(one):
                    return
        except BaseException as error:  # noqa: BLE001  # raised again where the results are taken
            self.error = error
        self._hand_over(None)

    def _hand_over(self, one: T | None) -> bool:
        while not self.unwanted.is_set():
            try:
                self.ready.put(one, timeout=LOOK)
            except Full:
                continue
            return True
        return False


def ahead(source: Iterator[T]) -> Iterator[T]:
    """The same values in the same order, made by a thread that is one ahead. What `source` raises is raised here, in
    its place; it uses no database, whose connections belong to their threads.
    """
    worker = _Worker(source)
    worker.start()
    try:
        while (one := worker.ready.get()) is not None:
            yield one
        if worker.error:
            raise worker.error
    finally:
        worker.unwanted.set()
        worker.join()
