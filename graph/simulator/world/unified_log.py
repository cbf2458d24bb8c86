"""The unified audit log: one Graph record around one AuditData document, as Exchange, Entra and SharePoint write it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.simulator.world.ids import item_id, object_id, security_identifier
from graph.simulator.world.moments import bare_stamp, stamp
from graph.simulator.world.origins import EXCHANGE_ID
from graph.simulator.world.tenant import TenantWorld

# Record type as Graph names it -> the number in AuditData (Management Activity API schema).
_TYPES = {
    "exchangeAdmin": (1, "Exchange"),
    "exchangeItem": (2, "Exchange"),
    "exchangeItemGroup": (3, "Exchange"),
    "sharePointFileOperation": (6, "SharePoint"),
    "azureActiveDirectory": (8, "AzureActiveDirectory"),
    "azureActiveDirectoryStsLogon": (15, "AzureActiveDirectory"),
    "exchangeItemAggregated": (50, "Exchange"),
    "search": (78, "Exchange"),
}
_SERVER = "CWLP265MB4711 (15.20.9137.018)\r\n"


@dataclass(frozen=True, slots=True)
class Event:
    """Who did it, when, and from where. ``client`` is Exchange's ClientInfoString."""

    person: str
    at: datetime
    ip: str
    session: str = ""
    client: str = ""
    token: str = ""
    mailbox: str = ""  # whose mailbox, when not the person's own


def add_record(
    world: TenantWorld, event: Event, record_type: str, operation: str, details: Mapping[str, Any]
) -> dict[str, Any]:
    """Append one record; ``details`` completes AuditData."""
    number, workload = _TYPES[record_type]
    upn = world.upn_of(event.person)
    number_of = str(len(world.lists["auditRecords"]))
    record_id = object_id(world.company.key, "record", operation, stamp(event.at), event.person, number_of)
    workload = str(details.get("Workload", workload))
    document = {
        "CreationTime": bare_stamp(event.at),
        "Id": record_id,
        "Operation": operation,
        "OrganizationId": world.tenant_id,
        "RecordType": number,
        "ResultStatus": {1: "True", 8: "Success", 15: "Success"}.get(number, "Succeeded"),
        "UserKey": _user_key(world, event.person),
        "UserType": 0,
        "Version": 1,
        "Workload": workload,
        "UserId": upn,
        "ClientIP": event.ip,
        **details,
    }
    record = _record(document, record_type, event)
    world.add("auditRecords", [record])
    return record


def _record(document: Mapping[str, Any], record_type: str, event: Event) -> dict[str, Any]:
    """The Graph record around AuditData; its address never carries a port."""
    return {
        "id": document["Id"],
        "createdDateTime": stamp(event.at),
        "auditLogRecordType": record_type,
        "operation": document["Operation"],
        "organizationId": document["OrganizationId"],
        "userType": "regular",
        "userId": document["UserId"],
        "service": document["Workload"],
        "objectId": str(document.get("ObjectId", "")),
        "userPrincipalName": document["UserId"],
        "clientIp": event.ip,
        "administrativeUnits": [],
        "auditData": document,
    }


def _user_key(world: TenantWorld, person: str) -> str:
    return "10032" + object_id(world.company.key, "puid", person).replace("-", "")[:11].upper()


def _mailbox(world: TenantWorld, event: Event) -> dict[str, Any]:
    """What every mailbox record says about mailbox, client and session."""
    owner = event.mailbox or event.person
    own_sid = security_identifier(world.company.key, owner)
    context = {
        "AADSessionId": event.session,
        "UniqueTokenId": event.token,
        "IssuedAtTime": bare_stamp(event.at),
        "APIId": EXCHANGE_ID,
        "ClientAppId": "9199bf20-a13f-4107-85dc-02114787ef48",
    }
    return {
        "AppId": EXCHANGE_ID,
        "AppAccessContext": context,
        "ClientAppId": "",
        "ClientIPAddress": event.ip,
        "ClientInfoString": event.client or "Client=OWA;Action=ViaProxy",
        "ExternalAccess": False,
        "InternalLogonType": 0,
        "LogonType": 0 if owner == event.person else 2,
        "LogonUserSid": security_identifier(world.company.key, event.person),
        "MailboxGuid": object_id(world.company.key, "mailbox", owner),
        "MailboxOwnerSid": own_sid,
        "MailboxOwnerUPN": world.upn_of(owner),
        "OrganizationName": world.company.initial_domain,
        "OriginatingServer": _SERVER,
        "SessionId": event.session,
    }


def folder_path(world: TenantWorld, owner: str, folder_id: str) -> dict[str, str]:
    """A folder as the log names it."""
    box = world.mailboxes[owner]
    name = box.name_of(folder_id)
    return {"Id": item_id(box.owner_id, name), "Path": f"\\{name}"}


def _properties(access: str) -> list[dict[str, str]]:
    return [{"Name": "MailAccessType", "Value": access}, {"Name": "IsThrottled", "Value": "False"}]


