"""From messages in many mailboxes to copies of the phish, each with where it lies and why it matched."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from incidents.phish.matching import SAME_ATTACHMENT, SAME_LINK, Mail
from remediation.actions.base import Stages, moment
from remediation.actions.finders.content import HASHES, LINKS, Content
from remediation.actions.finders.directory import Directory, Person
from remediation.actions.finders.mailboxes import Ask, Box, Part, folders_of, name_folders, read_boxes, unread_note
from remediation.actions.finders.opening import open_mails
from remediation.actions.finders.reading import Look, Row, found, sentences, yes_no
from remediation.actions.finders.traces import Traces
from remediation.actions.finding import Candidate, FindScope, Found, details
from remediation.actions.signs import written

REASONS = "_reasons"  # why it is sought, beside its headers
Why = Callable[[Mail], tuple[str, ...]]  # why a message is one of those sought; () when it is not

LOOK_FIRST = "look first: from {}"
_DELETED, _OWN = "Already in Deleted Items", "The sender's own copy, in Sent Items"


@dataclass(slots=True, kw_only=True)
class Hunt:
    """A search through mailboxes that is about to begin."""

    source: str
    kind: str
    scope: FindScope
    people: Look
    traces: Traces
    asks: Sequence[Ask]
    judge: Callable[[Mapping[str, Box]], Why]  # may look at all that was read before it judges one message
    content: Content | None = None
    is_open: Callable[[Mail], bool] = bool  # whether it takes the content of a message to judge it
    akin: frozenset[str] = frozenset()  # who is asked only for such messages, by user id
    is_akin_whole: bool = True  # whether all such messages are looked at

    @property
    def asks_everybody(self) -> bool:
        return not self.traces.is_complete


def victims_of(scope: FindScope, directory: Directory) -> list[Person]:
    """The victim, if the search is about one."""
    return [victim_of(scope, directory)] if scope.user_id else []


def victim_of(scope: FindScope, directory: Directory) -> Person:
    """The victim's account; known by the scope alone where the directory could not be read."""
    alone = Person(user_id=scope.user_id, principal_name=scope.user_principal_name, mail=scope.mailbox)
    return directory.people.get(scope.user_id, alone)


def mailbox_owners(scope: FindScope, directory: Directory) -> list[Person]:
    """Everybody who may have a mailbox here, the victim first."""
    others = [person for person in directory.people.values() if person.mail and not person.is_guest]
    return [*victims_of(scope, directory), *(person for person in others if person.user_id != scope.user_id)]


def own_addresses(scope: FindScope) -> set[str]:
    """The victim's own addresses, lower case."""
    return {scope.mailbox.casefold(), scope.user_principal_name.casefold()}


def trace_mail(row: Row, person: Person | None = None) -> Mail:
    """What a message trace tells of a message."""
    return Mail(
        internet_message_id=str(row.get("messageId") or ""),
        sender=str(row.get("senderAddress") or ""),
        subject=str(row.get("subject") or ""),
        names=(person.display_name, person.mailbox) if person else (),
    )


def gather(hunt: Hunt) -> Stages[Found]:
    """Look into the mailboxes and list the copies. One stage; one more for folders within folders."""
    boxes = yield from read_boxes(hunt.asks)
    gaps, is_unopened = yield from _open(hunt, boxes)
    _choose(hunt, boxes)
    named = {ask.person.user_id for ask in hunt.asks if ask.part is Part.FOLDERS}
    holding = [box for box in boxes.values() if box.messages and box.person.user_id not in named]
    boxes = yield from read_boxes([ask for box in holding for ask in folders_of(box.person, with_sent=True)], boxes)
    boxes = yield from name_folders(boxes)
    # The victim's own mailbox stands first, the others by their address.
    ordered = sorted(boxes.values(), key=lambda box: (box.person.user_id != hunt.scope.user_id, box.person.mailbox))
    copies = [candidate for box in ordered for candidate in _copies(hunt, box)]
    may_be_missing = boxes.keys() if hunt.asks_everybody else hunt.akin
    note, is_incomplete = unread_note(boxes.values(), may_be_missing=may_be_missing)
    result = found(hunt.source, hunt.kind, [hunt.people], copies)
    result.rows = sum(box.looked_at for box in boxes.values())
    result.is_checked = result.is_checked and not is_incomplete and not is_unopened
    result.is_content_whole = hunt.is_akin_whole and not gaps
    result.note = sentences([hunt.traces.note, _people_note(hunt.people), note, gaps])
    return result


