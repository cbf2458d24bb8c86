"""A file of log records in batches, ready to be stored: parsed, each record once, with what could not be read."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from incidents.enums import LogSource
from incidents.evidence import unified_audit_log
from incidents.evidence.rows import Row, Sheet, row_of, sheet_of
from incidents.imports.reading import Record, Unreadable, log_open

BATCH = 5000  # rows


@dataclass(slots=True)
class Batch:
    """Some rows of a file, one after the other."""

    count: int  # of all rows, the unreadable ones too
    position: int  # in the file, in bytes, behind them
    sheet: Sheet
    people: set[str]  # who acts in them
    unreadable: list[Unreadable]


def batches_of(path: Path, *, tenant_id: int, skip: int) -> Generator[Batch]:
    """The rows of a file behind the first `skip`. Asks the database nothing.

    Raises:
        NotALog: when the file is none.
        OSError: when it cannot be read.
    """
    with log_open(path) as file, closing(file.rows()) as all_rows:
        rows = islice(all_rows, skip, None)
        while taken := list(islice(rows, BATCH)):
            yield _batch(taken, file.position, tenant_id)


def _batch(taken: list[Record | Unreadable], position: int, tenant_id: int) -> Batch:
    rows: list[Row] = []
    unreadable: list[Unreadable] = []
    for one in taken:
        read = one if isinstance(one, Unreadable) else _row(one)
        if isinstance(read, Unreadable):
            unreadable.append(read)
        else:
            rows.append(read)
    sheet = sheet_of(rows, tenant_id=tenant_id, source=LogSource.UNIFIED_AUDIT_LOG)
    return Batch(len(taken), position, sheet, {row.user_principal_name for row in rows}, unreadable)


def _row(one: Record) -> Row | Unreadable:
    columns = unified_audit_log.parse({"auditData": one.content, "createdDateTime": one.written_at})
    return row_of(columns, one.raw) if columns else Unreadable(one.line, "The time of the record cannot be read.")