def add_bind(world: TenantWorld, event: Event, messages: Sequence[Mapping[str, Any]]) -> None:
    """MailItemsAccessed: these messages were opened, all within two minutes."""
    folders: dict[str, list[dict[str, Any]]] = {}
    for message in messages:
        item = {
            "InternetMessageId": message["internetMessageId"],
            "Id": message["_itemId"],
            "ImmutableId": message["_immutableId"],
            "SizeInBytes": 14_000 + len(message["body"]["content"]) * 9,
        }
        folders.setdefault(message["parentFolderId"], []).append(item)
    owner = event.mailbox or event.person
    details = {
        **_mailbox(world, event),
        "OperationProperties": _properties("Bind"),
        "Folders": [{**folder_path(world, owner, each), "FolderItems": items} for each, items in folders.items()],
        "OperationCount": len(messages),
    }
    add_record(world, event, "exchangeItemAggregated", "MailItemsAccessed", details)


def add_sync(world: TenantWorld, event: Event, folder: str) -> None:
    """MailItemsAccessed: a whole folder was downloaded."""
    owner = event.mailbox or event.person
    place = folder_path(world, owner, world.mailboxes[owner].folder(folder))
    details = {
        **_mailbox(world, event),
        "ClientProcessName": "thunderbird",
        "ClientVersion": "128.4.0",
        "OperationProperties": _properties("Sync"),
        "Item": {"Id": place["Id"], "ParentFolder": {**place, "Name": place["Path"][1:]}},
    }
    add_record(world, event, "exchangeItem", "MailItemsAccessed", details)


def add_item(world: TenantWorld, event: Event, operation: str, message: Mapping[str, Any], folder: str) -> None:
    """One message was sent, created or changed. ``folder`` is where it lay, by key."""
    owner = event.mailbox or event.person
    item = {
        "Id": message["_itemId"],
        "InternetMessageId": message["internetMessageId"],
        "ParentFolder": folder_path(world, owner, world.mailboxes[owner].folder(folder)),
        "SizeInBytes": 14_000 + len(message["body"]["content"]) * 9,
        "Subject": message["subject"],
        "Attachments": "",
    }
    add_record(world, event, "exchangeItem", operation, {**_mailbox(world, event), "Item": item})


def add_group(
    world: TenantWorld, event: Event, operation: str, messages: Sequence[Mapping[str, Any]], way: tuple[str, str]
) -> None:
    """Messages were moved or deleted; ``way`` is the folder before and after, by key (after: empty when gone)."""
    owner = event.mailbox or event.person
    box = world.mailboxes[owner]
    before = folder_path(world, owner, box.folder(way[0]))
    details = {
        **_mailbox(world, event),
        "AffectedItems": [
            {
                "Id": each["_itemId"],
                "InternetMessageId": each["internetMessageId"],
                "ParentFolder": before,
                "Subject": each["subject"],
            }
            for each in messages
        ],
        "CrossMailboxOperation": False,
        "Folder": before,
    }
    if way[1]:
        details["DestFolder"] = folder_path(world, owner, box.folder(way[1]))
    add_record(world, event, "exchangeItemGroup", operation, details)


def add_cmdlet(world: TenantWorld, event: Event, cmdlet: str, object_name: str, parameters: Mapping[str, str]) -> None:
    """An Exchange cmdlet was run. The address carries the port here, and only here."""
    port = 49_152 + int(object_id(cmdlet, stamp(event.at))[:4], 16) % 16_000
    address = f"[{event.ip}]:{port}" if ":" in event.ip else f"{event.ip}:{port}"
    details = {
        "ClientIP": address,
        "ObjectId": object_name,
        "AppId": EXCHANGE_ID,
        "ClientAppId": "",
        "ExternalAccess": False,
        "OrganizationName": world.company.initial_domain,
        "OriginatingServer": _SERVER.strip(),
        "Parameters": [{"Name": name, "Value": value} for name, value in parameters.items()],
        "SessionId": event.session,
    }
    add_record(world, event, "exchangeAdmin", cmdlet, details)


def add_rule_update(world: TenantWorld, event: Event, rule: Mapping[str, Any], action: Mapping[str, Any]) -> None:
    """UpdateInboxRules: a client that is not the web page, nor a cmdlet, wrote a rule into the mailbox."""
    values = {
        "RuleOperation": "AddMailboxRule",
        "RuleId": str(int(object_id(str(rule["id"]))[:12].replace("-", ""), 16)),
        "RuleState": "Enabled",
        "RuleCondition": "(MessageToMe Equal True)",
        "RuleName": str(rule["displayName"]),
        "RuleProvider": "RuleOrganizer",
        "RuleActions": json.dumps([dict(action)]),
        "ServerRule": "Server",
    }
    details = {
        **_mailbox(world, event),
        "OperationProperties": [{"Name": name, "Value": value} for name, value in values.items()],
        "Item": {
            "Id": "Unknown",
            "ParentFolder": folder_path(world, event.person, world.mailboxes[event.person].folder("inbox")),
        },
    }
    add_record(world, event, "exchangeItem", "UpdateInboxRules", details)


def add_search(world: TenantWorld, event: Event, query: str) -> None:
    """SearchQueryInitiatedExchange: somebody searched a mailbox."""
    details = {
        **_mailbox(world, event),
        "QuerySource": "Outlook on the web",
        "QueryText": query,
        "ScopeTerms": "All folders",
    }
    add_record(world, event, "search", "SearchQueryInitiatedExchange", details)
