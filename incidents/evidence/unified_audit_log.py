"""The unified audit log: what its records say. Shapes: Office 365 Management Activity API schema.

https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema
"""

import json
from typing import Any

from incidents.enums import Workload
from incidents.evidence.fields import Record, address, first, mapping, mappings, moment, pairs, text
from incidents.evidence.rows import Columns

_WORKLOADS = {
    "Exchange": Workload.EXCHANGE,
    "SharePoint": Workload.SHAREPOINT,
    "OneDrive": Workload.SHAREPOINT,
    "MicrosoftTeams": Workload.TEAMS,
    "AzureActiveDirectory": Workload.DIRECTORY,
}
_SIGN_INS = frozenset({"UserLoggedIn", "UserLoginFailed"})
_SUCCEEDED = frozenset({"success", "succeeded", "true", "partiallysucceeded"})
_FAILED = frozenset({"failure", "failed", "false"})


def parse(record: Record) -> Columns | None:
    """The columns of one record of Graph's audit log query; None for one without id or time, or of a service that no
    tab shows.
    """
    data = audit_data(record)
    at = moment(first([record.get("createdDateTime"), data.get("CreationTime")]))
    record_id = first([record.get("id"), data.get("Id")])
    operation = first([record.get("operation"), data.get("Operation")])
    workload = _WORKLOADS.get(first([data.get("Workload"), record.get("service")]))
    if at is None or not record_id or workload is None:
        return None
    if operation in _SIGN_INS:
        workload = Workload.LOGINS
    extended, device = pairs(data.get("ExtendedProperties")), pairs(data.get("DeviceProperties"))
    messages = messages_of(data)
    return Columns(
        record_id=record_id,
        occurred_at=at,
        operation=operation,
        workload=workload,
        user_principal_name=first([record.get("userPrincipalName"), data.get("UserId"), record.get("userId")]),
        ip_address=_address(record, data),
        application=text(data.get("ApplicationDisplayName")),
        device=first([device.get("DisplayName"), device.get("OS"), _modified(data, "DisplayName", of="Device")]),
        user_agent=_user_agent(data, extended),
        session_id=_session(data, device),
        is_success=_is_success(data, operation),
        result=first([data.get("LogonError")]),
        subject=messages[0]["subject"] if len(messages) == 1 else "",
        internet_message_id=messages[0]["id"] if len(messages) == 1 else "",
        sender=messages[0]["sender"] if len(messages) == 1 else "",
        item=_item(data, operation, messages),
        item_count=max(1, len(messages)),
        messages=messages,
    )


def audit_data(record: Record) -> Record:
    """The record's own part, which some ways of asking give as text."""
    data = record.get("auditData", record.get("AuditData"))
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except ValueError:
            return {}
    return mapping(data)


def messages_of(data: Record) -> list[dict[str, str]]:
    """The messages that a record names: of MailItemsAccessed, of one item, or of the items affected."""
    found = []
    for folder in mappings(data.get("Folders")):
        found += [_message(item, folder) for item in mappings(folder.get("FolderItems"))]
    items = [*mappings(data.get("AffectedItems")), mapping(data.get("Item"))]
    found += [_message(item, mapping(item.get("ParentFolder"))) for item in items]
    unique = {message["id"]: message for message in found if message["id"]}
    return list(unique.values())


def _message(item: Record, folder: Record) -> dict[str, str]:
    path = text(folder.get("Path")).lstrip("\\")
    return {
        "id": text(item.get("InternetMessageId")),
        "subject": text(item.get("Subject")),
        "sender": "",
        "received": "",
        "folder": path,
    }


def _address(record: Record, data: Record) -> str:
    asked = (data.get("ClientIPAddress"), data.get("ActorIpAddress"), data.get("ClientIP"), record.get("clientIp"))
    return next((found for found in map(address, asked) if found), "")


def _session(data: Record, device: dict[str, str]) -> str:
    context = mapping(data.get("AppAccessContext"))
    return first([context.get("AADSessionId"), data.get("SessionId"), device.get("SessionId")])


def _user_agent(data: Record, extended: dict[str, str]) -> str:
    """The browser's own words; Exchange wraps them as "Client=OWA;…;", Entra as JSON in additionalDetails."""
    agent = first([data.get("UserAgent"), extended.get("UserAgent")])
    if agent:
        return agent
    try:
        agent = text(mapping(json.loads(extended.get("additionalDetails", ""))).get("User-Agent"))
    except ValueError:
        agent = ""
    client = text(data.get("ClientInfoString"))
    kind, _, wrapped = client.partition(";")
    return agent or (wrapped.strip().removesuffix(";") if kind.startswith("Client=") and wrapped else client)


def _modified(data: Record, name: str, *, of: str) -> str:
    """The new value of a property of the object that was changed, if that object is of this kind."""
    category = pairs(data.get("ExtendedProperties")).get("extendedAuditEventCategory")
    if category != of:
        return ""
    return _bare(pairs(data.get("ModifiedProperties"), content="NewValue").get(name, ""))


def _bare(value: str) -> str:
    """Entra writes new values as JSON lists of one: ["PC-7"]."""
    try:
        read: Any = json.loads(value)
    except ValueError:
        return value
    return first(read) if isinstance(read, list) else text(read)


def _is_success(data: Record, operation: str) -> bool | None:
    if operation == "UserLoginFailed":
        return False
    status = text(data.get("ResultStatus")).casefold()
    if status in _SUCCEEDED:
        return True
    return False if status in _FAILED else None


def _item(data: Record, operation: str, messages: list[dict[str, str]]) -> str:
    """What it was done to or with: folders, a rule, settings, a file, a search's words, an application, a person."""
    if operation in _SIGN_INS:
        return ""
    if "InboxRule" in operation:
        return _rule_name(data)
    parameters = pairs(data.get("Parameters"))
    parameters.pop("Identity", None)
    if parameters:
        return ", ".join(f"{name} {value}" for name, value in parameters.items() if value)
    folders = list(dict.fromkeys(message["folder"] for message in messages if message["folder"]))
    if folders:
        return ", ".join(folders)
    named = (data.get("QueryText"), data.get("SourceFileName"), data.get("ChatName"), data.get("TeamName"))
    parent = mapping(mapping(data.get("Item")).get("ParentFolder"))
    return first([*named, text(parent.get("Path")).lstrip("\\"), _target(data), data.get("ObjectId")])


def _rule_name(data: Record) -> str:
    name = first([pairs(data.get("Parameters")).get("Name"), pairs(data.get("OperationProperties")).get("RuleName")])
    return name or text(data.get("ObjectId")).rpartition("\\")[2]


def _target(data: Record) -> str:
    """What Entra says was changed: a person by address, anything else by name."""
    people = (one.get("ID") for one in mappings(data.get("Target")) if one.get("Type") == 5)
    names = (one.get("ID") for one in mappings(data.get("Target")) if one.get("Type") == 1)
    modified = pairs(data.get("ModifiedProperties"), content="NewValue")
    return first([first(people).lower(), _bare(modified.get("DisplayName", "")), first(names)])
