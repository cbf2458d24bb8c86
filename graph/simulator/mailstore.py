"""Messages and folders in the store: many rows, each found by an index."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from typing import Any

from graph.simulator import made
from graph.simulator.state import Query, Store
from graph.simulator.tenants import Tenant

Document = dict[str, Any]

# Property paths of a message that are columns.
COLUMNS = {
    "internetMessageId": "internet_message_id",
    "from/emailAddress/address": "sender",
    "subject": "subject",
    "receivedDateTime": "received",
    "parentFolderId": "folder",
    "id": "id",
}

WELL_KNOWN = {
    "msgfolderroot": "Top of Information Store",
    "inbox": "Inbox",
    "drafts": "Drafts",
    "sentitems": "Sent Items",
    "deleteditems": "Deleted Items",
    "junkemail": "Junk Email",
    "archive": "Archive",
    "outbox": "Outbox",
    "conversationhistory": "Conversation History",
    "recoverableitemsdeletions": "Deletions",
}
_OUTSIDE = {"msgfolderroot", "recoverableitemsdeletions"}  # not shown among the folders of a mailbox


def mutable_id() -> str:
    """A new item id; it changes whenever the item moves."""
    return made.opaque("AAMkA", 120)


def immutable_id(tenant: Tenant, mailbox: str, item_id: str) -> str:
    """The id under which an item stays known through moves, made from its first one."""
    digest = hashlib.sha512(f"{tenant.id}/{mailbox}/{item_id}".encode()).digest()
    return "AAkALg" + base64.urlsafe_b64encode(digest[:60]).decode()


def add_messages(store: Store, tenant: Tenant, mailbox: str, messages: Iterable[Document]) -> None:
    """Insert messages, or overwrite those with the same id."""
    rows = []
    for message in messages:
        kept = message.get("_immutableId") or immutable_id(tenant, mailbox, message["id"])
        rows.append((tenant.id, mailbox, message["id"], kept, *_columns(message), _text(message)))
    store.connection.executemany(
        "INSERT OR REPLACE INTO messages(tenant, mailbox, id, immutable_id, folder, internet_message_id, sender,"
        " subject, received, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )


def _columns(message: Document) -> tuple[str, ...]:
    sender = ((message.get("from") or {}).get("emailAddress") or {}).get("address")
    values = (
        message.get("parentFolderId"), message.get("internetMessageId"), sender, message.get("subject"),
        message.get("receivedDateTime"),
    )  # fmt: skip
    return tuple(str(value or "") for value in values)


def _text(message: Document) -> str:
    return json.dumps(message, separators=(",", ":"))


def find_message(store: Store, tenant: Tenant, mailbox: str, item_id: str) -> Document | None:
    """A message by its present id or its immutable one; `_immutableId` and `_id` stand in it."""
    found = store.connection.execute(
        "SELECT id, immutable_id, body FROM messages WHERE tenant = ? AND mailbox = ? AND (id = ? OR immutable_id = ?)",
        (tenant.id, mailbox, item_id, item_id),
    ).fetchone()
    return _document(*found) if found else None


def find_messages(
    store: Store, tenant: Tenant, mailbox: str, condition: tuple[str, list[Any]], page: tuple[str, int, int]
) -> list[Document]:
    """Messages of a mailbox that meet an SQL condition; ``page`` is order, limit and offset."""
    where, params = condition
    order, limit, offset = page
    found = store.connection.execute(
        f"SELECT id, immutable_id, body FROM messages WHERE tenant = ? AND mailbox = ? AND ({where})"  # noqa: S608 - compiled conditions, bound values  # nosec B608
        f" ORDER BY {order} LIMIT ? OFFSET ?",
        (tenant.id, mailbox, *params, limit, offset),
    )
    return [_document(*row) for row in found]


def _document(item_id: str, kept_id: str, body: str) -> Document:
    document: Document = json.loads(body)
    document["_id"], document["_immutableId"] = item_id, kept_id
    return document


def store_message(store: Store, tenant: Tenant, mailbox: str, message: Document) -> None:
    """Write back a message found before; `_id` is the id it shall have from now on."""
    kept = message["_immutableId"]
    message["id"] = message["_id"]
    store.connection.execute(
        "UPDATE messages SET id = ?, folder = ?, internet_message_id = ?, sender = ?, subject = ?, received = ?,"
        " body = ? WHERE tenant = ? AND mailbox = ? AND immutable_id = ?",
        (message["_id"], *_columns(message), _text(message), tenant.id, mailbox, kept),
    )


def remove_message(store: Store, tenant: Tenant, mailbox: str, message: Document) -> None:
    """Delete a message for good."""
    store.connection.execute(
        "DELETE FROM messages WHERE tenant = ? AND mailbox = ? AND immutable_id = ?",
        (tenant.id, mailbox, message["_immutableId"]),
    )


def folder_counts(store: Store, tenant: Tenant, mailbox: str, folder_id: str) -> tuple[int, int]:
    """How many messages a folder holds, and how many of them are unread."""
    total, unread = store.connection.execute(
        "SELECT COUNT(*), COALESCE(SUM(json_extract(body, '$.isRead') = 0), 0) FROM messages"
        " WHERE tenant = ? AND mailbox = ? AND folder = ?",
        (tenant.id, mailbox, folder_id),
    ).fetchone()
    return int(total), int(unread)


def folders(store: Store, tenant: Tenant, mailbox: str) -> list[Document]:
    """All folders of a mailbox."""
    return store.owned(tenant, "mailFolders", mailbox)


def find_folder(store: Store, tenant: Tenant, mailbox: str, name: str) -> Document | None:
    """A folder by id or by well-known name."""
    where = "owner = ? AND (id = ? OR (alias = ? AND alias <> ''))"
    found = store.rows(tenant, Query("mailFolders", where, (mailbox, name, name), limit=1))
    return found[0] if found else None


def is_listed(folder: Document) -> bool:
    """Whether the mail folder collections show this folder at all."""
    return folder.get("wellKnownName") not in _OUTSIDE and not folder.get("isHidden")


def ensure_folders(store: Store, tenant: Tenant, mailbox: str) -> None:
    """Give a mailbox the folders that every mailbox has, where the world left them out."""
    present = {folder.get("wellKnownName") for folder in folders(store, tenant, mailbox)}
    root = find_folder(store, tenant, mailbox, "msgfolderroot")
    root_id = root["id"] if root else _folder_id(mailbox, "msgfolderroot")
    missing = [
        {
            "id": _folder_id(mailbox, name),
            "displayName": shown,
            "parentFolderId": "" if name == "msgfolderroot" else root_id,
            "wellKnownName": name,
        }
        for name, shown in WELL_KNOWN.items()
        if name not in present
    ]
    store.load(tenant, "mailFolders", missing, mailbox)


def _folder_id(mailbox: str, name: str) -> str:
    digest = hashlib.sha512(f"{mailbox}/{name}".encode()).digest()
    return "AQMkA" + base64.urlsafe_b64encode(digest[:57]).decode()
