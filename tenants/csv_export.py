"""A table as CSV that a spreadsheet shows as it is: what an attacker wrote is never a formula there."""

import csv
import io
from collections.abc import Iterable

# With these a spreadsheet begins a formula; some also in their full-width forms, and past spaces.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
BOM = "\ufeff"  # without it Excel takes UTF-8 for something else


def safe_cell(value: object) -> str:
    """The value as text; with an apostrophe before what a spreadsheet would take for a formula. None is empty."""
    if value is None:
        return ""
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV, every cell safe and quoted, with the mark by which Excel knows UTF-8."""
    out = io.StringIO()
    out.write(BOM)
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue()
