"""What goes into a cell of a CSV or Excel file. Records hold an attacker's words: none of them may become a formula.

https://owasp.org/www-community/attacks/CSV_Injection
"""

import re
import unicodedata
from datetime import datetime
from typing import Any

from django.utils import timezone

LONGEST = 32_000  # characters; Excel takes 32,767 in a cell
CUT = "… (cut off)"
# What begins a formula in a spreadsheet, full-width forms included; a tab or line end may stand before it.
_FORMULA = re.compile(r"^[\s]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20|%]")
# What XML 1.0 forbids, and the marks that turn the direction of text around.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")


def clean(value: Any) -> str:
    """A value as text that may stand in any document: no control characters, no marks that turn its direction."""
    return _UNWANTED.sub("", "" if value is None else str(value))


def cell(value: Any) -> str | int | float:
    """A value for a cell. Numbers stay numbers; what a spreadsheet would take for a formula gets an apostrophe."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return time_cell(value)
    written = clean(value)
    if len(written) > LONGEST:
        written = written[:LONGEST] + CUT
    return f"'{written}" if _FORMULA.match(written) else written


def time_cell(at: datetime | None) -> str:
    """A time in the active zone, which it names: it sorts as text within one zone."""
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S %Z}" if at else ""


def file_name(*parts: str, ending: str) -> str:
    """A name that any system takes: letters without their accents, digits and dashes."""
    bare = [unicodedata.normalize("NFKD", clean(part)).encode("ascii", "ignore").decode() for part in parts]
    words = [re.sub(r"[^\w]+", "-", part, flags=re.ASCII).strip("-") for part in bare]
    return f"{'-'.join(word for word in words if word)[:120] or 'petra'}.{ending}"
