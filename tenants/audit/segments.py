"""A closed segment of a chain in a folder: `<name>.jsonl.gz`, its canonical lines, and `<name>.json`, its manifest.

The SHA-256 of each line is what the next line names as `previous_hash`; that of the last one stands in the manifest.
"""

import gzip
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from tenants.audit.entry import hash_of
from tenants.audit.verification import short

FORMAT = 1


class SegmentRefused(Exception):
    """It cannot be written or read. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A manifest. `sha256` is that of the compressed file, `root` the hash before the first line."""

    format: int
    organization_id: int
    tenant_id: int | None
    first: int
    last: int
    root: str
    hash: str
    sha256: str

    @property
    def name(self) -> str:
        chain = f"organization-{self.organization_id}" if self.tenant_id is None else f"tenant-{self.tenant_id}"
        return f"audit-{chain}-{self.first:010d}-{self.last:010d}"


def lines_write(path: Path, lines: Iterable[bytes]) -> str:
    """Write lines to a new compressed file, readable by its owner only, down to the disk. Returns its SHA-256.

    Raises:
        SegmentRefused: when it cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            # No name and no time in it: the same lines are the same file.
            with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
                packed.writelines(line + b"\n" for line in lines)
            _to_disk(file)
        with path.open("rb") as written:
            return hashlib.file_digest(written, "sha256").hexdigest()
    except OSError as error:
        raise SegmentRefused(f"{path} cannot be written: {error}") from error


def segment_close(part: Path, segment: Segment) -> Path:
    """Give written lines their name, and put the manifest beside them. Returns the file with the lines."""
    path = part.with_name(f"{segment.name}.jsonl.gz")
    try:
        part.rename(path)
        with path.with_name(f"{segment.name}.json").open("w", encoding="utf-8") as file:
            json.dump(asdict(segment), file, indent=1)
            _to_disk(file)
    except OSError as error:
        raise SegmentRefused(f"{path} cannot be written: {error}") from error
    return path


def _to_disk(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())


def segments_in(folder: Path) -> list[Segment]:
    """The segments of a folder, by chain and place.

    Raises:
        SegmentRefused: when a manifest cannot be understood.
    """
    found = [_manifest(path) for path in folder.glob("audit-*.json")]
    return sorted(found, key=lambda one: (one.organization_id, one.tenant_id or 0, one.first, one.last))


def _manifest(path: Path) -> Segment:
    try:
        segment = Segment(**json.loads(path.read_text(encoding="utf-8")))
        if not 1 <= segment.first <= segment.last:
            raise ValueError("its entries run backwards")
    except (OSError, TypeError, ValueError) as error:
        raise SegmentRefused(f"{path.name} is no manifest of an archived segment, or a damaged one.") from error
    if segment.format != FORMAT:
        raise SegmentRefused(f"{path.name} has format {segment.format}; this version of Petra reads {FORMAT}.")
    return segment


def segment_fault(folder: Path, segment: Segment) -> str:
    """What is wrong with a segment, in words; empty when it is whole."""
    path = folder / f"{segment.name}.jsonl.gz"
    try:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != segment.sha256:
                changed = f"{path.name} is not the file that its manifest tells of: its SHA-256 is another."
                return _lines_fault(path, segment) or changed
        return _lines_fault(path, segment)
    except (OSError, EOFError, ValueError) as error:
        return f"{path.name} cannot be read: {error}"


def _lines_fault(path: Path, segment: Segment) -> str:
    """The first line that is not what the next one says it was."""
    number, newest = segment.first - 1, segment.root
    for line in _lines(path):
        told = json.loads(line)
        if (told["sequence"], told["previous_hash"]) != (number + 1, newest):
            return f"{path.name}: line {number - segment.first + 2} does not follow entry {number}: one was changed."
        number, newest = number + 1, hash_of(line)
    if number != segment.last:
        return f"{path.name} ends with entry {number}, and its manifest says {segment.last}."
    if newest != segment.hash:
        return f"{path.name}: entry {number} was changed: its hash is {short(newest)}, not {short(segment.hash)}."
    return ""


def _lines(path: Path) -> Iterator[bytes]:
    with gzip.open(path, "rb") as packed:
        for line in packed:
            yield line.rstrip(b"\n")
