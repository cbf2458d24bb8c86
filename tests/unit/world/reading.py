"""Short ways to look things up in a tenant of the demo world."""

from __future__ import annotations

from datetime import datetime
from typing import Any

Document = dict[str, Any]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def user(tenant: Document, name: str) -> Document:
    """A user by principal name, or by the part before the at sign."""
    for each in tenant["users"]:
        if name in (each["userPrincipalName"], each["userPrincipalName"].partition("@")[0]):
            return each
    raise LookupError(name)


def messages(tenant: Document, name: str) -> list[Document]:
    return tenant["messages"][user(tenant, name)["id"]]


def folder_of(tenant: Document, name: str, message: Document) -> str:
    """The display name of the folder in which a message lies."""
    folders = tenant["mailFolders"][user(tenant, name)["id"]]
    return next(each["displayName"] for each in folders if each["id"] == message["parentFolderId"])


def copies(tenant: Document, message_id: str) -> dict[str, Document]:
    """User principal name -> the copy of a mail in that mailbox."""
    names = {each["id"]: each["userPrincipalName"] for each in tenant["users"]}
    return {
        names[owner]: message
        for owner, found in tenant["messages"].items()
        for message in found
        if message["internetMessageId"] == message_id
    }


def named(tenant: Document, collection: str, name: str) -> Document:
    return next(each for each in tenant[collection] if each["displayName"] == name)


def records(tenant: Document, operation: str, name: str) -> list[Document]:
    """Unified audit records of one operation by one person, oldest first."""
    upn = user(tenant, name)["userPrincipalName"]
    found = [
        each for each in tenant["auditRecords"] if each["operation"] == operation and each["userPrincipalName"] == upn
    ]
    return sorted(found, key=lambda each: each["createdDateTime"])


def consenters(tenant: Document, app: str) -> set[str]:
    """The principal names of those who consented to an application."""
    client = named(tenant, "servicePrincipals", app)["id"]
    names = {each["id"]: each["userPrincipalName"] for each in tenant["users"]}
    return {names[each["principalId"]] for each in tenant["oauth2PermissionGrants"] if each["clientId"] == client}
