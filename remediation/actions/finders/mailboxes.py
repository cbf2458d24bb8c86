"""Looking into many mailboxes at once: for messages, and for the names of the folders that they lie in."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from graph import GraphError, NoMailbox, Request, in_plain_words, mail, odata
from remediation.actions.base import Stages
from remediation.actions.finders.directory import Person
from remediation.actions.finders.reading import Look, Row, read_all, sentences, shown

IDS_A_REQUEST = 12  # Graph takes 15 conditions in one filter
MESSAGES_A_PAGE = 100
MOST_NAMED = 20  # addresses in one note
WITH_BODY = (*mail.HEADERS, "body")


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
    problems: list[str] = field(default_factory=list)
    error: GraphError | None = None

    def take(self, part: Part, look: Look) -> None:
        """Add what was read of one part. Only unread messages are a gap: a folder without its name is told as such."""
        if part is Part.MESSAGES:
            self.messages += look.rows
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


def by_ids(person: Person, ids: Iterable[str]) -> list[Ask]:
    """Look for messages with these internet message ids."""
    wanted = [each for each in dict.fromkeys(ids) if each]
    chunks = [wanted[start : start + IDS_A_REQUEST] for start in range(0, len(wanted), IDS_A_REQUEST)]
    return [Ask(person, Part.MESSAGES, mail.by_internet_message_ids(person.user_id, chunk)) for chunk in chunks]


def by_sender(person: Person, sender: str, since: datetime, until: datetime | None = None) -> Ask:
    """Look for all that somebody sent into a mailbox since then, and before `until`."""
    return Ask(person, Part.MESSAGES, sent_by(person.user_id, sender, since, until))


def by_subject(person: Person, subject: str, since: datetime, until: datetime | None = None) -> Ask:
    """Look for all with this very subject in a mailbox since then, and before `until`."""
    wanted = f"{_received(since, until)} and subject eq {odata.literal(subject)}"
    return Ask(person, Part.MESSAGES, mail.messages(person.user_id, filter=wanted, top=MESSAGES_A_PAGE))


def sent_by(
    user_id: str, sender: str, since: datetime, until: datetime | None = None, select: Sequence[str] = mail.HEADERS
) -> Request:
    """GET /users/{id}/messages?$filter: messages of a sender since then, and before `until`.

    Permission: Mail.ReadBasic.All. https://learn.microsoft.com/graph/api/user-list-messages
    """
    wanted = f"{_received(since, until)} and from/emailAddress/address eq {odata.literal(sender)}"
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
    """Ask all mailboxes at once. Returns what each holds, by user id; `known` boxes are added to."""
    boxes = dict(known or {})
    looks = yield from read_all([ask.request for ask in asks])
    for ask, look in zip(asks, looks, strict=True):
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


def unread_note(boxes: Iterable[Box], *, asked_everybody: bool) -> tuple[str, bool]:
    """What could not be read, by reason and with the first addresses, and whether that leaves the check incomplete.

    When everybody was asked, accounts without a mailbox are no gap: there is nothing of theirs to look at. When a
    message trace says that a copy was delivered there, they are one.
    """
    asked, unread, without = list(boxes), defaultdict[str, list[str]](list), []
    for box in asked:
        if asked_everybody and isinstance(box.error, NoMailbox):
            without.append(box.person.mailbox)
        elif box.problems:
            unread[in_plain_words(box.error) if box.error else box.problems[0]].append(box.person.mailbox)
    names = _Names()
    notes = [
        f"{_count(len(mailboxes), 'mailbox')} of {len(asked)} not read{names.take(mailboxes)}: {reason}"
        for reason, mailboxes in unread.items()
    ]
    if without:
        accounts = f"{_count(len(without), 'account')} without a mailbox in Exchange Online{names.take(without)}"
        notes.append(f"Passed over: {accounts}: unlicensed, deleted, or hosted on-premises, where Petra cannot look.")
    return sentences(notes), bool(unread)


class _Names:
    """The addresses that a note has room for: the first ones of each list, as long as there is room."""

    def __init__(self) -> None:
        self.left = MOST_NAMED

    def take(self, addresses: Sequence[str]) -> str:
        """In brackets, "a, b and 3 more"; empty when there is no room for a single one."""
        named = sorted(shown(address) for address in addresses)[: self.left]
        self.left -= len(named)
        more = f" and {len(addresses) - len(named)} more" if len(addresses) > len(named) else ""
        return f" ({', '.join(named)}{more})" if named else ""


def _count(count: int, noun: str) -> str:
    plural = f"{noun}es" if noun.endswith("x") else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}"
