"""What the attacker did to mail and files, counted from the attacker's log rows.

A message is counted once for each kind of act, by its internet message id, however many rows name it: Microsoft writes
one access in several records. A row that names no message counts as one of its own (a draft without an id, a folder's
permissions). A synchronized folder counts no messages: all of it has to be taken as read. Of a row that named more
messages than are kept, those beyond are added to the figure as they are: it is then the most that it can be.

Operations: https://learn.microsoft.com/purview/audit-mailboxes and audit-log-activities
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Protocol

from incidents.enums import MailAccess, Workload
from incidents.evidence.words import operation_name
from incidents.models import Incident, LogRecord
from incidents.selectors import attacker_records

MOST_ROWS = 20_000  # of the attacker's, looked at; beyond it the counts are told as cut off
PLACES_FROM = 4  # rows of a file, the latest, that tell where it lies
VISIT_GAP = timedelta(hours=1)  # a longer silence ends a visit

ACCESSED, SENT, MODIFIED, DELETED = "accessed", "sent", "modified", "deleted"
KINDS: dict[str, frozenset[str]] = {
    ACCESSED: frozenset({"MailItemsAccessed"}),
    SENT: frozenset({"Send", "SendAs", "SendOnBehalf"}),
    MODIFIED: frozenset(
        {
            "Create", "Move", "Copy", "Update", "ApplyRecord", "UpdateComplianceTag",
            "AddFolderPermissions", "ModifyFolderPermissions", "RemoveFolderPermissions", "UpdateFolderPermissions",
            "UpdateCalendarDelegation",
        }
    ),
    DELETED: frozenset({"MoveToDeletedItems", "SoftDelete", "HardDelete", "RecordDelete", "PriorityCleanupDelete"}),
}  # fmt: skip
# Beside those whose name begins with "File": folders with all that is in them, and what is given to others.
FILE_OPERATIONS = frozenset(
    {
        "FolderCopied", "FolderDeleted", "FolderMoved", "FolderRecycled", "FolderRenamed", "FolderRestored",
        "FolderDeletedFirstStageRecycleBin", "FolderDeletedSecondStageRecycleBin",
        "SharingSet", "SharingInvitationCreated", "AnonymousLinkCreated", "AnonymousLinkUpdated", "AnonymousLinkUsed",
        "CompanyLinkCreated", "SecureLinkCreated", "AddedToSecureLink",
    }
)  # fmt: skip
UNNAMED_FOLDER = "a folder that the record does not name"
KIND_OF = {operation: kind for kind, operations in KINDS.items() for operation in operations}


class ImpactRow(Protocol):
    """The columns of a log row that are looked at."""

    pk: int
    workload: str
    operation: str
    occurred_at: datetime
    subject: str
    item: str
    item_count: int
    mail_access: str
    is_throttled: bool
    messages: list[dict[str, str]]


COLUMNS = (
    "workload", "operation", "occurred_at", "subject", "item", "item_count", "mail_access", "is_throttled", "messages",
)  # fmt: skip


@dataclass(slots=True)
class MessageImpact:
    """One message, or one row that names none: `internet_message_id` is empty then, and `row_id` tells the row."""

    internet_message_id: str
    row_id: int = 0
    subject: str = ""
    sender: str = ""
    attachments: str = ""
    folders: list[str] = field(default_factory=list)
    operations: dict[str, int] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)
    last_at: datetime | None = None

    def take(self, row: ImpactRow, kind: str, message: dict[str, str]) -> None:
        """Take in what a row says of it."""
        self.subject = self.subject or message.get("subject", "")
        self.sender = self.sender or message.get("sender", "")
        self.attachments = self.attachments or message.get("attachments", "")
        folder = message.get("folder", "")
        if folder and folder not in self.folders:
            self.folders.append(folder)
        self.operations[row.operation] = self.operations.get(row.operation, 0) + 1
        self.kinds.add(kind)
        self.last_at = max(self.last_at or row.occurred_at, row.occurred_at)


@dataclass(slots=True)
class FileImpact:
    """One file of SharePoint or OneDrive, by the name that the rows give it; `row_ids` are the latest of them."""

    name: str
    operations: dict[str, int] = field(default_factory=dict)
    last_at: datetime | None = None
    row_ids: list[int] = field(default_factory=list)


@dataclass(slots=True)
class KindCount:
    """`messages`: distinct ones, and rows that name none, of which there are `unnamed`; `operations`: rows; `unlisted`:
    messages that rows counted but that are too many to be listed, at most.
    """

    messages: int = 0
    operations: int = 0
    unnamed: int = 0
    unlisted: int = 0


@dataclass(slots=True)
class Impact:
    """What was done in the attacker's window, from `first_at` to `last_at`; `visits` with less than an hour between two
    acts last `active` in all. `throttled_at` and `throttled_last_at`: when Microsoft first and last stopped recording
    mail accesses. `rows_left_out` were beyond the most that is looked at.
    """

    counts: dict[str, KindCount] = field(default_factory=lambda: {kind: KindCount() for kind in KINDS})
    messages: list[MessageImpact] = field(default_factory=list)
    files: list[FileImpact] = field(default_factory=list)
    synced_folders: list[str] = field(default_factory=list)
    throttled_at: datetime | None = None
    throttled_last_at: datetime | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None
    active: timedelta = timedelta(0)
    visits: int = 0
    rows: int = 0
    rows_left_out: int = 0

    @property
    def is_cut_off(self) -> bool:
        return bool(self.rows_left_out) or any(count.unlisted for count in self.counts.values())


def impact_of(incident: Incident) -> Impact:
    """The impact of the attacker on an incident's account: two queries, whatever there is."""
    rows = attacker_records(incident)
    found = list(rows.only(*COLUMNS)[: MOST_ROWS + 1])
    impact = impact_from(found[:MOST_ROWS])
    if len(found) > MOST_ROWS:
        impact.rows_left_out = rows.count() - MOST_ROWS
    return impact


