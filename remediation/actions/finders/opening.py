"""Opening mails: reading their texts, and hashing what is attached. Bytes are hashed as they come, and never kept."""

import base64
import binascii
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from graph import Request, Response, in_plain_words, mail
from remediation.actions.base import Stages
from remediation.actions.finders.content import BOXES_AT_ONCE, HASHES, LINKS, Content
from remediation.actions.finders.directory import Person
from remediation.actions.finders.mailboxes import Box
from remediation.actions.finders.reading import Look, Names, Row, counted, read_all, sentences

MOST_MAILS = 400  # that are opened in one search of a tenant
LARGEST = 20_000_000  # bytes of a file that is still fetched
BYTES_AT_ONCE = 8_000_000  # in memory together
MOST_BYTES = 1_000_000_000  # of all files of one search
NOTHING = hashlib.sha256(b"").hexdigest()  # of an empty file, which is like any other
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp")
FILE = "#microsoft.graph.fileAttachment"
MOST, LESS = "at most {} are, the newest ones", "; search fewer days, or for a sender"
_NO_BYTES = "they are mails, or links to files elsewhere, of which Microsoft gives no bytes"

IsOpen = Callable[[Row, Person], bool]
Opened = tuple[Box, Row]


@dataclass(frozen=True, slots=True)
class _File:
    box: Box
    row: Row
    size: int
    request: Request


@dataclass(slots=True)
class Gaps:
    """What was not compared: the mailboxes of it, by what is said of it. `refused`: mails that may be read later."""

    texts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    mails: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    attachments: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    refused: set[str] = field(default_factory=set)

    def told(self) -> str:
        """In words; empty when there are none."""
        names = Names()
        told = [
            ("mail", "read", self.texts),
            ("mail with attachments", "opened", self.mails),
            ("attachment", "compared", self.attachments),
        ]
        return sentences(
            f"{counted(len(boxes), noun)} not {act}{names.take(list(set(boxes)))}: {reason.rstrip('.')}."
            for noun, act, gaps in told
            for reason, boxes in gaps.items()
        )


def open_mails(boxes: Mapping[str, Box], content: Content, is_open: IsOpen) -> Stages[tuple[str, bool]]:
    """Open the mails of which the headers do not say whether they are meant, and note what stands in them.

    `is_open` says which these are, by what is known of a mail so far. Returns what was not compared, in words, and
    whether it leaves the search incomplete: where content is not needed, only what Microsoft refused does.
    """
    gaps = Gaps()
    if content.links and not content.is_needed:
        yield from _read_texts(_newest(_open_in(boxes, is_open), gaps.texts, MOST), content, gaps)
    if content.hashes:
        holding = [each for each in _open_in(boxes, is_open) if each[1].get("hasAttachments")]
        mails = _newest(holding, gaps.mails, MOST + LESS if content.is_needed else MOST)
        yield from hash_files(mails, gaps, only_files=not content.is_needed)
    note = sentences([content.note, gaps.told()])
    return note, bool(note if content.is_needed else gaps.refused)


def _open_in(boxes: Mapping[str, Box], is_open: IsOpen) -> list[Opened]:
    return [(box, row) for box in boxes.values() for row in box.messages if is_open(row, box.person)]


def _newest(mails: list[Opened], left_out: dict[str, list[str]], why: str) -> list[Opened]:
    """As many as are opened in one search; the mailboxes of the others are told."""
    mails.sort(key=lambda each: str(each[1].get("receivedDateTime") or ""), reverse=True)
    for box, _ in mails[MOST_MAILS:]:
        left_out[why.format(MOST_MAILS)].append(box.person.mailbox)
    return mails[:MOST_MAILS]


def _read_texts(mails: Sequence[Opened], content: Content, gaps: Gaps) -> Stages[None]:
    for start in range(0, len(mails), BOXES_AT_ONCE):
        group = mails[start : start + BOXES_AT_ONCE]
        requests = [mail.message(box.person.user_id, str(row["id"]), select=("id", "body")) for box, row in group]
        looks = yield from read_all(requests, [Look(keep=content.read) for _ in group])
        for (box, row), look in zip(group, looks, strict=True):
            row[LINKS] = look.only.get(LINKS, frozenset())
            if look.note:
                gaps.texts[look.note].append(box.person.mailbox)
                gaps.refused.add(str(row["id"]))


def hash_files(mails: Sequence[Opened], gaps: Gaps, *, only_files: bool) -> Stages[None]:
    """Note of mails the hashes of what is attached; `only_files` leaves out pictures and what is within the text."""
    looks = yield from read_all([mail.attachments(box.person.user_id, str(row["id"])) for box, row in mails])
    files: list[_File] = []
    for (box, row), look in zip(mails, looks, strict=True):
        row[HASHES] = frozenset()
        attached = [each for each in look.rows if not (only_files and _is_picture(each))]
        if look.note:
            gaps.mails[look.note].append(box.person.mailbox)
            gaps.refused.add(str(row["id"]))
        files += [file for each in attached if (file := _file(box, row, each, gaps))]
    for bundle in _bundles(_within_reason(files, gaps)):
        responses = yield [file.request for file in bundle]
        for file, response in zip(bundle, responses, strict=True):
            _take(file, response, gaps)


def _is_picture(attachment: Row) -> bool:
    """Whether it is a picture or within the text: a logo is the same in all mails of a sender. A picture says so twice,
    by its type and its name; what can hold a script is none.
    """
    is_named = str(attachment.get("name") or "").casefold().endswith(PICTURES)
    is_image = str(attachment.get("contentType") or "").startswith("image/")
    return bool(attachment.get("isInline")) or (is_named and is_image)


def _within_reason(files: Sequence[_File], gaps: Gaps) -> list[_File]:
    """The files that are fetched in one search, those of the newest mails first."""
    fetched, size = [], 0
    for file in files:
        size += file.size
        if size <= MOST_BYTES:
            fetched.append(file)
        else:
            gaps.attachments[f"beyond the first {MOST_BYTES // 1_000_000} MB"].append(file.box.person.mailbox)
    return fetched


def _file(box: Box, row: Row, attachment: Row, gaps: Gaps) -> _File | None:
    """An attachment, if it can be fetched."""
    size = int(attachment.get("size") or 0)
    if attachment.get("@odata.type") != FILE:
        gaps.attachments[_NO_BYTES].append(box.person.mailbox)
    elif size > LARGEST:
        gaps.attachments[f"larger than {LARGEST // 1_000_000} MB"].append(box.person.mailbox)
    else:
        request = mail.attachment(box.person.user_id, str(row["id"]), str(attachment["id"]))
        return _File(box, row, size, request)
    return None


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


def _take(file: _File, response: Response, gaps: Gaps) -> None:
    if response.error is not None:
        gaps.attachments[in_plain_words(response.error)].append(file.box.person.mailbox)
        gaps.refused.add(str(file.row["id"]))
    elif digest := _digest(response.body):
        file.row[HASHES] |= {digest} - {NOTHING}
    else:
        gaps.attachments["Microsoft gave no bytes of them"].append(file.box.person.mailbox)


def _digest(body: Mapping[str, str] | None) -> str:
    """The SHA-256 of an attachment's bytes; empty when there are none to be read."""
    encoded = (body or {}).get("contentBytes")
    if not isinstance(encoded, str):
        return ""
    try:
        return hashlib.sha256(base64.b64decode(encoded, validate=True)).hexdigest()
    except binascii.Error:
        return ""
