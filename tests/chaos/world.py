"""The cloud of the chaos run: one tenant with 200 copies of a phish in 40 mailboxes, and small ones beside it.

In each of them somebody was taken over two hours ago, with everything that the six steps are for.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.factories import world

SENDER = "billing@evil.example"
PHISHES = 5  # mails, each to everybody


@dataclass(frozen=True, slots=True)
class Town:
    """One tenant: its names, and how many mailboxes it has."""

    slug: str
    mailboxes: int

    def id(self, thing: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{thing}.{self.slug}.chaos.example"))

    @property
    def domain(self) -> str:
        return f"{self.slug}.example"

    @property
    def victim(self) -> str:
        return self.id("person 0")

    @property
    def victim_address(self) -> str:
        return f"person0@{self.domain}"

    def phish_id(self, number: int) -> str:
        return f"<phish-{number}@{self.slug}.evil.example>"


TOWNS = (Town("harbour", 40), Town("mill", 4), Town("quarry", 4), Town("orchard", 4))


def chaos_world(now: datetime) -> dict[str, Any]:
    """The world document, as of now."""
    return {"tenants": [_tenant(town, now.astimezone(UTC)) for town in TOWNS]}


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _tenant(town: Town, now: datetime) -> dict[str, Any]:
    people = [town.id(f"person {number}") for number in range(town.mailboxes)]
    attack = _stamp(now - timedelta(hours=1))
    return {
        "name": town.slug.title(),
        "tenantId": town.id("tenant"),
        "clientId": world.CLIENT_ID,
        "clientSecret": f"secret-of-{town.slug}",
        "servicePrincipalId": town.id("petra"),
        "domains": [{"id": town.domain, "isDefault": True, "isVerified": True, "authenticationType": "Managed"}],
        "grantedPermissions": list(world.ALL_PERMISSIONS),
        "exchangePermissions": ["Exchange.ManageAsApp"],
        "directoryRoles": ["User Administrator", "Exchange Administrator", "Cloud Application Administrator"],
        "organization": {"displayName": town.slug.title(), "tenantType": "AAD"},
        "licences": {"premium": True, "messageTrace": True},
        "users": [world.user(each, f"Person{number}", town.domain) for number, each in enumerate(people)],
        "mailFolders": {each: _folders(each) for each in people},
        "messages": {each: _messages(town, number, each, now) for number, each in enumerate(people)},
        "messageTraces": _traces(town, now),
        "messageRules": {town.victim: _rules(town, attack)},
        "mailboxes": {town.victim: _mailbox(town)},
        "authenticationMethods": {town.victim: _methods(town, attack)},
        **_registrations(town, attack),
    }


def _folders(user_id: str) -> list[dict[str, Any]]:
    names = ("msgfolderroot", "inbox", "deleteditems")
    return [world.folder(user_id, name) | {"id": folder_id(user_id, name)} for name in names]


def folder_id(user_id: str, name: str) -> str:
    return f"folder-{user_id}-{name}"


def _messages(town: Town, number: int, user_id: str, now: datetime) -> list[dict[str, Any]]:
    """The phishes, and honest mail: one from the same day, one with the very subject of a phish."""
    received = _stamp(now - timedelta(hours=3))
    phishes = [
        _message(user_id, f"phish-{each}", received, town.phish_id(each), f"Overdue invoice {4400 + each}", SENDER)
        for each in range(PHISHES)
    ]
    return [
        *phishes,
        _message(user_id, "honest-0", received, f"<honest-0-{number}@{town.domain}>", "Lunch", f"person1@{town.domain}"),
        _message(
            user_id, "honest-1", received, f"<honest-1-{number}@partner.example>", "Overdue invoice 4400",
            "office@partner.example",
        ),
    ]  # fmt: skip


def _message(user_id: str, name: str, received: str, identity: str, subject: str, sender: str) -> dict[str, Any]:
    address = {"emailAddress": {"name": sender.partition("@")[0], "address": sender}}
    moments = dict.fromkeys(("createdDateTime", "lastModifiedDateTime", "receivedDateTime", "sentDateTime"), received)
    return world.message(
        user_id, 1, id=f"AAMk-{user_id}-{name}", internetMessageId=identity, subject=subject, bodyPreview=subject,
        parentFolderId=folder_id(user_id, "inbox"), body={"contentType": "text", "content": subject}, sender=address,
        conversationId=f"conversation {name}", **{"from": address}, **moments,
    )  # fmt: skip


def _traces(town: Town, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "id": town.id(f"trace {phish} {number}"),
            "senderAddress": SENDER,
            "recipientAddress": f"person{number}@{town.domain}",
            "messageId": town.phish_id(phish),
            "receivedDateTime": _stamp(now - timedelta(hours=3)),
            "subject": f"Overdue invoice {4400 + phish}",
            "size": 51234,
            "fromIP": "203.0.113.7",
            "toIP": None,
            "status": "delivered",
        }
        for phish in range(PHISHES)
        for number in range(town.mailboxes)
    ]


def _rules(town: Town, attack: str) -> list[dict[str, Any]]:
    away = {"redirectTo": [{"emailAddress": {"name": "Drop", "address": "drop@evil.example"}}]}
    made = {"_createdDateTime": attack}
    return [
        world.rule("AQAAAJ5dZp8=", "..", conditions={"subjectContains": ["invoice"]}, actions=away, **made),
        world.rule("AQAAAJ5dZqA=", ".", _hidden=True, sequence=2, actions={"delete": True, **away}, **made),
    ]


def _mailbox(town: Town) -> dict[str, Any]:
    return {
        "ForwardingSmtpAddress": "smtp:drop@evil.example",
        "ForwardingAddress": None,
        "DeliverToMailboxAndForward": True,
        "GrantSendOnBehalfTo": [],
        "permissions": [],
        "recipientPermissions": [],
    }


def _methods(town: Town, attack: str) -> list[dict[str, Any]]:
    password, phone, app = world.authentication_methods()
    return [password, phone | {"id": town.id("phone")}, app | {"id": town.id("app"), "createdDateTime": attack}]


def _registrations(town: Town, attack: str) -> dict[str, Any]:
    evil, graph, backdoor = town.id("evil"), town.id("graph"), town.id("backdoor app id")
    return {
        "servicePrincipals": [
            world._principal(town.id("petra"), world.CLIENT_ID, "Petra"),
            world._principal(graph, "00000003-0000-0000-c000-000000000000", "Microsoft Graph"),
            world._principal(evil, town.id("evil app id"), "eM Client", _owners=[town.victim]),
        ],
        "applications": [
            {
                "id": town.id("backdoor"),
                "appId": backdoor,
                "displayName": "Backdoor",
                "createdDateTime": attack,
                "isDisabled": None,
                "passwordCredentials": [
                    {"keyId": town.id("key"), "displayName": "key", "hint": "abc", "startDateTime": attack}
                ],
                "_createdBy": town.victim,
                "_owners": [town.victim],
            }
        ],
        "oauth2PermissionGrants": [
            {
                "id": f"grant-{town.slug}",
                "consentType": "Principal",
                "principalId": town.victim,
                "clientId": evil,
                "resourceId": graph,
                "scope": " Mail.Read offline_access",
            }
        ],
        "appRoleAssignments": [
            {
                "id": f"assignment-{town.slug}",
                "appRoleId": "00000000-0000-0000-0000-000000000000",
                "createdDateTime": attack,
                "principalDisplayName": "Person0 Example",
                "principalId": town.victim,
                "principalType": "User",
                "resourceDisplayName": "eM Client",
                "resourceId": evil,
            }
        ],
        "devices": [
            {
                "id": town.id("device"),
                "deviceId": town.id("device id"),
                "displayName": "DESKTOP-EVIL",
                "accountEnabled": True,
                "operatingSystem": "Windows",
                "operatingSystemVersion": "10.0.19045",
                "trustType": "Workplace",
                "registrationDateTime": attack,
                "_registeredOwners": [town.victim],
            }
        ],
    }
