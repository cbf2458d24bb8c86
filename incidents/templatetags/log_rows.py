"""The rows of the logs. They are by far the most of a page of logs, so they are written here, not by a template."""

from collections.abc import Iterator
from html import escape

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from incidents.contexts.log_columns import Cell
from incidents.contexts.logs import LogRow, LogsView
from tenants.templatetags.moments import LOG_TIME

register = template.Library()

ICON = '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>'
WHAT = (
    '<tr id="record-{0}" class="{1}" data-row><td class="col-time"><a class="row-link" id="record-{0}-open" '
    'href="{2}" data-drawer><time class="time" datetime="{3}">{4}</time></a></td><td class="log-what"><bdi>{5}</bdi>'
)
ATTACKER = f' <span class="badge badge-red">{ICON}Attacker</span>'
ATTACKER_UNCOMMON = f' <span class="badge badge-red" data-tip="{{}} {{}}" tabindex="0">{ICON}Attacker</span>'
UNCOMMON = (
    ' <span class="badge badge-amber" data-tip="{0} {1}" tabindex="0">Uncommon {1}'
    '<span class="visually-hidden">: not used by this person in the 30 days before</span></span>'
)
NOT_USED = "Not used by this person in the 30 days before:"
PHISH = f' <span class="badge badge-violet">{ICON}Phish</span>'
TEXT = '<bdi class="clip {}" data-tip tabindex="0">{}</bdi>'
NOTE = '<bdi class="cell-note">{}</bdi>'
COPIED = (
    '<td class="nowrap"><span class="copy"><code class="mono">{}</code><button type="button" class="copy-btn" '
    f'data-copy="{{}}" aria-label="Copy IP address">{ICON}</button></span></td>'
)
MARK = '<button class="btn btn-small" type="submit" form="mark-form" name="record" value="{0}" id="mark-{0}"'
UNMARK_AT = ' formaction="{}"'
MARKED = '{}<span class="visually-hidden">: {}</span></button>'
SEVERAL = f'<a class="btn btn-small" id="marks-{{}}" href="{{}}" data-drawer>{ICON}Mark one of {{}}</a>'


@register.simple_tag
def log_rows(logs: LogsView, can_act: bool, icons: str) -> SafeString:
    """All rows of a page; `icons` is the address of the pictures."""
    can_mark = can_act and logs.can_mark
    rows = "".join(piece for row in logs.rows for piece in _row(row, logs, can_mark, icons))
    return SafeString(rows)  # nosec B703  # all that is put into it is escaped by `_filled`


def _filled(pattern: str, *texts: str) -> str:
    """A piece of HTML with every text that is put in escaped; `format_html` takes more than twice as long for it."""
    return pattern.format(*map(escape, texts))


def _row(row: LogRow, logs: LogsView, can_mark: bool, icons: str) -> Iterator[str]:
    tone = "is-attacker" if row.is_attacker else "is-uncommon" if row.uncommon else ""
    shown = format(timezone.localtime(row.at), LOG_TIME)
    yield _filled(WHAT, row.key, tone, row.url, row.at.isoformat(), shown, row.words)
    yield from _badges(row, icons)
    yield _filled(NOTE, row.operation) if row.operation else ""
    yield "</td>"
    for cell in row.cells:
        yield from _cell(cell, icons)
    if can_mark:
        yield '<td class="col-actions">'
        yield from _mark(row, logs, icons)
        yield "</td>"
    yield "</tr>"


def _badges(row: LogRow, icons: str) -> Iterator[str]:
    if row.is_attacker and row.uncommon:
        yield _filled(ATTACKER_UNCOMMON, NOT_USED, row.uncommon, icons, "alert-triangle")
    elif row.is_attacker:
        yield _filled(ATTACKER, icons, "alert-triangle")
    elif row.uncommon:
        yield _filled(UNCOMMON, NOT_USED, row.uncommon)
    if row.is_phish:
        yield _filled(PHISH, icons, "fish-hook")


def _cell(cell: Cell, icons: str) -> Iterator[str]:
    if cell.form == "copy" and cell.text:
        yield _filled(COPIED, cell.text, cell.text, icons, "copy")
        return
    yield '<td class="col-text">'
    if cell.text:
        yield _filled(TEXT, cell.form, cell.text)
    if cell.note:
        yield _filled(NOTE, cell.note)
    yield "</td>"


def _mark(row: LogRow, logs: LogsView, icons: str) -> Iterator[str]:
    """The act for the one message that the row is about; where it names several, the way to them."""
    if message := row.only_message:
        yield _filled(MARK, row.key)
        yield f"{_filled(UNMARK_AT, logs.unmark_url)}>" if message.is_phish else f">{_filled(ICON, icons, 'fish-hook')}"
        yield _filled(MARKED, message.act_label, message.title)
    elif row.messages:
        yield _filled(SEVERAL, row.key, row.url, icons, "fish-hook", str(len(row.messages)))
