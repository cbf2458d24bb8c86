"""The cells of a log row. They are by far the most of a page of logs, so they are written here, not by a template."""

from collections.abc import Iterable

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from incidents.contexts.log_columns import Cell

register = template.Library()

TEXT = '<bdi class="clip {}" data-tip tabindex="0">{}</bdi>'
NOTE = '<bdi class="cell-note">{}</bdi>'
COPIED = (
    '<td class="nowrap"><span class="copy"><code class="mono">{}</code><button type="button" class="copy-btn" '
    'data-copy="{}" aria-label="Copy IP address"><svg class="icon" aria-hidden="true"><use href="{}#copy"></use></svg>'
    "</button></span></td>"
)


@register.simple_tag
def log_cells(cells: Iterable[Cell], icons: str) -> SafeString:
    """A row's cells; `icons` is the address of the pictures."""
    written: list[str] = []
    texts: list[str] = []
    for cell in cells:
        pattern, of_it = _cell(cell, icons)
        written.append(pattern)
        texts += of_it
    return format_html("".join(written), *texts)  # once for a row, for each takes its time


def _cell(cell: Cell, icons: str) -> tuple[str, list[str]]:
    """A cell as `format_html` takes it, and what is to be put in."""
    if cell.form == "copy" and cell.text:
        return COPIED, [cell.text, cell.text, icons]
    shown, texts = (TEXT, [cell.form, cell.text]) if cell.text else ("{}", [""])
    note, notes = (NOTE, [cell.note]) if cell.note else ("", [])
    return f'<td class="col-text">{shown}{note}</td>', texts + notes
