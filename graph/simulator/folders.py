"""Mail folders: the list of a mailbox, one by id or well-known name."""

from __future__ import annotations

from typing import Any

from graph.simulator import mailstore, odata
from graph.simulator.calls import Answer, Call
from graph.simulator.entities import shown
from graph.simulator.mail import mailbox_of, not_in_store

Folder = dict[str, Any]


def list_folders(call: Call) -> Answer:
    """GET /users/{id}/mailFolders: the folders right under the top of the mailbox."""
    mailbox = mailbox_of(call)["id"]
    everything = mailstore.folders(call.store, call.tenant, mailbox)
    named = {folder["id"]: folder.get("wellKnownName") for folder in everything}
    tops = [each for each in everything if named.get(each.get("parentFolderId"), "msgfolderroot") == "msgfolderroot"]
    return _page(call, mailbox, tops)


def list_children(call: Call) -> Answer:
    """GET /users/{id}/mailFolders/{id}/childFolders."""
    mailbox = mailbox_of(call)["id"]
    parent = _folder(call, mailbox)
    everything = mailstore.folders(call.store, call.tenant, mailbox)
    return _page(call, mailbox, [each for each in everything if each.get("parentFolderId") == parent["id"]])


def get_folder(call: Call) -> Answer:
    """GET /users/{id}/mailFolders/{id}."""
    mailbox = mailbox_of(call)["id"]
    folder = _counted(call, mailbox, _folder(call, mailbox))
    return odata.single(call, "mailFolder", f"users('{mailbox}')/mailFolders", folder)


def _folder(call: Call, mailbox: str) -> Folder:
    folder = mailstore.find_folder(call.store, call.tenant, mailbox, call.arguments[1])
    if folder is None:
        raise not_in_store()
    return folder


def _counted(call: Call, mailbox: str, folder: Folder) -> Folder:
    total, unread = mailstore.folder_counts(call.store, call.tenant, mailbox, folder["id"])
    siblings = mailstore.folders(call.store, call.tenant, mailbox)
    children = sum(each.get("parentFolderId") == folder["id"] for each in siblings)
    counts = {"totalItemCount": total, "unreadItemCount": unread, "childFolderCount": children}
    return {"isHidden": False, **folder, **counts}


def _page(call: Call, mailbox: str, found: list[Folder]) -> Answer:
    with_hidden = call.query.get("includeHiddenFolders", "").lower() == "true"
    visible = [each for each in found if mailstore.is_listed(each) or (with_hidden and each.get("isHidden"))]
    select = odata.selected(call, "mailFolder")
    size, offset = odata.page_size(call, 10, 1000), odata.offset_of(call)
    name = f"users('{mailbox}')/mailFolders" + (f"({','.join(select)})" if select else "")
    body: dict[str, Any] = {"@odata.context": odata.context(call, name)}
    if len(visible) > offset + size:
        body["@odata.nextLink"] = odata.next_link(call, {"skip": str(offset + size)})
    page = [_counted(call, mailbox, each) for each in visible[offset : offset + size]]
    return Answer(200, body | {"value": [shown("mailFolder", each, select, call.version) for each in page]})
