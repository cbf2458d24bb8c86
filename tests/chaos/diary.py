"""What workers leave behind of themselves: counters and lines in files, which outlive a SIGKILL."""

import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any


class Diary:
    """A folder that all processes of a run share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def count(self, name: str) -> int:
        """Count one more, across processes and restarts. Returns how many that makes."""
        descriptor = os.open(self.folder / f"{name}.count", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            number = int(os.pread(descriptor, 12, 0) or 0) + 1
            # One write of one length: another thread may get this process killed at any instruction.
            os.pwrite(descriptor, b"%012d" % number, 0)
        finally:
            os.close(descriptor)
        return number

    def counted(self, name: str) -> int:
        path = self.folder / f"{name}.count"
        return int(path.read_text(encoding="ascii") or 0) if path.exists() else 0

    def write(self, name: str, *, sync: bool = False, **line: Any) -> None:
        """Append one line. What the system has taken outlives the process; `sync` is for what precedes a death."""
        text = json.dumps({"at": time.time(), "pid": os.getpid(), **line}) + "\n"
        descriptor = os.open(self.folder / f"{name}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, text.encode())
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def lines(self, name: str) -> list[dict[str, Any]]:
        path = self.folder / f"{name}.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
