"""Attachments of messages: files with their bytes, attached items, and links to files elsewhere.

Source: DOCS message-list-attachments, attachment-get. A message's `_attachments` are what a test planted; one that says
`hasAttachments` without them holds a small file, the same in every copy of the message.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from graph.simulator import mailstore, odata
from graph.simulator.calls import Answer, Call
from graph.simulator.entities import default_names, shown
from graph.simulator.mail import mailbox_of, not_in_store

Attachment = dict[str, Any]

_FILE = "#microsoft.graph.fileAttachment"


def list_attachments(call: Call) -> Answer:
    """GET /users/{id}/messages/{id}/attachments: with the bytes of files, unless only other properties are selected."""
    select = odata.selected(call, "attachment")
    value = [_shown(call, each, select) for each in _of_message(call)]
    mailbox, message = call.arguments[:2]
    name = f"users('{mailbox}')/messages('{message}')/attachments"
    return Answer(200, {"@odata.context": odata.context(call, f"{name}{{select}}", select), "value": value})


def get_attachment(call: Call) -> Answer:
    """GET /users/{id}/messages/{id}/attachments/{id}."""
    found = next((each for each in _of_message(call) if each["id"] == call.arguments[2]), None)
    if found is None:
        raise not_in_store()
    mailbox, message = call.arguments[:2]
    name = f"users('{mailbox}')/messages('{message}')/attachments/$entity"
    return Answer(200, {"@odata.context": odata.context(call, name), **_shown(call, found, [])})


def _of_message(call: Call) -> list[Attachment]:
    mailbox = mailbox_of(call)["id"]
    message = mailstore.find_message(call.store, call.tenant, mailbox, call.arguments[1])
    if message is None:
        raise not_in_store()
    if "_attachments" in message:
        return [_complete(message, number, each) for number, each in enumerate(message["_attachments"])]
    return [_complete(message, 0, usual_attachment(message))] if message.get("hasAttachments") else []


def usual_attachment(message: dict[str, Any]) -> Attachment:
    """The file of a message of which the world says only that something is attached."""
    digest = hashlib.sha256(str(message.get("internetMessageId")).encode()).hexdigest()
    content = f"%PDF-1.4\n% {digest}\n".encode()
    return {
        "@odata.type": _FILE,
        "name": "document.pdf",
        "contentType": "application/pdf",
        "contentBytes": base64.b64encode(content).decode(),
    }


def _complete(message: dict[str, Any], number: int, attachment: Attachment) -> Attachment:
    told = {
        "@odata.type": _FILE,
        "id": f"{message['_immutableId']}-{number}",
        "isInline": False,
        "lastModifiedDateTime": message.get("lastModifiedDateTime"),
        # Exchange counts what it stores around the bytes, too.
        "size": len(attachment.get("contentBytes") or "") * 3 // 4 + 200,
    }
    return told | attachment


def _shown(call: Call, attachment: Attachment, select: list[str]) -> dict[str, Any]:
    kind = attachment["@odata.type"]
    entity = kind.rpartition(".")[2]
    answer = shown(entity, attachment, select or default_names(entity), call.version)
    return {"@odata.type": kind, "@odata.mediaContentType": attachment.get("contentType"), **answer}
