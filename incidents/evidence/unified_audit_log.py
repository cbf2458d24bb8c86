"""The unified audit log: what its records say. Shapes: Office 365 Management Activity API schema.

https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema
"""

import json
from typing import Any

from incidents.enums import MailAccess, Workload
from incidents.evidence.fields import Record, address, first, mapping, mappings, moment, pairs, text
from incidents.evidence.rows import Columns

_WORKLOADS = {
    "Exchange": Workload.EXCHANGE,
    "SharePoint": Workload.SHAREPOINT,
    "OneDrive": Workload.SHAREPOINT,
    "MicrosoftTeams": Workload.TEAMS,
    "AzureActiveDirectory": Workload.DIRECTORY,
}
# Microsoft's own applications that people sign in to; records often tell their ids alone.
# https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in
_APPLICATIONS = {
    "00000002-0000-0ff1-ce00-000000000000": "Office 365 Exchange Online",
    "00000003-0000-0ff1-ce00-000000000000": "Office 365 SharePoint Online",
    "00000003-0000-0000-c000-000000000000": "Microsoft Graph",
    "00000002-0000-0000-c000-000000000000": "Windows Azure Active Directory",
    "00000006-0000-0ff1-ce00-000000000000": "Microsoft Office 365 Portal",
    "4765445b-32c6-49b0-83e6-1d93765276ca": "OfficeHome",
    "89bee1f7-5e6e-4d8a-9f3d-ecd601259da7": "Office365 Shell WCSS-Client",
    "d3590ed6-52b3-4102-aeff-aad2292ab01c": "Microsoft Office",
    "1fec8e78-bce4-4aaf-ab1b-5451cc387264": "Microsoft Teams",
    "5e3ce6c0-2b1f-4285-8d4b-75ee78787346": "Microsoft Teams Web Client",
    "27922004-5251-4030-b22d-91ecd9a37ea4": "Outlook Mobile",
    "872cd9fa-d31f-45e0-9eab-6e460a02d1f1": "Visual Studio",
    "c44b4083-3bb0-49c1-b47d-974e53cbdf3c": "Azure Portal",
    "1b730954-1685-4b74-9bfd-dac224a7b894": "Azure Active Directory PowerShell",
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46": "Microsoft Azure CLI",
    "a0c73c16-a7e3-4564-9a95-2bdf47383716": "Microsoft Exchange Online Remote PowerShell",
    "14d82eec-204b-4c2f-b7e8-296a70dab67e": "Microsoft Graph PowerShell",
    "00000005-0000-0ff1-ce00-000000000000": "Yammer",
    "80ccca67-54bd-44ab-8625-4b79c4dc7775": "Microsoft 365 Security and Compliance Center",
}
_ACCESS = {"bind": MailAccess.BIND.value, "sync": MailAccess.SYNC.value}
_NO_MESSAGE = {"id": "", "subject": "", "sender": ""}
_SIGN_INS = frozenset({"UserLoggedIn", "UserLoginFailed"})
_SUCCEEDED = frozenset({"success", "succeeded", "true", "partiallysucceeded"})
_FAILED = frozenset({"failure", "failed", "false"})


def parse(record: Record) -> Columns | None:
    """The columns of one record, from Graph's audit log query or from a file; None for one without id or time."""
    data = audit_data(record)
    at = moment(data.get("CreationTime")) or moment(record.get("createdDateTime"))
    record_id = first([record.get("id"), data.get("Id")])
    operation = first([record.get("operation"), data.get("Operation")])
    if at is None or not record_id:
        return None
    workload = _WORKLOADS.get(first([data.get("Workload"), record.get("service")]), Workload.OTHER)
    if operation in _SIGN_INS:
        workload = Workload.LOGINS
    extended, device = pairs(data.get("ExtendedProperties")), pairs(data.get("DeviceProperties"))
    access = pairs(data.get("OperationProperties")) if operation == "MailItemsAccessed" else {}
    messages = messages_of(data)
    only = messages[0] if len(messages) == 1 else _NO_MESSAGE
    return Columns(
        record_id=record_id,
        occurred_at=at,
        operation=operation,
        workload=workload,
        user_principal_name=first([record.get("userPrincipalName"), data.get("UserId"), record.get("userId")]),
        ip_address=_address(record, data),
        application=_application(data),
        device=first([device.get("DisplayName"), device.get("OS"), _modified(data, "DisplayName", of="Device")]),
        user_agent=_user_agent(data, extended),
        session_id=_session(data, device),
        is_success=_is_success(data, operation),
        result=_result(data),
        subject=only["subject"],
        internet_message_id=only["id"],
        sender=only["sender"],
        item=_item(data, operation, messages),
        item_count=max(1, len(messages)),
        mail_access=_ACCESS.get(access.get("MailAccessType", "").casefold(), ""),
        is_throttled=access.get("IsThrottled", "").casefold() == "true",
        messages=messages,
    )


