"""Calls about mail: finding messages, moving them, naming folders, tracing deliveries.

Each carries `Prefer: IdType="ImmutableId"`, since only an immutable id survives a move and so makes undo possible:
https://learn.microsoft.com/graph/outlook-immutable-id. Each stands in its mailbox's lane.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from graph.odata import any_of, literal, moment, path, query
from graph.request import Request, mailbox_lane

IMMUTABLE_IDS = (("Prefer", 'IdType="ImmutableId"'),)
DELETED_ITEMS = "deleteditems"
INBOX = "inbox"

# Everything a match, a preview and an undo need, and no body.
HEADERS = (
    "id",
    "subject",
    "from",
    "sender",
    "toRecipients",
    "receivedDateTime",
    "sentDateTime",
    "isRead",
    "hasAttachments",
    "internetMessageId",
    "parentFolderId",
    "conversationId",
)


def messages(
    user_id: str,
    filter: str = "",  # noqa: A002 - OData's own word
    select: Sequence[str] = HEADERS,
    top: int = 50,
    orderby: str = "",
) -> Request:
    """GET /users/{id}/messages: messages of all folders, Deleted Items included. Permission: Mail.ReadBasic.All.

    A field in `orderby` must also stand in `filter`, first. The body and its preview need Mail.Read.
    https://learn.microsoft.com/graph/api/user-list-messages
    """
    address = query(path("/users/{}/messages", user_id), filter=filter, select=select, orderby=orderby, top=top)
    return _mail("GET", user_id, address)


def by_internet_message_ids(user_id: str, ids: Sequence[str], select: Sequence[str] = HEADERS) -> Request:
    """GET /users/{id}/messages?$filter: the messages with one of these internet message ids, brackets included.

    Permission: Mail.ReadBasic.All. https://learn.microsoft.com/graph/api/user-list-messages

    Raises:
        ValueError: when there are no ids.
    """
    return messages(user_id, filter=any_of("internetMessageId", ids), select=select)


def by_sender_and_subject(
    user_id: str, sender: str, subject: str, since: datetime, select: Sequence[str] = HEADERS
) -> Request:
    """GET /users/{id}/messages?$filter: messages of a sender with exactly this subject, newest first.

    Permission: Mail.ReadBasic.All. https://learn.microsoft.com/graph/api/user-list-messages
    """
    wanted = (
        f"receivedDateTime ge {moment(since)} and from/emailAddress/address eq {literal(sender)}"
        f" and subject eq {literal(subject)}"
    )
    return messages(user_id, filter=wanted, select=select, orderby="receivedDateTime desc")


def message(user_id: str, message_id: str, select: Sequence[str] = HEADERS) -> Request:
    """GET /users/{id}/messages/{id}: one message. Permission: Mail.Read.

    https://learn.microsoft.com/graph/api/message-get
    """
    return _mail("GET", user_id, query(path("/users/{}/messages/{}", user_id, message_id), select=select))


def attachments(user_id: str, message_id: str) -> Request:
    """GET /users/{id}/messages/{id}/attachments: what is attached, without the bytes. Permission: Mail.Read.

    Attached mails and links to files elsewhere stand among them, by @odata.type.
    https://learn.microsoft.com/graph/api/message-list-attachments
    """
    address = path("/users/{}/messages/{}/attachments", user_id, message_id)
    return _mail("GET", user_id, query(address, select=("id", "name", "contentType", "size", "isInline")))


def attachment(user_id: str, message_id: str, attachment_id: str) -> Request:
    """GET /users/{id}/messages/{id}/attachments/{id}: of a file with its bytes, in base64. Permission: Mail.Read.

    https://learn.microsoft.com/graph/api/attachment-get
    """
    return _mail("GET", user_id, path("/users/{}/messages/{}/attachments/{}", user_id, message_id, attachment_id))


def move(user_id: str, message_id: str, destination: str) -> Request:
    """POST /users/{id}/messages/{id}/move: move a message to a folder, by id or well-known name.

    Permission: Mail.ReadWrite. Answers 201 with the message as it now stands. https://learn.microsoft.com/graph/api/message-move
    """
    address = path("/users/{}/messages/{}/move", user_id, message_id)
    return _mail("POST", user_id, address, {"destinationId": destination})


def folders(user_id: str, top: int = 250) -> Request:
    """GET /users/{id}/mailFolders: the top-level folders, hidden ones included. Permission: Mail.ReadBasic.All.

    https://learn.microsoft.com/graph/api/user-list-mailfolders
    """
    address = query(path("/users/{}/mailFolders", user_id), select=("id", "displayName", "parentFolderId"), top=top)
    return _mail("GET", user_id, f"{address}&includeHiddenFolders=true")


def folder(user_id: str, folder: str) -> Request:
    """GET /users/{id}/mailFolders/{id or well-known name}. Permission: Mail.ReadBasic.All.

    https://learn.microsoft.com/graph/api/mailfolder-get
    """
    address = path("/users/{}/mailFolders/{}", user_id, folder)
    return _mail("GET", user_id, query(address, select=("id", "displayName", "parentFolderId")))


def message_traces(filter: str = "", top: int = 1000) -> Request:  # noqa: A002 - OData's own word
    """GET /admin/exchange/tracing/messageTraces: deliveries of the last 90 days, a row per recipient.

    Permission: ExchangeMessageTrace.Read.All, and Microsoft's service principal for it in the tenant. 100 requests
    in 5 minutes per tenant; worldwide cloud only.
    https://learn.microsoft.com/graph/api/exchangemessagetrace-list
    """
    return Request("GET", query("/admin/exchange/tracing/messageTraces", filter=filter, top=top))


def _mail(method: str, user_id: str, address: str, body: Mapping[str, Any] | None = None) -> Request:
    return Request(method, address, lane=mailbox_lane(user_id), body=body, headers=IMMUTABLE_IDS)
