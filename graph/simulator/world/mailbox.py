"""Mailboxes: folders in the language of their owner, rules, permissions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graph.simulator.world.ids import folder_id, rule_id
from graph.simulator.world.letters import Address, Copy, Letter, message_object
from graph.simulator.world.moments import stamp

# Key -> name in English and German, and the name under which Graph knows it in any language. Graph has no
# well-known name for RSS Feeds (DOCS resources/mailfolder).
_FOLDERS: dict[str, tuple[str, str, str | None]] = {
    "msgfolderroot": ("Top of Information Store", "Oberste Ebene des Informationsspeichers", "msgfolderroot"),
    "inbox": ("Inbox", "Posteingang", "inbox"),
    "drafts": ("Drafts", "Entwürfe", "drafts"),
    "sentitems": ("Sent Items", "Gesendete Elemente", "sentitems"),
    "deleteditems": ("Deleted Items", "Gelöschte Elemente", "deleteditems"),
    "archive": ("Archive", "Archiv", "archive"),
    "junkemail": ("Junk Email", "Junk-E-Mail", "junkemail"),
    "rssfeeds": ("RSS Feeds", "RSS-Feeds", None),
    "conversationhistory": ("Conversation History", "Aufgezeichnete Unterhaltungen", "conversationhistory"),
    "outbox": ("Outbox", "Postausgang", "outbox"),
}


@dataclass
class Mailbox:
    """One person's mailbox while the world is being built."""

    owner_id: str
    address: Address
    language: str = "en-GB"
    own_folders: Sequence[str] = ()
    messages: list[dict[str, Any]] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    permissions: list[dict[str, Any]] = field(default_factory=list)
    recipient_permissions: list[dict[str, Any]] = field(default_factory=list)

    def folder(self, key: str) -> str:
        """The id of a folder, by its key or, for the owner's own ones, by its name."""
        return folder_id(self.owner_id, key)

    def folder_name(self, key: str) -> str:
        """The name of a folder as its owner reads it."""
        names = _FOLDERS.get(key)
        if names is None:
            return key
        return names[1] if self.language.startswith("de") else names[0]

    def name_of(self, wanted: str) -> str:
        """The name of a folder by its id."""
        keys = (key for key in (*_FOLDERS, *self.own_folders) if self.folder(key) == wanted)
        return self.folder_name(next(keys, "Unknown"))

    def file(self, letter: Letter, folder: str, *, is_read: bool = True) -> dict[str, Any]:
        """Put a received copy of a letter into a folder."""
        message = message_object(letter, Copy(self.owner_id, self.folder(folder), is_read))
        self.messages.append(message)
        return message

    def file_sent(self, letter: Letter, folder: str = "sentitems", *, is_draft: bool = False) -> dict[str, Any]:
        """Put the sender's own copy of a letter into a folder."""
        message = message_object(letter, Copy(self.owner_id, self.folder(folder), True, not is_draft, is_draft))
        self.messages.append(message)
        return message

    def add_rule(self, name: str, conditions: dict[str, Any], actions: dict[str, Any], *, created: datetime,
                 is_hidden: bool = False) -> dict[str, Any]:  # fmt: skip
        """An inbox rule; ``moveToFolder`` and ``copyToFolder`` name a folder by its key."""
        for action in ("moveToFolder", "copyToFolder"):
            if action in actions:
                actions = {**actions, action: self.folder(actions[action])}
        rule = {
            "id": rule_id(self.owner_id, name),
            "displayName": name,
            "sequence": len(self.rules) + 1,
            "isEnabled": True,
            "hasError": False,
            "isReadOnly": False,
            "conditions": conditions,
            "actions": actions,
            "exceptions": None,
            "_hidden": is_hidden,
            "_createdDateTime": stamp(created),
        }
        self.rules.append(rule)
        return rule

    def allow(self, user: str, *rights: str) -> None:
        """Give somebody rights to the mailbox: FullAccess and the like."""
        self.permissions.append({"User": user, "AccessRights": list(rights), "IsInherited": False, "Deny": False})

    def allow_send_as(self, trustee: str) -> None:
        """Let somebody send in the owner's name."""
        self.recipient_permissions.append({"Trustee": trustee, "AccessRights": ["SendAs"]})

    def folders_as_json(self) -> list[dict[str, Any]]:
        """All folders with their counts."""
        root = self.folder("msgfolderroot")
        known = [(key, self.folder_name(key), names[2]) for key, names in _FOLDERS.items()]
        own: list[tuple[str, str, str | None]] = [(name, name, None) for name in self.own_folders]
        folders = []
        for key, name, well_known in known + own:
            inside = [each for each in self.messages if each["parentFolderId"] == self.folder(key)]
            folders.append(
                {
                    "id": self.folder(key),
                    "displayName": name,
                    "parentFolderId": "" if key == "msgfolderroot" else root,
                    "wellKnownName": well_known,
                    "childFolderCount": len(known) + len(own) - 1 if key == "msgfolderroot" else 0,
                    "totalItemCount": len(inside),
                    "unreadItemCount": sum(not each["isRead"] for each in inside),
                    "isHidden": False,
                }
            )
        return folders

    def state_as_json(self) -> dict[str, Any]:
        """What Get-Mailbox, Get-MailboxPermission and Get-RecipientPermission know."""
        own = {"User": "NT AUTHORITY\\SELF", "AccessRights": ["FullAccess", "ReadPermission"]}
        return {
            "ForwardingSmtpAddress": None,
            "ForwardingAddress": None,
            "DeliverToMailboxAndForward": False,
            "GrantSendOnBehalfTo": [],
            **self.settings,
            "permissions": [{**own, "IsInherited": False, "Deny": False}, *self.permissions],
            "recipientPermissions": [
                {"Trustee": "NT AUTHORITY\\SELF", "AccessRights": ["SendAs"]},
                *self.recipient_permissions,
            ],
        }
