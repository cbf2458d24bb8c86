"""The embedded queue: kombu's file transport, with messages that appear whole or not at all.

kombu opens a message file under its final name and then writes it; a worker that looks in between reads an empty
file and dies. Here a message is written under another name and renamed. A message that was taken is removed.
"""

import uuid
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

SCHEME = "petra-files"


class Channel(filesystem.Channel):
    """Messages are files in `data_folder_out`; taking one is moving it to `processed_folder`, on the same disk."""

    def _put(self, queue: str, message: Any, **_options: Any) -> None:  # type: ignore[override]  # as kombu calls it
        name = f"{round(monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        draft = Path(self.data_folder_out, f"{name}.draft")
        draft.write_text(dumps(message), encoding="utf-8")
        draft.replace(draft.with_suffix(""))

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for name in sorted(path.name for path in Path(self.data_folder_in).iterdir()):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = Path(self.processed_folder, name)
            try:
                Path(self.data_folder_in, name).replace(taken)
            except FileNotFoundError:
                continue  # another worker was quicker
            text = taken.read_text(encoding="utf-8")
            taken.unlink()
            return loads(text)
        raise Empty


class Transport(filesystem.Transport):
    Channel = Channel


def register() -> None:
    """Let broker addresses begin with petra-files://."""
    TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