def audit_data(record: Record) -> Record:
    """The record's own part, which some ways of asking give as text; the record itself where it stands alone."""
    data = record.get("auditData", record.get("AuditData", record))
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except ValueError:
            return {}
    return mapping(data)


def messages_of(data: Record) -> list[dict[str, str]]:
    """The messages that a record names: of MailItemsAccessed, of one item, or of the items affected."""
    found: dict[str, dict[str, str]] = {}
    for folder in mappings(data.get("Folders")):
        path = _path(folder)
        for item in mappings(folder.get("FolderItems")):
            _add(found, item, path)
    for item in [*mappings(data.get("AffectedItems")), mapping(data.get("Item"))]:
        _add(found, item, _path(mapping(item.get("ParentFolder"))))
    return list(found.values())


def _path(folder: Record) -> str:
    return text(folder.get("Path")).lstrip("\\")[:500]


def _add(found: dict[str, dict[str, str]], item: Record, path: str) -> None:
    """The last that is said of a message counts, in the place of the first."""
    identity = text(item.get("InternetMessageId"))[:998]
    if identity:
        found[identity] = {
            "id": identity,
            "subject": text(item.get("Subject"))[:400],
            "sender": "",
            "received": "",
            "folder": path,
            "attachments": text(item.get("Attachments"))[:1000],
        }


def _address(record: Record, data: Record) -> str:
    asked = (data.get("ClientIPAddress"), data.get("ActorIpAddress"), data.get("ClientIP"), record.get("clientIp"))
    return next((found for found in map(address, asked) if found), "")


def _application(data: Record) -> str:
    name = text(data.get("ApplicationDisplayName"))
    identity = name or first([data.get("ApplicationId"), data.get("ClientAppId"), data.get("AppId")])
    return _APPLICATIONS.get(identity.lower(), identity)


def _result(data: Record) -> str:
    """Why a sign-in failed, with Entra's number for it."""
    number, words = text(data.get("ErrorNumber")), text(data.get("LogonError"))
    return ": ".join(part for part in (number if number != "0" else "", words) if part)


def _session(data: Record, device: dict[str, str]) -> str:
    context = mapping(data.get("AppAccessContext"))
    return first([context.get("AADSessionId"), data.get("SessionId"), device.get("SessionId")])


def _user_agent(data: Record, extended: dict[str, str]) -> str:
    """The browser's own words; Exchange wraps them as "Client=OWA;…;", Entra as JSON in additionalDetails."""
    agent = first([data.get("UserAgent"), extended.get("UserAgent")])
    if agent:
        return agent
    details = extended.get("additionalDetails")
    agent = _agent_in(details) if details else ""
    client = text(data.get("ClientInfoString"))
    kind, _, wrapped = client.partition(";")
    return agent or (wrapped.strip().removesuffix(";") if kind.startswith("Client=") and wrapped else client)


def _agent_in(details: str) -> str:
    try:
        return text(mapping(json.loads(details)).get("User-Agent"))
    except (ValueError, RecursionError):
        return ""


def _modified(data: Record, name: str, *, of: str) -> str:
    """The new value of a property of the object that was changed, if that object is of this kind."""
    category = pairs(data.get("ExtendedProperties")).get("extendedAuditEventCategory")
    if category != of:
        return ""
    return _bare(pairs(data.get("ModifiedProperties"), content="NewValue").get(name, ""))


def _bare(value: str) -> str:
    """Entra writes new values as JSON lists of one: ["PC-7"]."""
    if not value:
        return ""
    try:
        read: Any = json.loads(value)
    except (ValueError, RecursionError):
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
