"""Is this the same mail? Pure functions over subjects, senders, links and hashes; nothing here reads a mailbox.

A campaign changes what it can at no cost: the ticket number, the recipient's name, the tracking part of a link. What
is left when those are set aside is what two copies have in common.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from incidents.phish.links import Link

SAME_MESSAGE_ID = "Same internet message id"
SAME_SENDER_AND_SUBJECT = "Same sender and subject"
SAME_SENDER_AND_CLOSE_SUBJECT = "Same sender, and same subject but for reply marks, numbers and the recipient's name"
SAME_SENDER = "From this sender"
SAME_SUBJECT = "Same subject but for reply marks, numbers and the recipient's name"
SAME_LINK = "Same link"
SAME_ATTACHMENT = "Same attachment"

# What mail programs put before a subject, in the languages that Outlook speaks.
_REPLY_MARKS = (
    "re fw fwd aw antw antwort wg sv vs vb vl tr rv enc res resp rif r i odp pd doorst bls ynt ilt İlt yan atb ha va "
    "ref rép ang vá továbbítás továbbítva vdb zadeva pdp atsakymas ats peradr отв отг ответ пересл нп на απ πρθ σχετ "
    "απάντ προώθ תגובה תשובה הועבר رد 回 回复 回覆 答复 答覆 转发 轉寄 轉發 返信 転送 답장 회신 전달"
)
_MARK = re.compile(r"(?P<word>[^\s\d:\[\](]{1,12})\s?(?:[\[(]\d{1,3}[\])])?\s?:\s?")

# What gateways and help desks put into a subject: [EXTERNAL], [EXT], ***SPAM***, [#48213].
_GATEWAY_TAG = re.compile(
    r"[\[({*<]+\s*(?:external|externe?|ext|suspicious|spam|phish\w*|caution|warning|bulk)[^\])}*>]{0,40}[\])}*>]+"
)
# A number that was given out, with the letters and dashes around it; it counts from three digits on, or as "#7".
_NUMBER = re.compile(r"#\s?[\w-]+|[a-z]*[-_]?\d[\da-z._/-]*")
_LONGEST_SUBJECT = 500  # characters; the text is an attacker's
_NOT_A_WORD = re.compile(r"[\W_]+")
_INVISIBLE = {"Cf", "Cc", "Co", "Cn"}  # zero-width joiners, direction marks, controls


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What is known of a message. Hashes are SHA-256 in hex.

    `links` are those that are looked for; of a mail that was read, those of them that stand in it.
    """

    internet_message_id: str = ""
    sender: str = ""
    subject: str = ""
    names: tuple[str, ...] = ()  # of the one whose copy it is: they may stand in the subject
    links: frozenset[Link] = frozenset()
    attachment_hashes: frozenset[str] = frozenset()
    received_at: datetime | None = None  # by its mailbox


class PhishContent(NamedTuple):
    """What stands in a mail by which its copies are known."""

    links: Sequence[str]
    attachment_hashes: Sequence[str]  # SHA-256 in hex
    note: str = ""  # what of it cannot be compared
    is_whole: bool = True  # whether nothing was refused that may be read later


def why_same(phish: Mail, other: Mail) -> str | None:
    """Return in words why `other` is the same mail as `phish`, by the strongest ground there is, or None."""
    if _same(phish.internet_message_id.strip(), other.internet_message_id.strip()):
        return SAME_MESSAGE_ID
    if _has_same_sender(phish, other):
        if _same(_plain(phish.subject), _plain(other.subject)):
            return SAME_SENDER_AND_SUBJECT
        if has_same_subject(phish, other):
            return SAME_SENDER_AND_CLOSE_SUBJECT
    return _why_same_content(replace(phish, links=_away_from(phish.links, other.sender)), other)


def is_akin(phish: Mail, other: Mail) -> bool:
    """Whether sender or subject are the same: then it may be the same mail, if its links or attachments are."""
    return _has_same_sender(phish, other) or _is_subject_like(phish, other)


