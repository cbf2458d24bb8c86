"""Working ahead: another process reads the next batch of a large file while this one stores the last.

Imports nothing of Django's on its own: the other process begins here, with nothing set up.
"""

import gc
import signal
from collections.abc import Generator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from incidents.imports.batches import Batch

LARGE = 8 << 20  # bytes; a smaller file is read before another process has begun


class ReaderDied(Exception):
    """The process that read the file ended by itself. What was stored is kept; begun again, the import goes on."""


def batches_ahead(path: Path, *, tenant_id: int, skip: int) -> "Generator[Batch]":
    """The batches of a file, in their order.

    Raises:
        NotALog: when the file is none.
        OSError: when it cannot be read.
        ReaderDied: when the process that reads it was killed.
    """
    from incidents.imports.batches import batches_of  # see above

    if path.stat().st_size < LARGE:
        return batches_of(path, tenant_id=tenant_id, skip=skip)
    return _received(path, tenant_id, skip)


def _received(path: Path, tenant_id: int, skip: int) -> "Generator[Batch]":
    context = get_context("spawn")  # a fork would take the connections to the database along
    source, sink = context.Pipe(duplex=False)
    reader = context.Process(target=_read, args=(sink, path, tenant_id, skip), daemon=True)
    reader.start()
    sink.close()  # the reader has the only one now: when it dies, the pipe ends
    try:
        while (one := _next(source)) is not None:
            if isinstance(one, Exception):
                raise one
            yield one
    finally:
        source.close()  # a reader that is not wanted any more ends at its next batch
        reader.join()


def _next(source: Connection) -> Any:
    try:
        return source.recv()
    except (EOFError, OSError) as error:
        raise ReaderDied from error


def _read(sink: Connection, path: Path, tenant_id: int, skip: int) -> None:
    """What the other process does. It asks the database nothing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that stores; the reader ends with the pipe
    django.setup()
    from incidents.imports.batches import batches_of  # Django has to be set up
    from incidents.imports.reading import NotALog

    gc.freeze()  # what stands by now stays: it need not be looked through again with each batch
    try:
        for batch in batches_of(path, tenant_id=tenant_id, skip=skip):
            sink.send(batch)
        sink.send(None)
    except BrokenPipeError:  # nobody takes it any more
        return
    except (NotALog, OSError) as error:
        sink.send(error)
