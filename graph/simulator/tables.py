"""The simulator's own database: tables, and under which keys each collection's objects are filed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Columns that are looked up stand beside the JSON, so that one read never has to open a whole mailbox.
# COLLATE NOCASE where Microsoft compares without regard to case; message ids are compared exactly.
SCHEMA = """
CREATE TABLE IF NOT EXISTS tenants(id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS registrations(id TEXT PRIMARY KEY COLLATE NOCASE, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS objects(
    seq INTEGER PRIMARY KEY, tenant TEXT NOT NULL, collection TEXT NOT NULL, owner TEXT NOT NULL COLLATE NOCASE,
    id TEXT NOT NULL COLLATE NOCASE, alias TEXT NOT NULL COLLATE NOCASE, stamp TEXT NOT NULL, body TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS objects_id ON objects(tenant, collection, id, owner);
CREATE INDEX IF NOT EXISTS objects_owner ON objects(tenant, collection, owner, stamp);
CREATE INDEX IF NOT EXISTS objects_alias ON objects(tenant, collection, alias);
CREATE INDEX IF NOT EXISTS objects_stamp ON objects(tenant, collection, stamp);
CREATE TABLE IF NOT EXISTS history(
    seq INTEGER PRIMARY KEY, until REAL NOT NULL, tenant TEXT NOT NULL, collection TEXT NOT NULL,
    owner TEXT NOT NULL COLLATE NOCASE, id TEXT NOT NULL COLLATE NOCASE, alias TEXT NOT NULL COLLATE NOCASE,
    stamp TEXT NOT NULL, body TEXT);
CREATE INDEX IF NOT EXISTS history_until ON history(tenant, collection, until);
CREATE TABLE IF NOT EXISTS messages(
    seq INTEGER PRIMARY KEY, tenant TEXT NOT NULL, mailbox TEXT NOT NULL COLLATE NOCASE, id TEXT NOT NULL,
    immutable_id TEXT NOT NULL, folder TEXT NOT NULL, internet_message_id TEXT NOT NULL COLLATE NOCASE,
    sender TEXT NOT NULL COLLATE NOCASE, subject TEXT NOT NULL COLLATE NOCASE, received TEXT NOT NULL,
    body TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS messages_id ON messages(tenant, mailbox, id);
CREATE UNIQUE INDEX IF NOT EXISTS messages_immutable ON messages(tenant, mailbox, immutable_id);
CREATE INDEX IF NOT EXISTS messages_internet ON messages(tenant, mailbox, internet_message_id);
CREATE INDEX IF NOT EXISTS messages_sender ON messages(tenant, mailbox, sender, subject, received);
CREATE INDEX IF NOT EXISTS messages_subject ON messages(tenant, mailbox, subject, received);
CREATE INDEX IF NOT EXISTS messages_received ON messages(tenant, mailbox, received);
CREATE INDEX IF NOT EXISTS messages_folder ON messages(tenant, mailbox, folder, received);
CREATE TABLE IF NOT EXISTS early(at REAL NOT NULL, tenant TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passwords(
    tenant TEXT NOT NULL, user TEXT NOT NULL COLLATE NOCASE, salt BLOB NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY(tenant, user));
CREATE TABLE IF NOT EXISTS requests(
    seq INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, tenant TEXT NOT NULL, batch TEXT,
    method TEXT NOT NULL, path TEXT NOT NULL, operation TEXT NOT NULL, status INTEGER NOT NULL, lane TEXT NOT NULL,
    mailbox TEXT, body TEXT, request_id TEXT NOT NULL, client_request_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS effects(seq INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS faults(seq INTEGER PRIMARY KEY, kind TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS peaks(tenant TEXT NOT NULL, mailbox TEXT NOT NULL, peak INTEGER NOT NULL,
    PRIMARY KEY(tenant, mailbox));
"""

WORLD_TABLES = ("tenants", "registrations", "objects", "history", "messages", "passwords")
LOG_TABLES = ("requests", "effects", "faults", "peaks", "early")


@dataclass(frozen=True, slots=True)
class Filing:
    """Which of an object's properties fill the looked-up columns."""

    owner: str = ""
    alias: str = ""
    stamp: str = ""

    def columns(self) -> dict[str, str]:
        """Property -> column, for filters."""
        pairs = {self.owner: "owner", self.alias: "alias", self.stamp: "stamp", "id": "id"}
        return {name: column for name, column in pairs.items() if name}

    def values(self, document: dict[str, Any]) -> tuple[str, str, str]:
        """Owner, alias and stamp of a document."""
        owner, alias, stamp = (str(document.get(name) or "") for name in (self.owner, self.alias, self.stamp))
        return owner, alias, stamp


FILINGS: dict[str, Filing] = {
    "users": Filing(alias="userPrincipalName"),
    "servicePrincipals": Filing(alias="appId"),
    "applications": Filing(alias="appId"),
    "devices": Filing(alias="deviceId"),
    "oauth2PermissionGrants": Filing(owner="principalId", alias="clientId"),
    "appRoleAssignments": Filing(owner="principalId", alias="resourceId"),
    "mailFolders": Filing(alias="wellKnownName"),
    "signIns": Filing(owner="userId", stamp="createdDateTime"),
    "directoryAudits": Filing(stamp="activityDateTime"),
    "auditRecords": Filing(owner="userPrincipalName", stamp="createdDateTime"),
    "messageTraces": Filing(owner="recipientAddress", alias="senderAddress", stamp="receivedDateTime"),
    "riskDetections": Filing(owner="userId", stamp="detectedDateTime"),
}

# Entra replicates; its reads may lag behind. Exchange reads its own store.
DIRECTORY_COLLECTIONS = frozenset(
    {
        "users",
        "servicePrincipals",
        "applications",
        "devices",
        "oauth2PermissionGrants",
        "appRoleAssignments",
        "authenticationMethods",
    }
)


def filing(collection: str) -> Filing:
    """How a collection is filed; collections without an entry know only their id and an owner given from outside."""
    return FILINGS.get(collection, Filing())
