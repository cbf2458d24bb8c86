"""Tables as CSV and Excel, row by row, so that what is written is never all in memory."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from tempfile import TemporaryFile
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from incidents.exports.cells import cell

Table = tuple[str, Sequence[str], Iterable[Sequence[Any]]]  # name of the sheet, heads, rows
LONGEST_NAME = 31  # characters of a sheet's name
BOM = "\ufeff"  # without it Excel takes a CSV's letters for those of an old code page


def csv_lines(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """A CSV, a line at a time."""
    line = io.StringIO()
    writer = csv.writer(line, quoting=csv.QUOTE_ALL)
    begin = BOM
    for row in chain([heads], rows):
        writer.writerow([cell(value) for value in row])
        yield begin + line.getvalue()
        begin = ""
        line.seek(0)
        line.truncate()


def workbook_of(tables: Iterable[Table]) -> bytes:
    """An Excel file with a sheet a table."""
    book = Workbook(write_only=True)
    for name, heads, rows in tables:
        sheet = book.create_sheet(name[:LONGEST_NAME])
        sheet.freeze_panes = "A2"
        sheet.append([_head(sheet, head) for head in heads])
        for row in rows:
            sheet.append([_told(sheet, value) for value in row])
    with TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        return file.read()


def _head(sheet: Any, head: str) -> WriteOnlyCell:
    made = WriteOnlyCell(sheet, value=head)
    made.font = Font(bold=True)
    return made


def _told(sheet: Any, value: Any) -> WriteOnlyCell:
    """As text, whatever it looks like: Excel takes no cell of this kind for a formula."""
    written = cell(value)
    made = WriteOnlyCell(sheet, value=written)
    if isinstance(written, str):
        made.data_type = "s"
    return made
