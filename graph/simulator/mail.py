"""Mail: finding messages, moving them, deleting them.

Source: DOCS user-list-messages, message-move, concepts/outlook-immutable-id.
"""

from __future__ import annotations

import secrets
from typing import Any

from graph.simulator import clock, mailstore, odata
from graph.simulator.audit_trail import record_mailbox_operation
from graph.simulator.calls import Answer, Call, Refusal, bad_request
from graph.simulator.entities import check_select, shown
from graph.simulator.filters import Compiled, compile_filter, properties_in
from graph.simulator.users import User, find_user

Message = dict[str, Any]

_WITH_BODY = {"body", "bodyPreview", "uniqueBody"}
_CONTEXT = "users('{}')/messages"


def mailbox_of(call: Call) -> User:
    """The user whose mailbox the path names. Raises Refusal 404 as Exchange words it, 403 behind an access policy."""
    name = call.arguments[0]
    user = find_user(call, name)
    if user is None:
        raise Refusal(404, "ErrorInvalidUser", f"The requested user '{name}' is invalid.")
    if not user.get("_hasMailbox"):
        message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
        raise Refusal(404, "MailboxNotEnabledForRESTAPI", message)
    if user["id"] in call.tenant.settings.blocked_mailboxes:
        text = "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings."
        raise Refusal(403, "ErrorAccessDenied", text)
    return user


