"""Opening the attachments of mails and comparing their hashes. Bytes are hashed as they come, and never kept."""

import base64
import binascii
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from graph import Request, Response, in_plain_words, mail
from remediation.actions.base import Stages
from remediation.actions.finders.content import HASHES, LINKS, Content
from remediation.actions.finders.directory import Person
from remediation.actions.finders.mailboxes import Box
from remediation.actions.finders.reading import Look, Names, Row, counted, read_all, sentences

MOST_MAILS = 400  # whose attachments are opened in one search of a tenant
LARGEST = 20_000_000  # bytes of a file that is still fetched
BYTES_AT_ONCE = 8_000_000  # in memory together
FILE = "#microsoft.graph.fileAttachment"
_NO_BYTES = "they are mails, or links to files elsewhere, of which Microsoft gives no bytes"

MayBe = Callable[[Row, Person], bool]


@dataclass(frozen=True, slots=True)
class _File:
    box: Box
    row: Row
    size: int
    request: Request


@dataclass(slots=True)
class _Gaps:
    """What was not compared: the mailboxes of it, by what is said of it."""

    mails: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    attachments: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def told(self) -> str:
        names = Names()
        told = [("mail with attachments", "opened", self.mails), ("attachment", "compared", self.attachments)]
        return sentences(
            f"{counted(len(boxes), noun)} not {act}{names.take(list(set(boxes)))}: {reason.rstrip('.')}."
            for noun, act, gaps in told
            for reason, boxes in gaps.items()
        )


def compare(boxes: Mapping[str, Box], content: Content, may_be: MayBe) -> Stages[str]:
    """Open the attachments of the mails in which one of the wanted files may be, and leave of all only those meant.

    `may_be` says whether a mail is one of those sought but for what it holds. Returns what was not compared, in words.
    """
    gaps = _Gaps()
    for box in boxes.values():
        box.messages = list({str(row["id"]): row for row in box.messages}.values())
    if content.hashes:
        mails = _to_be_opened(boxes, may_be, gaps)
        looks = yield from read_all([mail.attachments(box.person.user_id, str(row["id"])) for box, row in mails])
        files = [file for (box, row), look in zip(mails, looks, strict=True) for file in _files(box, row, look, gaps)]
        for bundle in _bundles(files):
            responses = yield [file.request for file in bundle]
            for file, response in zip(bundle, responses, strict=True):
                _take(file, response, content, gaps)
    for box in boxes.values():
        box.messages = [row for row in box.messages if _is_meant(row, content)]
    return sentences([content.note, gaps.told()])


def _is_meant(row: Row, content: Content) -> bool:
    return bool(row.get(LINKS) or row.get(HASHES)) or row.get("internetMessageId") in content.ids


def _to_be_opened(boxes: Mapping[str, Box], may_be: MayBe, gaps: _Gaps) -> list[tuple[Box, Row]]:
    """The newest of the mails that may hold the file; what is meant already is not opened."""
    mails = [
        (box, row)
        for box in boxes.values()
        for row in box.messages
        if row.get("hasAttachments") and not row.get(LINKS) and may_be(row, box.person)
    ]
    mails.sort(key=lambda each: str(each[1].get("receivedDateTime") or ""), reverse=True)
    for box, _ in mails[MOST_MAILS:]:
        gaps.mails[f"at most {MOST_MAILS} are, the newest ones; search fewer days, or for a sender"].append(
            box.person.mailbox
        )
    return mails[:MOST_MAILS]


def _files(box: Box, row: Row, look: Look, gaps: _Gaps) -> Iterator[_File]:
    """The attachments of a mail that can be fetched."""
    if look.note:
        gaps.mails[look.note].append(box.person.mailbox)
    for attachment in look.rows:
        size = int(attachment.get("size") or 0)
        if attachment.get("@odata.type") != FILE:
            gaps.attachments[_NO_BYTES].append(box.person.mailbox)
        elif size > LARGEST:
            gaps.attachments[f"larger than {LARGEST // 1_000_000} MB"].append(box.person.mailbox)
        else:
            request = mail.attachment(box.person.user_id, str(row["id"]), str(attachment["id"]))
            yield _File(box, row, size, request)


def _bundles(files: Sequence[_File]) -> Iterator[list[_File]]:
    """Files that are fetched together: as many as may be in memory, and at least one."""
    bundle: list[_File] = []
    for file in files:
        if bundle and sum(each.size for each in bundle) + file.size > BYTES_AT_ONCE:
            yield bundle
            bundle = []
        bundle.append(file)
    if bundle:
        yield bundle


def _take(file: _File, response: Response, content: Content, gaps: _Gaps) -> None:
    if response.error is not None:
        gaps.attachments[in_plain_words(response.error)].append(file.box.person.mailbox)
        return
    digest = _digest(response.body)
    if not digest:
        gaps.attachments["Microsoft gave no bytes of them"].append(file.box.person.mailbox)
    elif digest in content.hashes:
        file.row[HASHES] = frozenset({digest})


def _digest(body: Mapping[str, str] | None) -> str:
    """The SHA-256 of an attachment's bytes; empty when there are none to be read."""
    encoded = (body or {}).get("contentBytes")
    if not isinstance(encoded, str):
        return ""
    try:
        return hashlib.sha256(base64.b64decode(encoded, validate=True)).hexdigest()
    except binascii.Error:
        return ""
