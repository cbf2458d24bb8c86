"""Mail: a letter as it is written, and the message object of one copy of it in one mailbox."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from graph.simulator.world.ids import immutable_id, item_id, message_id, object_id, store_id
from graph.simulator.world.moments import stamp

_PREVIEW_LENGTH = 255  # Outlook keeps the first 255 characters


@dataclass(frozen=True, slots=True)
class Address:
    """Somebody who sends or receives mail."""

    name: str
    address: str

    def as_recipient(self) -> dict[str, Any]:
        """As Graph writes it."""
        return {"emailAddress": {"name": self.name, "address": self.address}}


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail before it is delivered. ``key`` names it among all letters of its tenant."""

    key: str
    at: datetime
    sender: Address
    to: tuple[Address, ...]
    subject: str
    paragraphs: tuple[str, ...]
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    conversation: str = ""
    has_attachments: bool = False
    importance: str = "normal"
    internet_message_id: str = ""
    link: tuple[str, str] | None = None  # text and address of a button
    is_bulk: bool = False
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def message_identity(self) -> str:
        """The internet message id, which all copies share."""
        if self.internet_message_id:
            return self.internet_message_id
        domain = self.sender.address.rpartition("@")[2]
        return f"<{object_id('letter', self.sender.address, self.key).replace('-', '')[:24]}@mail.{domain}>"

    @property
    def recipients(self) -> tuple[Address, ...]:
        """Everybody who gets a copy."""
        return (*self.to, *self.cc, *self.bcc)

    @property
    def text(self) -> str:
        """The words of the body, without markup."""
        return " ".join(self.paragraphs)

    @property
    def markup(self) -> str:
        """The body as HTML."""
        parts = [f"<p>{html.escape(each, quote=False)}</p>" for each in self.paragraphs]
        if self.link:
            label, target = self.link
            parts.insert(max(1, len(parts) - 1), f'<p><a href="{html.escape(target)}">{html.escape(label)}</a></p>')
        return f'<html><body style="font-family:Aptos,Calibri,sans-serif">{"".join(parts)}</body></html>'

    @property
    def size(self) -> int:
        """Bytes on the wire, more or less."""
        return 9_000 + 14 * len(self.markup) + (180_000 + len(self.text) * 37 if self.has_attachments else 0)


@dataclass(frozen=True, slots=True)
class Copy:
    """Where a copy of a letter lies in one mailbox, and in which state."""

    mailbox: str  # user id
    folder_id: str
    is_read: bool = True
    is_sent: bool = False
    is_draft: bool = False


def message_object(letter: Letter, copy: Copy) -> dict[str, Any]:
    """The Graph message of one copy."""
    side = "sent" if copy.is_sent or copy.is_draft else "received"
    key = f"{letter.key}/{side}"
    received = letter.at if copy.is_sent or copy.is_draft else letter.at + timedelta(seconds=3)
    thread = letter.conversation or letter.key
    message: dict[str, Any] = {
        "id": message_id(copy.mailbox, key),
        "_immutableId": immutable_id(copy.mailbox, key),
        "_itemId": item_id(copy.mailbox, key),
        "_link": letter.link[1] if letter.link else None,
        "createdDateTime": stamp(received),
        "lastModifiedDateTime": stamp(received + timedelta(minutes=4 if copy.is_read else 0)),
        "changeKey": store_id("CQAAAB", copy.mailbox, key, "change", length=36),
        "categories": [],
        "receivedDateTime": stamp(received),
        "sentDateTime": stamp(letter.at),
        "hasAttachments": letter.has_attachments,
        "internetMessageId": letter.message_identity,
        "internetMessageHeaders": [{"name": name, "value": value} for name, value in letter.headers],
        "subject": letter.subject,
        "bodyPreview": letter.text[:_PREVIEW_LENGTH],
        "body": {"contentType": "html", "content": letter.markup},
        "importance": letter.importance,
        "parentFolderId": copy.folder_id,
        "conversationId": store_id("AAQkAD", thread, "conversation", length=72),
        "isDeliveryReceiptRequested": False,
        "isReadReceiptRequested": False,
        "isRead": copy.is_read,
        "isDraft": copy.is_draft,
        "inferenceClassification": "other" if letter.is_bulk else "focused",
        "sender": letter.sender.as_recipient(),
        "from": letter.sender.as_recipient(),
        "toRecipients": [each.as_recipient() for each in letter.to],
        "ccRecipients": [each.as_recipient() for each in letter.cc],
        "bccRecipients": [each.as_recipient() for each in letter.bcc] if copy.is_sent or copy.is_draft else [],
        "replyTo": [],
        "flag": {"flagStatus": "notFlagged"},
    }
    return message


def answer_subject(subject: str) -> str:
    """The subject of an answer; marks do not pile up."""
    return f"Re: {re.sub(r'^(Re: )+', '', subject)}"


def delivery_headers(server: str, ip: str, verdict: str, sender: Address) -> tuple[tuple[str, str], ...]:
    """What the receiving server wrote on top of a mail from outside. ``verdict``: pass, softfail, none…"""
    domain = sender.address.rpartition("@")[2]
    return (
        ("Received", f"from {server} ({ip}) by inbound.mailguard.example with SMTP id {object_id(server, ip)[:8]}"),
        (
            "Authentication-Results",
            f"spf={verdict} smtp.mailfrom={domain}; dkim={verdict} header.d={domain}; dmarc={verdict}",
        ),
        ("Return-Path", sender.address),
        ("X-Originating-IP", f"[{ip}]"),
    )


def everybody(addresses: Sequence[Address]) -> tuple[Address, ...]:
    """The same addresses, each once, in their order."""
    return tuple(dict.fromkeys(addresses))