def not_in_store() -> Refusal:
    """404 for a message or folder that is not there (any more)."""
    return Refusal(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def list_messages(call: Call) -> Answer:
    """GET /users/{id}/messages and /users/{id}/mailFolders/{id}/messages."""
    mailbox = mailbox_of(call)["id"]
    select = _selected(call)
    size = odata.page_size(call, 10, 1000)
    offset = odata.offset_of(call)
    where, params = _condition(call, mailbox)
    order = _order(call)
    page = (order, size + 1, offset)
    found = mailstore.find_messages(call.store, call.tenant, mailbox, (where, params), page)
    name = _CONTEXT.format(mailbox) + (f"({','.join(select)})" if select else "")
    body: dict[str, Any] = {"@odata.context": odata.context(call, name)}
    if len(found) > size:
        body["@odata.nextLink"] = odata.next_link(call, {"skip": str(offset + size)})
    return Answer(200, body | {"value": [_shown(call, each, select) for each in found[:size]]})


def _selected(call: Call) -> list[str]:
    """`$select`; with Mail.ReadBasic.All nothing that tells what was written."""
    select = odata.selected(call, "message")
    if call.permissions.isdisjoint({"Mail.Read", "Mail.ReadWrite"}) and _WITH_BODY & set(select):
        raise Refusal(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
    return select


def _condition(call: Call, mailbox: str) -> Compiled:
    where, params = "1", []
    if len(call.arguments) > 1:
        folder = mailstore.find_folder(call.store, call.tenant, mailbox, call.arguments[1])
        if folder is None:
            raise not_in_store()
        where, params = "folder = ?", [folder["id"]]
    text = call.query.get("filter", "").strip()
    if text:
        compiled, values = compile_filter(text, "message", mailstore.COLUMNS, call.version)
        where, params = f"{where} AND ({compiled})", params + values
    if "search" in call.query:
        raise bad_request("The query parameter '$search' is not supported by this simulated resource.")
    return where, params


def _order(call: Call) -> str:
    """Newest first, or `$orderby`, whose properties must open the filter (Exchange refuses anything else).

    The plus keeps SQLite from walking a whole mailbox in order of date where a filter's own index finds the few rows.
    """
    text = call.query.get("orderby", "").strip()
    if not text:
        return "+received DESC, seq" if call.query.get("filter") else "received DESC, seq"
    terms, filtered = [], properties_in(call.query.get("filter", ""))
    for index, term in enumerate(text.split(",")):
        path, _, direction = term.strip().partition(" ")
        check_select("message", [path.partition("/")[0]], call.version)
        if direction.lower() not in ("", "asc", "desc"):
            raise bad_request(f"Invalid orderby clause: {text}")
        if filtered and filtered[index : index + 1] != [path]:
            message = "The restriction or sort order is too complex for this operation."
            raise Refusal(400, "InefficientFilter", message)
        column = mailstore.COLUMNS.get(path, f"json_extract(body, '$.{path.replace('/', '.')}')")
        terms.append(f"+{column} {direction}")
    return ", ".join(terms)


def _shown(call: Call, message: Message, select: list[str]) -> dict[str, Any]:
    """A message as it leaves the cloud. Exchange adds id and etag whatever is selected."""
    message["id"] = message["_immutableId"] if call.wants_immutable_ids else message["_id"]
    answer = {"@odata.etag": f'W/"{message.get("changeKey", "")}"', "id": message["id"]}
    answer |= shown("message", message, select, call.version)
    if call.permissions.isdisjoint({"Mail.Read", "Mail.ReadWrite"}):
        answer = {name: value for name, value in answer.items() if name not in _WITH_BODY}
    return answer


def _found(call: Call, mailbox: str) -> Message:
    message = mailstore.find_message(call.store, call.tenant, mailbox, call.arguments[-1])
    if message is None:
        raise not_in_store()
    return message


def get_message(call: Call) -> Answer:
    """GET /users/{id}/messages/{id}."""
    mailbox = mailbox_of(call)["id"]
    select = _selected(call)
    return _single(call, 200, mailbox, _found(call, mailbox), select)


def _single(call: Call, status: int, mailbox: str, message: Message, select: list[str]) -> Answer:
    chosen = f"({','.join(select)})" if select else ""
    name = f"{_CONTEXT.format(mailbox)}{chosen}/$entity"
    return Answer(status, {"@odata.context": odata.context(call, name)} | _shown(call, message, select))


def move_message(call: Call) -> Answer:
    """POST …/messages/{id}/move: 201 with the message in its new folder, under a new id unless ids are immutable."""
    user = mailbox_of(call)
    mailbox = user["id"]
    destination = call.field("destinationId")
    if not destination:
        raise bad_request("The destination folder is missing.", "ErrorInvalidRequest")
    message = _found(call, mailbox)
    folder = mailstore.find_folder(call.store, call.tenant, mailbox, str(destination))
    if folder is None:
        raise not_in_store()
    origin = mailstore.find_folder(call.store, call.tenant, mailbox, message["parentFolderId"])
    message["_id"] = mailstore.mutable_id()
    message["parentFolderId"] = folder["id"]
    message["changeKey"] = secrets.token_urlsafe(24)
    message["lastModifiedDateTime"] = clock.stamp()
    mailstore.store_message(call.store, call.tenant, mailbox, message)
    is_deletion = folder.get("wellKnownName") == "deleteditems"
    _record(call, "MoveToDeletedItems" if is_deletion else "Move", user, message, (origin, folder))
    return _single(call, 201, mailbox, message, [])


def delete_message(call: Call) -> Answer:
    """DELETE /users/{id}/messages/{id}: 204; it goes where only recoverable items are."""
    user = mailbox_of(call)
    message = _found(call, user["id"])
    folder = mailstore.find_folder(call.store, call.tenant, user["id"], "recoverableitemsdeletions") or {}
    if message["parentFolderId"] == folder.get("id"):
        raise Refusal(403, "ErrorCannotDeleteObject", "Object cannot be deleted.")
    origin = mailstore.find_folder(call.store, call.tenant, user["id"], message["parentFolderId"])
    message["_id"], message["parentFolderId"] = mailstore.mutable_id(), folder.get("id", "")
    mailstore.store_message(call.store, call.tenant, user["id"], message)
    _record(call, "SoftDelete", user, message, (origin, folder))
    return Answer(204)


def delete_for_good(call: Call) -> Answer:
    """POST /users/{id}/messages/{id}/permanentDelete: 204; no client ever sees it again."""
    user = mailbox_of(call)
    message = _found(call, user["id"])
    origin = mailstore.find_folder(call.store, call.tenant, user["id"], message["parentFolderId"])
    mailstore.remove_message(call.store, call.tenant, user["id"], message)
    _record(call, "HardDelete", user, message, (origin, None))
    return Answer(204)


def _record(
    call: Call,
    operation: str,
    user: User,
    message: Message,
    folders: tuple[dict[str, Any] | None, dict[str, Any] | None],
) -> None:
    origin, destination = (_audited(folder) for folder in folders)
    affected = {
        "Id": message["_immutableId"],
        "InternetMessageId": message.get("internetMessageId"),
        "Subject": message.get("subject"),
        "ParentFolder": origin,
    }
    details = {
        "AffectedItems": [affected],
        "CrossMailboxOperation": False,
        "Folder": origin,
        "DestFolder": destination,
        "ClientInfoString": "Client=REST;Client=RESTSystem;;",
    }
    record_mailbox_operation(call, operation, "exchangeItemGroup", user, details)


def _audited(folder: dict[str, Any] | None) -> dict[str, Any] | None:
    return {"Id": folder["id"], "Path": f"\\{folder['displayName']}"} if folder else None


def translate_ids(call: Call) -> Answer:
    """POST /users/{id}/translateExchangeIds, between restId and restImmutableEntryId; unknown ids are left out."""
    mailbox = mailbox_of(call)["id"]
    given, target = call.field("inputIds"), str(call.field("targetIdType"))
    if not isinstance(given, list) or len(given) > 1000:
        raise bad_request("InputIds must be a list of at most 1000 ids.", "ErrorInvalidRequest")
    key = "_immutableId" if target == "restImmutableEntryId" else "_id"
    value = []
    for each in given:
        message = mailstore.find_message(call.store, call.tenant, mailbox, str(each))
        if message is not None:
            value.append({"sourceId": each, "targetId": message[key]})
    context = odata.context(call, "Collection(microsoft.graph.convertIdResult)")
    return Answer(200, {"@odata.context": context, "value": value})
