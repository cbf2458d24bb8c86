"""Reading the mails that are tagged as the phish: the links and attachments by which their copies are known."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from graph import mail
from incidents.phish.links import telling_links
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
ONLY_HEADERS = "What stands in it is not known, so its copies were told by sender and subject only."


@dataclass(slots=True)
class Tagged:
    """What was read, by internet message id; `note` says what was not, in words."""

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
        content = self.contents.get(tag.internet_message_id)
        return replace(tag, **content._asdict(), is_read=True) if content else tag


def read_tagged(scope: FindScope) -> Stages[Tagged]:
    """Read the tagged mails of which that was not done yet, where they lie in the victim's mailbox."""
    wanted = [tag.internet_message_id for tag in scope.phish if not tag.is_read and tag.internet_message_id]
    chunks = [wanted[start : start + IDS_A_REQUEST] for start in range(0, len(wanted), IDS_A_REQUEST)]
    looks = yield from read_all([mail.by_internet_message_ids(scope.user_id, ids, WITH_BODY) for ids in chunks])
    box, gaps = Box(victim_of(scope, Directory([]))), Gaps()
    rows = {str(row.get("internetMessageId")): row for look in looks for row in look.rows}
    yield from hash_files([(box, row) for row in rows.values() if row.get("hasAttachments")], gaps, with_inline=False)
    contents = {}
    for message_id, row in rows.items():
        text = text_of(row)
        if text is None:
            gaps.texts["Microsoft gave no text of it"].append(scope.mailbox)
        elif str(row["id"]) not in gaps.refused:
            contents[message_id] = _content_of(row, text, scope)
    unread = sentences(look.note for look in looks)
    gone = "" if unread else _gone([message_id for message_id in wanted if message_id not in rows])
    only_headers = ONLY_HEADERS if len(contents) < len(wanted) else ""
    note = sentences([unread, gone, gaps.told(), only_headers])
    return Tagged(contents, note, is_refused=bool(unread or gaps.refused))


def _content_of(row: Row, text: str, scope: FindScope) -> PhishContent:
    links = sorted(str(link) for link in telling_links(text, scope.domains))
    return PhishContent(
        links=[link for link in links if len(link) <= LONGEST_LINK][:MOST_LINKS],
        attachment_hashes=sorted(row.get(HASHES, frozenset())),
    )


def _gone(ids: Sequence[str]) -> str:
    return f"{counted(len(ids), 'mail tagged as the phish')} not found in the victim's mailbox any more." if ids else ""
