"""Reading an exported audit log, row by row: CSV or JSON, plain or gzip, as Purview, Search-UnifiedAuditLog and the
usual collection scripts write it. Streams: one row is in memory. An unreadable row never stops it.
"""

import csv
import gzip
import io
import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from incidents.imports.times import moment_written

csv.field_size_limit(1 << 27)
MOST_CHARACTERS = 16 << 20  # of one row; whatever is longer is not a record of an audit log
LONGEST_ID = 128  # characters; Microsoft's are GUIDs
MOST_LINES = 1000  # that one row of a CSV may run over
GZIP = b"\x1f\x8b"
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
NO_LOGS = (
    "This is no audit log that Petra knows. It reads the CSV of a Purview export or of Search-UnifiedAuditLog, with a "
    "column AuditData, and JSON with a record a line; plain or gzip."
)


class NotALog(Exception):
    """The file is none that can be read; the message says what can."""


@dataclass(frozen=True, slots=True)
class Record:
    """A row that could be read. `line` is the first of it in the file, `raw` the record's JSON exactly as it stood
    there; `written_at` is the time in the row's own column, ISO, for records that tell none.
    """

    line: int
    content: dict[str, Any]
    raw: bytes
    written_at: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that could not be read, and why in plain words."""

    line: int
    reason: str


Rows = Generator[Record | Unreadable]


@dataclass(slots=True)
class LogFile:
    """An exported log that is open. `position` is how many of its bytes, as they lie on the disk, were taken in."""

    file: io.FileIO

    def __enter__(self) -> "LogFile":
        return self

    def __exit__(self, *_error: object) -> None:
        self.file.close()

    @property
    def position(self) -> int:
        return self.file.tell()

    def rows(self) -> Rows:
        """All rows, in their order.

        Raises:
            NotALog: before the first row, when the file is none; or when its gzip is damaged.
        """
        text = _text(self.file)
        try:
            first = text.readline(MOST_CHARACTERS)
            while first and not first.strip():
                first = text.readline(MOST_CHARACTERS)
            if first.lstrip()[:1] in ("{", "["):
                yield from _json_rows(text, first)
            else:
                yield from _csv_rows(text, first)
        except (OSError, EOFError) as error:
            raise NotALog(f"The file is damaged: {error}. What was read before is kept.") from error
        except UnicodeError as error:
            raise NotALog(NO_LOGS) from error
        finally:
            buffered: Any = text.detach()
            buffered.detach()  # else they close the file, which is not theirs


def log_open(path: Path) -> LogFile:
    """Open an exported log.

    Raises:
        OSError: when there is none, or it may not be read.
    """
    return LogFile(io.FileIO(path))


def _text(file: io.FileIO) -> io.TextIOWrapper:
    """The file as text, without line ends changed. Bytes that are no UTF-8 come through, to be kept as they are."""
    binary: Any = gzip.GzipFile(fileobj=file) if _begins(file) == GZIP else file
    buffered = io.BufferedReader(binary, 1 << 20)
    begin = buffered.peek(3)[:3]
    encoding = next((name for mark, name in MARKS if begin.startswith(mark)), "utf-8")
    return io.TextIOWrapper(buffered, encoding=encoding, errors="surrogateescape", newline="\n")


def _begins(file: io.FileIO) -> bytes:
    begin = file.read(2)
    file.seek(0)
    return begin


# --- CSV --------------------------------------------------------------------------------------------------------------
def _csv_rows(text: io.TextIOWrapper, header: str) -> Rows:
    separator = next((one for one in ",;\t" if "auditdata" in _names(header, one)), None)
    if separator is None:
        raise NotALog(NO_LOGS)
    names = _names(header, separator)
    data, date = names.index("auditdata"), next((names.index(one) for one in _DATES if one in names), None)
    for line, row, cut in _whole_rows(text, len(names), separator, data):
        if cut:
            yield Unreadable(line, cut)
            continue
        cells = _cells(row, separator)
        if len(cells) <= data:
            yield Unreadable(line, f"The row is cut off: it has {len(cells)} of {len(names)} columns.")
            continue
        written = moment_written(cells[date]) if date is not None and date < len(cells) else ""
        yield _record(line, cells[data], written)


_DATES = ("creationdate", "creationtime", "createddatetime", "date")


def _names(header: str, separator: str) -> list[str]:
    return ["".join(cell.split()).casefold().strip("\ufeff") for cell in _cells(header.strip("\r\n"), separator)]


def _cells(row: str, separator: str) -> list[str]:
    """The cells of a whole row; none for what csv refuses, such as a line end in the middle of nowhere."""
    try:
        return next(csv.reader((row,), delimiter=separator), [])
    except csv.Error:
        return []


def _whole_rows(text: io.TextIOWrapper, width: int, separator: str, data: int) -> Iterator[tuple[int, str, str]]:
    """Each row with the number of its first line, and why it is none. A row runs over several lines while a quote is
    open; but where the next line is a whole row by itself, the open quote is a row that was cut.
    """
    number, held, begun = 1, "", 0
    for line in iter(lambda: text.readline(MOST_CHARACTERS), ""):
        number += 1
        if not held and not line.strip():
            continue
        is_closed = line.count('"') % 2 == 0
        if held and is_closed and _is_whole(line, width, separator, data):
            yield begun, "", "The row is cut off: a quotation mark is not closed."
            held = ""
        held, begun = (held + line, begun) if held else (line, number)
        if len(held) >= MOST_CHARACTERS or number - begun > MOST_LINES:
            yield begun, "", "The row does not come to an end: a quotation mark is not closed."
            held = ""
        elif held.count('"') % 2 == 0:
            yield begun, held.rstrip("\r\n"), ""
            held = ""
    if held:
        yield begun, "", "The row is cut off: the file ends in the middle of it."


def _is_whole(line: str, width: int, separator: str, data: int) -> bool:
    cells = _cells(line.rstrip("\r\n"), separator)
    return len(cells) == width and cells[data].startswith("{")


# --- JSON -------------------------------------------------------------------------------------------------------------
_DECODER = json.JSONDecoder()
_BETWEEN = " \t\r\n,[]\ufeff"  # what stands between the records of a list
_CHUNK = 1 << 16


def _json_rows(text: io.TextIOWrapper, first: str) -> Rows:
    """A record a line where the first line is one; otherwise a list, in whatever lines it is written."""
    if _is_object(first.strip().strip(",")):
        return _lines(text, first)
    return _list(text, first)


def _is_object(written: str) -> bool:
    try:
        return isinstance(json.loads(written), dict)
    except (ValueError, RecursionError):
        return False


def _lines(text: io.TextIOWrapper, first: str) -> Rows:
    number, line = 1, first
    while line:
        bare = line.strip(_BETWEEN)
        if bare:
            yield _object(number, bare)
        number, line = number + 1, text.readline(MOST_CHARACTERS)


def _list(text: io.TextIOWrapper, first: str) -> Rows:
    number, held, wanted = 1, first, _CHUNK
    indent = ""  # of the records; what stands deeper is inside one
    while True:
        begin = len(held) - len(held.lstrip(_BETWEEN))
        if not held[begin:] and (more := text.read(wanted)):
            held += more
            continue
        if not indent:
            indent = "\n" + held[:begin].rpartition("\n")[2].strip(",[]") + "{"
        number, held = number + held.count("\n", 0, begin), held[begin:]
        end = _end_of_object(held)
        if end:
            yield _object(number, held[:end])
            number, held, wanted = number + held.count("\n", 0, end), held[end:], _CHUNK
            continue
        more = text.read(wanted) if len(held) < MOST_CHARACTERS else ""
        if more:
            held, wanted = held + more, wanted * 2  # each try costs as much as what is held
            continue
        if not held:
            return
        yield Unreadable(number, "The JSON is broken.")
        rest = held.find(indent or "\n{", 1)
        number, held = number + held.count("\n", 0, max(rest, 0) + 1), held[rest + 1 :] if rest > 0 else ""


def _end_of_object(held: str) -> int:
    """Where the record ends that begins here; 0 while it is not whole."""
    try:
        return _DECODER.raw_decode(held)[1] if held else 0
    except (ValueError, RecursionError):
        return 0


def _object(line: int, written: str) -> Record | Unreadable:
    """One JSON document: the record itself, Graph's form of it, or a row with the record as text in AuditData."""
    content = _loaded(written)
    if not isinstance(content, dict):
        return Unreadable(line, _why_no_json(written))
    inner = next((content[name] for name in ("AuditData", "auditData") if name in content), None)
    written_at = moment_written(str(content.get("CreationDate") or content.get("createdDateTime") or ""))
    if isinstance(inner, str):
        return _record(line, inner, written_at)
    record = inner if isinstance(inner, dict) else content
    raw = json.dumps(inner, ensure_ascii=False) if isinstance(inner, dict) else written
    return _checked(line, record, raw, written_at)


# --- One record -------------------------------------------------------------------------------------------------------
def _record(line: int, written: str, written_at: str) -> Record | Unreadable:
    content = _loaded(written)
    if not isinstance(content, dict):
        return Unreadable(line, _why_no_json(written))
    return _checked(line, content, written, written_at)


def _loaded(written: str) -> Any:
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        return None


def _why_no_json(written: str) -> str:
    return "AuditData is empty." if not written.strip() else "AuditData is no JSON: it is broken or cut off."


def _checked(line: int, content: dict[str, Any], raw: str, written_at: str) -> Record | Unreadable:
    if not _is_id(content.get("Id")):
        return Unreadable(line, "The record has no id.")
    if not content.get("CreationTime") and not written_at:
        return Unreadable(line, "The record has no time.")
    return Record(line, content, raw.encode("utf-8", "surrogateescape"), written_at)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= LONGEST_ID
