"""What stands within mails: links in their text, and files attached to them.

Microsoft can be asked for neither: a filter knows headers, a search knows words and not where a link leads. So the
texts are read and compared here, page by page; of a text nothing is kept but which of the wanted links stand in it.
"""

from dataclasses import dataclass

from graph import mail
from incidents.phish.links import Link, all_links
from remediation.actions.finders.reading import Look, Row, counted

WITH_BODY = (*mail.HEADERS, "body")
LINKS, HASHES = "_wanted_links", "_attachment_hashes"  # what was found in a mail, beside its headers
BODIES_A_PAGE, HEADERS_A_PAGE = 25, 100
MOST_PAGES = 80  # of one mailbox: 2000 texts, or 8000 mails with attachments
BOXES_AT_ONCE = 40  # texts of so many mailboxes are in memory together, a page of each


@dataclass(slots=True, kw_only=True)
class Content:
    """The links and hashes (SHA-256 in hex) that are looked for; a mail with one of the `ids` is meant without them.

    Where they are needed, a mail without any of them is not meant: texts are read with the headers then. Where they
    are not, headers decide first, and only mails that these leave open are opened.
    """

    links: frozenset[Link]
    hashes: frozenset[str]
    ids: frozenset[str]
    is_needed: bool
    without_text: int = 0  # mails whose text Microsoft did not give

    @property
    def select(self) -> tuple[str, ...]:
        return WITH_BODY if self.links else mail.HEADERS

    @property
    def page(self) -> int:
        return BODIES_A_PAGE if self.links else HEADERS_A_PAGE

    @property
    def condition(self) -> str:
        """What narrows a question to mails in which it could stand; for $filter."""
        return "" if self.links else "hasAttachments eq true"

    @property
    def note(self) -> str:
        """What could not be looked at; empty when nothing."""
        return f"The text of {counted(self.without_text, 'mail')} could not be read." if self.without_text else ""

    def look(self) -> Look:
        return Look(keep=self._keep, most_pages=MOST_PAGES)

    def read(self, row: Row) -> Row:
        """A mail without its text, but with those of the links that stand in it."""
        return {name: value for name, value in row.items() if name != "body"} | {LINKS: self._links_of(row)}

    def _keep(self, row: Row) -> Row | None:
        """The mail as it was read, if it is one of those or may become one when its attachments are opened."""
        kept = self.read(row)
        may_hold_file = bool(self.hashes and row.get("hasAttachments"))
        return kept if kept[LINKS] or may_hold_file or row.get("internetMessageId") in self.ids else None

    def _links_of(self, row: Row) -> frozenset[Link]:
        if not self.links:
            return frozenset()
        text = text_of(row)
        if text is None:
            self.without_text += 1
            return frozenset()
        found = all_links(text)
        return frozenset(wanted for wanted in self.links if any(wanted.covers(link) for link in found))


def text_of(row: Row) -> str | None:
    """The text of a mail; None where Microsoft did not give it."""
    text = (row.get("body") or {}).get("content")
    return None if text is None else str(text)