def _open(hunt: Hunt, boxes: Mapping[str, Box]) -> Stages[tuple[str, bool]]:
    for box in boxes.values():  # two questions may have found the same message
        box.messages = list({str(row["id"]): row for row in box.messages}.values())
    if hunt.content is None:
        return "", False
    return (yield from open_mails(boxes, hunt.content, lambda row, person: hunt.is_open(mail_of(row, person))))


def _choose(hunt: Hunt, boxes: Mapping[str, Box]) -> None:
    """Leave of all messages only those sought, each with why."""
    why = hunt.judge(boxes)
    for box in boxes.values():
        judged = [row | {REASONS: why(mail_of(row, box.person))} for row in box.messages]
        box.messages = [row for row in judged if row[REASONS]]


def _people_note(people: Look) -> str:
    words = "The tenant's accounts could not be listed, so not all mailboxes are known."
    return f"{words} {people.note}" if people.note else ""


def _copies(hunt: Hunt, box: Box) -> list[Candidate]:
    return [_candidate(hunt, box, row, row[REASONS]) for row in box.messages]


def mail_of(row: Row, person: Person) -> Mail:
    """A message of a mailbox, as mails are compared."""
    return Mail(
        internet_message_id=str(row.get("internetMessageId") or ""),
        sender=sender_of(row),
        subject=str(row.get("subject") or ""),
        names=(person.display_name, person.mailbox),
        links=row.get(LINKS, frozenset()),
        attachment_hashes=row.get(HASHES, frozenset()),
        received_at=moment(row.get("receivedDateTime")),
    )


def sender_of(row: Row) -> str:
    """The address in From."""
    return str(((row.get("from") or {}).get("emailAddress") or {}).get("address") or "")


def _candidate(hunt: Hunt, box: Box, row: Row, reasons: tuple[str, ...]) -> Candidate:
    folder_id, received_at = str(row.get("parentFolderId") or ""), moment(row.get("receivedDateTime"))
    state, is_uncertain = _state(box, row), _is_uncertain(hunt, reasons)
    principal_name = box.person.principal_name
    return Candidate(
        kind=hunt.kind,
        action_key="retract_message",
        target={
            "user_id": box.person.user_id,
            "message_id": str(row["id"]),
            "internet_message_id": str(row.get("internetMessageId") or ""),
            "mailbox": box.person.mailbox,
            "deleted_items_id": box.deleted_id,
        },
        title=str(row.get("subject") or "(no subject)"),
        facts=details(
            Mailbox=box.person.mailbox,
            From=sender_of(row),
            Folder=box.names.get(folder_id) or "Not known",
            Received=written(received_at) if received_at else "Not known",
            Read=yes_no(row.get("isRead")),
            Matched_because=reasons[0],
            State=state,
        ),
        reasons=(*reasons, LOOK_FIRST.format(sender_of(row))) if is_uncertain else reasons,
        is_suspicious=not state,
        is_uncertain=is_uncertain,
        protected_address=principal_name if principal_name.casefold() in hunt.scope.protected_accounts else "",
        before={"exists": True, "parentFolderId": folder_id, "isInDeletedItems": state == _DELETED},
    )


def _is_uncertain(hunt: Hunt, reasons: tuple[str, ...]) -> bool:
    """Whether a copy is known by its content alone, and nobody asked for just that."""
    is_by_content = reasons[0] in (SAME_LINK, SAME_ATTACHMENT)
    return hunt.content is not None and not hunt.content.is_needed and is_by_content


def _state(box: Box, row: Row) -> str:
    """What makes a copy harmless: where it lies. Empty when it still does harm."""
    folder_id = str(row.get("parentFolderId") or "")
    if folder_id and folder_id == box.deleted_id:
        return _DELETED
    is_own = sender_of(row).casefold() in {box.person.mailbox.casefold(), *box.person.addresses}
    return _OWN if is_own and folder_id and folder_id == box.sent_id else ""
