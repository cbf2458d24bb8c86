"""Reading the mails that are tagged as the phish: the links and attachments by which their copies are known."""

from dataclasses import dataclass, field, replace

from graph import mail
from incidents.phish.links import read_typed, telling_links
from incidents.phish.matching import PhishContent
from remediation.actions.base import Stages
from remediation.actions.finders.content import HASHES, WITH_BODY, text_of
from remediation.actions.finders.copies import victim_of
from remediation.actions.finders.directory import Directory
from remediation.actions.finders.mailboxes import IDS_A_REQUEST, Box
from remediation.actions.finders.opening import Gaps, hash_files
from remediation.actions.finders.reading import Row, counted, read_all, sentences
from remediation.actions.finding import FindScope, Found, TaggedPhish

TAGGED = "Links and attachments of the tagged phish"
MOST_LINKS = 100  # of one mail
LONGEST_LINK = 2000  # characters
NOT_FOUND = "not found in the victim's mailbox any more, so copies were told by sender and subject only."
NO_TEXT = "Microsoft gave no text of the tagged mail, so its links are not known."


@dataclass(slots=True)
class Tagged:
    """What was read, by internet message id; `note` says what could not be, in words."""

    contents: dict[str, PhishContent] = field(default_factory=dict)
    note: str = ""
    is_refused: bool = False  # the next search may read more

    def gaps(self) -> list[Found]:
        """What is told of it; nothing where all was read."""
        told = Found(source=TAGGED, rows=len(self.contents), is_checked=not self.is_refused, note=self.note)
        return [told] if self.note else []

    def known(self, scope: FindScope) -> FindScope:
        """The scope with what was read."""
        return replace(scope, phish=tuple(self._with_content(tag) for tag in scope.phish))

    def _with_content(self, tag: TaggedPhish) -> TaggedPhish:
        read = self.contents.get(tag.internet_message_id)
        return replace(tag, links=read.links, attachment_hashes=read.attachment_hashes) if read else tag


def read_tagged(scope: FindScope) -> Stages[Tagged]:
    """Read the tagged mails of which that was not done yet, where they lie in the victim's mailbox."""
    wanted = {tag.internet_message_id: tag for tag in scope.phish if not tag.is_read and tag.internet_message_id}
    ids = list(wanted)
    chunks = [ids[start : start + IDS_A_REQUEST] for start in range(0, len(ids), IDS_A_REQUEST)]
    looks = yield from read_all([mail.by_internet_message_ids(scope.user_id, chunk, WITH_BODY) for chunk in chunks])
    unread = sentences(look.note for look in looks)
    rows = {str(row.get("internetMessageId")): row for look in looks for row in look.rows if row.get("id")}
    result = Tagged(note=unread, is_refused=bool(unread))
    for message_id, tag in wanted.items():
        if row := rows.get(message_id):
            content = yield from _read(row, tag, scope)
            result.contents[message_id] = content
            result.is_refused = result.is_refused or not content.is_whole
    missing = len(wanted) - len(result.contents)
    gone = "" if unread or not missing else f"{counted(missing, 'mail tagged as the phish')} {NOT_FOUND}"
    result.note = sentences([unread, gone, *(content.note for content in result.contents.values())])
    return result


def _read(row: Row, tag: TaggedPhish, scope: FindScope) -> Stages[PhishContent]:
    """What stands in one tagged mail. What is refused of its attachments now takes nothing away that is known."""
    box, gaps, text = Box(victim_of(scope, Directory([]))), Gaps(), text_of(row)
    if row.get("hasAttachments"):
        yield from hash_files([(box, row)], gaps, only_files=True)
    links = [str(link) for link in telling_links(text or "", scope.domains) if read_typed(str(link)) == link]
    shorter = [link for link in links if len(link) <= LONGEST_LINK]
    notes = [NO_TEXT if text is None else "", gaps.told()]
    if len(shorter[:MOST_LINKS]) < len(links):
        notes.append(f"Of {len(links)} links in the tagged mail, {len(shorter[:MOST_LINKS])} are compared.")
    known = tag.attachment_hashes if gaps.refused else ()
    hashes = sorted({*known, *row.get(HASHES, ())})
    return PhishContent(shorter[:MOST_LINKS], hashes, sentences(notes), is_whole=not gaps.refused)