def impact_from(rows: Iterable[ImpactRow]) -> Impact:
    """The impact that rows tell of; they are in order of time, oldest first."""
    impact, messages, files = Impact(), dict[str, MessageImpact](), dict[str, FileImpact]()
    seen: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for row in rows:
        _visit(impact, row)
        kind = KIND_OF.get(operation_name(row.operation))
        if row.workload == Workload.SHAREPOINT:
            _file(files, row)
        elif kind and row.workload == Workload.EXCHANGE:
            _mail(impact, messages, seen[kind], row, kind)
    for kind, keys in seen.items():
        impact.counts[kind].messages = len(keys) + impact.counts[kind].unlisted
    impact.messages = sorted(messages.values(), key=attrgetter("last_at"), reverse=True)
    impact.files = sorted(files.values(), key=attrgetter("last_at"), reverse=True)
    return impact


def _visit(impact: Impact, row: ImpactRow) -> None:
    """Count the row into the time that the attacker was there."""
    if impact.last_at is None or row.occurred_at - impact.last_at > VISIT_GAP:
        impact.visits += 1
    else:
        impact.active += row.occurred_at - impact.last_at
    impact.first_at = impact.first_at or row.occurred_at
    impact.last_at = row.occurred_at
    impact.rows += 1


def _mail(impact: Impact, messages: dict[str, MessageImpact], seen: set[str], row: ImpactRow, kind: str) -> None:
    count = impact.counts[kind]
    count.operations += 1
    if row.is_throttled:
        impact.throttled_at = impact.throttled_at or row.occurred_at
        impact.throttled_last_at = row.occurred_at
    if row.mail_access == MailAccess.SYNC:
        folder = row.item or UNNAMED_FOLDER
        if folder not in impact.synced_folders:
            impact.synced_folders.append(folder)
        if not row.messages:
            return
    count.unnamed += not row.messages
    for key, message in _named(row):
        seen.add(key)
        if key not in messages:
            messages[key] = MessageImpact(message["id"], 0 if message["id"] else row.pk)
        messages[key].take(row, kind, message)
    count.unlisted += max(0, row.item_count - max(1, len(row.messages)))


def _named(row: ImpactRow) -> Iterator[tuple[str, dict[str, str]]]:
    """The messages of a row, each with its key; a row that names none is a message of its own."""
    if not row.messages:
        yield f"row {row.pk}", {"id": "", "subject": row.subject, "folder": row.item}
    for message in messages_in(row):
        yield message["id"], message


def messages_in(row: ImpactRow | LogRecord) -> list[dict[str, str]]:
    """The messages that a row names by id, all of their values texts."""
    listed = (one for one in row.messages if isinstance(one, dict) and isinstance(one.get("id"), str) and one["id"])
    return [{name: value for name, value in one.items() if isinstance(value, str)} for one in listed]


def _file(files: dict[str, FileImpact], row: ImpactRow) -> None:
    is_of_file = row.operation.startswith("File") or row.operation in FILE_OPERATIONS
    if not is_of_file or not row.item:
        return
    found = files.setdefault(row.item, FileImpact(row.item))
    found.operations[row.operation] = found.operations.get(row.operation, 0) + 1
    found.last_at = row.occurred_at
    found.row_ids = [*found.row_ids, row.pk][-PLACES_FROM:]
