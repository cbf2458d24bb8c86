"""Worlds full of one phish: a tenant with many mailboxes, or many tenants, each mailbox with some copies."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.factories import world

SENDER = "mallory@evil.example"
RECEIVED = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%dT%H:%M:00Z}"


def tenant_id(number: int) -> str:
    return str(UUID(int=(0x11 << 120) + number))


def client_id(number: int) -> str:
    return str(UUID(int=(0xAA << 120) + number))


def user_id(tenant: int, number: int) -> str:
    return str(UUID(int=(0xBB << 120) + (tenant << 32) + number))


def message_ids(copies: int) -> list[str]:
    """The internet message ids of the phish: mails that everybody got."""
    return [f"<phish+{number}=x@evil.example>" for number in range(copies)]


def flooded(number: int, *, mailboxes: int, copies: int) -> dict[str, Any]:
    """One tenant of the world's document, in which every mailbox has `copies` copies in its inbox."""
    domain = f"t{number}.example"
    people = [_person(number, each, domain) for each in range(mailboxes)]
    return {
        "name": f"Tenant {number}",
        "tenantId": tenant_id(number),
        "clientId": client_id(number),
        "clientSecret": world.CLIENT_SECRET,
        "servicePrincipalId": str(UUID(int=(0xDD << 120) + number)),
        "domains": [{"id": domain, "isDefault": True, "isVerified": True, "authenticationType": "Managed"}],
        "grantedPermissions": world.ALL_PERMISSIONS,
        "exchangePermissions": [],
        "directoryRoles": [],
        "organization": {"displayName": f"Tenant {number}", "countryLetterCode": "NL", "tenantType": "AAD"},
        "licences": {"premium": True, "messageTrace": True},
        "users": people,
        "mailFolders": {one["id"]: _folders(one["id"]) for one in people},
        "messages": {one["id"]: [_copy(one["id"], each) for each in range(copies)] for one in people},
        "messageTraces": [_trace(one["mail"], each) for one in people for each in range(copies)],
    }


def _person(tenant: int, number: int, domain: str) -> dict[str, Any]:
    return world.user(user_id(tenant, number), f"Person{number}", domain)


def _folder_id(owner: str, name: str) -> str:
    return f"folder-{owner}-{name}"


def _folders(owner: str) -> list[dict[str, Any]]:
    root = world.folder(owner, "msgfolderroot") | {"id": _folder_id(owner, "root")}
    inside = [world.folder(owner, name) for name in ("inbox", "deleteditems")]
    return [
        root,
        *(one | {"id": _folder_id(owner, one["wellKnownName"]), "parentFolderId": root["id"]} for one in inside),
    ]


def _copy(owner: str, number: int) -> dict[str, Any]:
    inbox = _folder_id(owner, "inbox")
    return world.message(owner, number, id=f"AAMk-{owner}-{number}", parentFolderId=inbox, receivedDateTime=RECEIVED)


def _trace(recipient: str, number: int) -> dict[str, Any]:
    return {
        "id": str(UUID(int=(0xCC << 120) + number)),
        "senderAddress": SENDER,
        "recipientAddress": recipient,
        "messageId": message_ids(number + 1)[-1],
        "receivedDateTime": RECEIVED,
        "subject": f"Let's pay invoice {number}",
        "size": 12_000,
        "fromIP": None,
        "toIP": None,
        "status": "delivered",
    }