def why_sought(sought: Mail, other: Mail) -> str | None:
    """Return in words why `other` is one of the mails sought. What `sought` leaves empty may be anything.

    A link or an attachment that is sought has to be in it, one of them; sender and subject then only narrow.
    """
    if _same(sought.internet_message_id.strip(), other.internet_message_id.strip()):
        return SAME_MESSAGE_ID
    if sought.links or sought.attachment_hashes:
        return _why_same_content(sought, other) if is_narrowed_to(sought, other) else None
    if sought.internet_message_id or (sought.sender and sought.subject):
        return why_same(sought, other)
    if sought.sender:
        return SAME_SENDER if _has_same_sender(sought, other) else None
    return SAME_SUBJECT if sought.subject and is_narrowed_to(sought, other) else None


def is_narrowed_to(sought: Mail, other: Mail) -> bool:
    """Whether sender and subject, as far as they are sought, are those of another mail."""
    is_sender = not sought.sender or _has_same_sender(sought, other)
    return is_sender and (not sought.subject or _is_subject_like(sought, other))


def _why_same_content(sought: Mail, other: Mail) -> str | None:
    if sought.links & other.links:
        return SAME_LINK
    return SAME_ATTACHMENT if sought.attachment_hashes & other.attachment_hashes else None


def _has_same_sender(one: Mail, other: Mail) -> bool:
    return _same(one.sender.strip().casefold(), other.sender.strip().casefold())


def _is_subject_like(one: Mail, other: Mail) -> bool:
    return _same(_plain(one.subject), _plain(other.subject)) or has_same_subject(one, other)


def _away_from(links: Iterable[Link], sender: str) -> frozenset[Link]:
    """The links that do not lead to a sender's own site: all their mails may lead there."""
    home = sender.strip().casefold().rpartition("@")[2]
    return frozenset(link for link in links if not link.is_below([home]) and not home.endswith(f".{link.host}"))


def has_same_subject(one: Mail, other: Mail) -> bool:
    """Whether two subjects are the same once reply marks, case, numbers and names are set aside.

    A subject of which nothing is left then is like no other.
    """
    return _same(normalise_subject(one.subject, one.names), normalise_subject(other.subject, other.names))


def normalise_subject(subject: str, names: Sequence[str] = ()) -> str:
    """Return what identifies a subject: words in lower case, single spaces, no marks, numbers or names.

    `names` are those of the mailbox's owner: display name, address. Empty when nothing of substance is left.
    """
    text = _without_marks(_plain(subject))
    text = _GATEWAY_TAG.sub(" ", text)
    text = _without_marks(text.strip())  # a gateway's tag may stand before the reply mark
    for name in _name_forms(names):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", text)
    text = _NUMBER.sub(_without_ticket, text)
    return _NOT_A_WORD.sub(" ", text).strip()


def _same(one: str, other: str) -> bool:
    return bool(one) and one == other


def _plain(text: str) -> str:
    """One spelling for what looks the same; invisible characters and runs of spaces go."""
    normal = unicodedata.normalize("NFKC", text[:_LONGEST_SUBJECT]).casefold()
    visible = "".join(" " if char.isspace() else char for char in normal if char.isspace() or _is_visible(char))
    return " ".join(visible.split())


def _is_visible(char: str) -> bool:
    return unicodedata.category(char) not in _INVISIBLE


def _without_ticket(match: re.Match[str]) -> str:
    is_ticket = match[0].startswith("#") or sum(char.isdigit() for char in match[0]) >= 3
    return " " if is_ticket else match[0]


def _without_marks(text: str) -> str:
    while (match := _MARK.match(text)) and match["word"] in _MARKS:
        text = text[match.end() :]
    return text


def _name_forms(names: Sequence[str]) -> list[str]:
    """A name as a whole, its parts of three letters or more, and an address with its first half; longest first."""
    forms: set[str] = set()
    for name in names:
        plain = _plain(name)
        local = plain.partition("@")[0]
        forms |= {plain, local, local.replace(".", " ")}
        forms |= {part for part in re.split(r"[\s.,()@_-]+", local) if len(part) > 2}
    return sorted(forms - {""}, key=len, reverse=True)


_MARKS = frozenset(_plain(mark) for mark in _REPLY_MARKS.split())
