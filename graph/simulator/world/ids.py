"""Stable names for invented things: the same parts always give the same id, whenever the world is built.

Ids do not depend on the time, so a connection and a bookmark outlive a reset of the demo.
"""

from __future__ import annotations

import base64
import hashlib
import random
import uuid

_NAMESPACE = uuid.UUID("5f0c7c1e-7d1b-4a52-9a2e-3c1d6b1e9a40")


def object_id(*parts: str) -> str:
    """A directory object id, a session id, a record id: a GUID made from the parts."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(parts)))


def store_id(prefix: str, *parts: str, length: int = 120) -> str:
    """An Exchange id: URL-safe base64, as opaque as the real ones."""
    seed = "/".join(parts).encode()
    blocks = [hashlib.sha512(seed + bytes([block])).digest() for block in range(length // 85 + 1)]
    return (prefix + base64.urlsafe_b64encode(b"".join(blocks)).decode())[: length - 1] + "="


def folder_id(mailbox: str, folder: str) -> str:
    """The id of a mail folder; the part that names the mailbox comes first, as in Exchange."""
    return store_id("AQMkAD" + _mailbox_mark(mailbox), mailbox, "folder", folder, length=108)


def message_id(mailbox: str, key: str) -> str:
    """The id of a message that changes when the message is moved."""
    return store_id("AAMkAD" + _mailbox_mark(mailbox), mailbox, "message", key, length=136)


def immutable_id(mailbox: str, key: str) -> str:
    """The id of a message that survives a move within the mailbox."""
    return store_id("AAkALg" + _mailbox_mark(mailbox), mailbox, "immutable", key, length=100)


def item_id(mailbox: str, key: str) -> str:
    """The id under which the audit log knows a message or a folder: neither of the two that Graph shows."""
    return store_id("RgAAAA" + _mailbox_mark(mailbox), mailbox, "item", key, length=96)


def rule_id(mailbox: str, name: str) -> str:
    """The id of an inbox rule."""
    return store_id("AQAAA", mailbox, "rule", name, length=12)


def secret(*parts: str) -> str:
    """A client secret of the pretend cloud. It opens nothing but this simulator."""
    return store_id("Pt8Q~", *parts, length=40).rstrip("=")


def security_identifier(*parts: str) -> str:
    """The SID of an account."""
    numbers = [
        int.from_bytes(hashlib.sha256("/".join((*parts, str(n))).encode()).digest()[:4], "big") for n in range(3)
    ]
    rid = numbers[0] % 40_000_000 + 1_000
    return f"S-1-5-21-{numbers[0]}-{numbers[1]}-{numbers[2]}-{rid}"


def dice(*parts: str) -> random.Random:
    """Chance that repeats itself."""
    return random.Random("/".join(parts))  # noqa: S311  # invented mail needs variety, not secrecy


def _mailbox_mark(mailbox: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(mailbox.encode()).digest())[:18].decode()
