"""Looking into many mailboxes at once: for messages, and for the names of the folders that they lie in."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from graph import GraphError, NoMailbox, Request, in_plain_words, mail, odata
from remediation.actions.base import Stages
from remediation.actions.finders.content import BOXES_AT_ONCE, Content
from remediation.actions.finders.directory import Person
from remediation.actions.finders.reading import Look, Names, Row, counted, read_all, sentences

IDS_A_REQUEST = 12  # Graph takes 15 conditions in one filter
MESSAGES_A_PAGE = 100


Span = tuple[datetime, datetime | None]  # from then on, and before the other; None: up to now


class Part(StrEnum):
    """What is asked of a mailbox."""

    MESSAGES = "messages"
    FOLDERS = "folders"
    DELETED_ITEMS = "deleteditems"
    SENT_ITEMS = "sentitems"


@dataclass(slots=True)
class Box:
    """A mailbox as far as it was read. `names` are its folders' names by id."""

    person: Person
    messages: list[Row] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    deleted_id: str = ""
    sent_id: str = ""
    looked_at: int = 0  # messages that were read, kept or not
    problems: list[str] = field(default_factory=list)
    error: GraphError | None = None

    def take(self, part: Part, look: Look) -> None:
        """Add what was read of one part. Only unread messages are a gap: a folder without its name is told as such."""
        if part is Part.MESSAGES:
            self.messages += look.rows
            self.looked_at += look.seen
            self.problems += [look.note] if look.note else []
            self.error = self.error or look.error
            return
        self.names |= {str(row["id"]): str(row.get("displayName") or "") for row in look.rows if "id" in row}
        if part is Part.DELETED_ITEMS:
            self.deleted_id = str(look.only.get("id") or "")
        elif part is Part.SENT_ITEMS:
            self.sent_id = str(look.only.get("id") or "")

    def unnamed_folders(self) -> list[str]:
        """Ids of folders that messages lie in and whose names are not known yet: folders within folders."""
        ids = {str(message.get("parentFolderId") or "") for message in self.messages}
        return sorted(ids - self.names.keys() - {""})


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to one mailbox."""

    person: Person
    part: Part
    request: Request
    content: Content | None = None  # what its messages are compared with while they are read

    def look(self) -> Look:
        return self.content.look() if self.content else Look()


def by_ids(person: Person, ids: Iterable[str], content: Content | None = None) -> list[Ask]:
    """Look for messages with these internet message ids."""
    wanted = [each for each in dict.fromkeys(ids) if each]
    chunks = [wanted[start : start + IDS_A_REQUEST] for start in range(0, len(wanted), IDS_A_REQUEST)]
    select = content.select if content else mail.HEADERS
    requests = [mail.by_internet_message_ids(person.user_id, chunk, select=select) for chunk in chunks]
    return [Ask(person, Part.MESSAGES, request, content) for request in requests]


def by_sender(person: Person, sender: str, span: Span, content: Content | None = None) -> Ask:
    """Look for all that somebody sent into a mailbox in a span of time."""
    return received_in(person, span, f"from/emailAddress/address eq {odata.literal(sender)}", content)


def by_subject(person: Person, subject: str, span: Span, content: Content | None = None) -> Ask:
    """Look for all with this very subject in a mailbox in a span of time."""
    return received_in(person, span, f"subject eq {odata.literal(subject)}", content)


def received_in(person: Person, span: Span, condition: str = "", content: Content | None = None) -> Ask:
    """Look for all that came into a mailbox in a span of time, and meets a condition."""
    conditions = (_received(*span), condition, content.condition if content else "")
    request = mail.messages(
        person.user_id,
        filter=" and ".join(each for each in conditions if each),
        select=content.select if content else mail.HEADERS,
        top=content.page if content else MESSAGES_A_PAGE,
    )
    return Ask(person, Part.MESSAGES, request, content)


def sent_by(user_id: str, sender: str, since: datetime, select: Sequence[str] = mail.HEADERS) -> Request:
    """GET /users/{id}/messages?$filter: messages of a sender since then. Permission: Mail.ReadBasic.All."""
    wanted = f"{_received(since, None)} and from/emailAddress/address eq {odata.literal(sender)}"
    return mail.messages(user_id, filter=wanted, select=select, top=MESSAGES_A_PAGE)


def _received(since: datetime, until: datetime | None) -> str:
    """When: a condition for $filter."""
    received = f"receivedDateTime ge {odata.moment(since)}"
    return f"{received} and receivedDateTime lt {odata.moment(until)}" if until else received


def folders_of(person: Person, *, with_sent: bool = False) -> list[Ask]:
    """The names of the top folders, and which one is Deleted Items in any language (and Sent Items)."""
    user_id = person.user_id
    asks = [
        Ask(person, Part.FOLDERS, mail.folders(user_id)),
        Ask(person, Part.DELETED_ITEMS, mail.folder(user_id, "deleteditems")),
    ]
    if with_sent:
        asks.append(Ask(person, Part.SENT_ITEMS, mail.folder(user_id, "sentitems")))
    return asks


def read_boxes(asks: Sequence[Ask], known: Mapping[str, Box] | None = None) -> Stages[dict[str, Box]]:
    """Ask all mailboxes, at once where only headers are asked for. Returns what each holds, by user id.

    `known` boxes are added to.
    """
    boxes = dict(known or {})
    # With their texts, messages are too much to be read everywhere at once.
    size = BOXES_AT_ONCE if any(ask.content for ask in asks) else max(1, len(asks))
    for start in range(0, len(asks), size):
        group = asks[start : start + size]
        looks = yield from read_all([ask.request for ask in group], [ask.look() for ask in group])
        for ask, look in zip(group, looks, strict=True):
            boxes.setdefault(ask.person.user_id, Box(ask.person)).take(ask.part, look)
    return boxes


def name_folders(boxes: Mapping[str, Box]) -> Stages[dict[str, Box]]:
    """Ask for the names of folders within folders, where messages lie in such."""
    asks = [
        Ask(box.person, Part.FOLDERS, mail.folder(box.person.user_id, folder_id))
        for box in boxes.values()
        for folder_id in box.unnamed_folders()
    ]
    return (yield from read_boxes(asks, boxes))


def unread_note(boxes: Iterable[Box], *, may_be_missing: Container[str]) -> tuple[str, bool]:
    """What could not be read, by reason and with the first addresses, and whether that leaves the check incomplete.

    Accounts of `may_be_missing` (ids) without a mailbox are no gap: there is nothing of theirs to look at. Another is
    one: a message trace says that a copy was delivered there.
    """
    asked, unread, without = list(boxes), defaultdict[tuple[str, str], list[str]](list), []
    for box in asked:
        if box.person.user_id in may_be_missing and isinstance(box.error, NoMailbox):
            without.append(box.person.mailbox)
        elif box.problems:
            why = ("not read", in_plain_words(box.error)) if box.error else ("not read to the end", box.problems[0])
            unread[why].append(box.person.mailbox)
    names = Names()
    notes = [
        f"{counted(len(mailboxes), 'mailbox')} of {len(asked)} {how}{names.take(mailboxes)}: {reason}"
        for (how, reason), mailboxes in unread.items()
    ]
    if without:
        accounts = f"{counted(len(without), 'account')} without a mailbox in Exchange Online{names.take(without)}"
        notes.append(f"Passed over: {accounts}: unlicensed, deleted, or hosted on-premises, where Petra cannot look.")
    return sentences(notes), bool(unread)
