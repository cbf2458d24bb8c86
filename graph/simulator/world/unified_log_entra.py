"""The unified audit log of Entra, SharePoint and OneDrive."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from graph.simulator.world.ids import object_id
from graph.simulator.world.moments import stamp
from graph.simulator.world.origins import Client
from graph.simulator.world.sign_ins import SignIn
from graph.simulator.world.tenant import TenantWorld
from graph.simulator.world.unified_log import Event, add_record

# What the numbers beside an actor or a target mean, as far as is known: 1 a name, 2 an id, 3 a PUID, 5 a UPN.
_NAME, _ID, _UPN = 1, 2, 5


def _person(world: TenantWorld, key: str) -> list[dict[str, Any]]:
    user = world.users[key]
    return [
        {"ID": user["userPrincipalName"], "Type": _UPN},
        {"ID": f"User_{user['id']}", "Type": _ID},
        {"ID": user["id"], "Type": _ID},
        {"ID": "User", "Type": _ID},
    ]


def _thing(kind: str, thing: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"ID": f"{kind}_{thing['id']}", "Type": _ID},
        {"ID": thing["id"], "Type": _ID},
        {"ID": kind, "Type": _ID},
        {"ID": thing.get("displayName") or thing["id"], "Type": _NAME},
    ]


def add_entra(
    world: TenantWorld, event: Event, operation: str, target: tuple[str, Mapping[str, Any]],
    changes: Sequence[tuple[str, str]], agent: str = "",
) -> None:  # fmt: skip
    """A change in the directory. ``target`` is its kind and the object, ``changes`` are property and new value."""
    kind, thing = target
    details = {
        "ObjectId": str(thing.get("appId") or f"{kind}_{thing['id']}"),
        "AzureActiveDirectoryEventType": 1,
        "ExtendedProperties": [
            {"Name": "additionalDetails", "Value": json.dumps({"User-Agent": agent})},
            {"Name": "extendedAuditEventCategory", "Value": kind},
        ],
        "ModifiedProperties": [{"Name": name, "NewValue": value, "OldValue": ""} for name, value in changes],
        "Actor": _person(world, event.person),
        "ActorContextId": world.tenant_id,
        "ActorIpAddress": event.ip,
        "InterSystemsId": object_id("inter", operation, stamp(event.at)),
        "IntraSystemId": object_id("intra", operation, stamp(event.at)),
        "SupportTicketId": "",
        "Target": _thing(kind, thing),
        "TargetContextId": world.tenant_id,
    }
    add_record(world, event, "azureActiveDirectory", operation, details)


def consent_changes(grant: Mapping[str, Any], principal: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The modified properties of “Consent to application.”."""
    permission = (
        f"[] => [[Id: {grant['id']}, ClientId: {grant['clientId']}, PrincipalId: {grant['principalId']},"
        f" ResourceId: {grant['resourceId']}, ConsentType: {grant['consentType']}, Scope: {grant['scope']},"
        " CreatedDateTime: , LastModifiedDateTime ]]; "
    )
    return [
        ("ConsentContext.IsAdminConsent", "False"),
        ("ConsentContext.IsAppOnly", "False"),
        ("ConsentContext.OnBehalfOfAll", "False"),
        ("ConsentContext.Tags", "WindowsAzureActiveDirectoryIntegratedApp"),
        ("ConsentAction.Permissions", permission),
        ("TargetId.ServicePrincipalNames", str(principal["appId"])),
    ]


def add_login(world: TenantWorld, sign_in: SignIn) -> None:
    """UserLoggedIn or UserLoginFailed, beside the row in the sign-in log."""
    code, client = sign_in.error[0], sign_in.client
    properties = [
        {"Name": "OS", "Value": client.system},
        {"Name": "BrowserType", "Value": client.browser.partition(" ")[0]},
        {"Name": "IsCompliantAndManaged", "Value": str(client.is_managed)},
        {"Name": "SessionId", "Value": sign_in.session},
    ]
    details: dict[str, Any] = {
        "ObjectId": client.app_id,
        "ApplicationId": client.app_id,
        "ActorIpAddress": sign_in.place.ip,
        "AzureActiveDirectoryEventType": 1,
        "ErrorNumber": str(code),
        "ExtendedProperties": [
            {"Name": "ResultStatusDetail", "Value": "Success"},
            {"Name": "UserAgent", "Value": client.user_agent},
            {"Name": "RequestType", "Value": "OAuth2:Authorize" if sign_in.is_interactive else "OAuth2:Token"},
        ],
        "DeviceProperties": properties,
        "Actor": _person(world, sign_in.person),
        "ActorContextId": world.tenant_id,
        "Target": [{"ID": client.app_id, "Type": 0}],
        "TargetContextId": world.tenant_id,
        "InterSystemsId": object_id("inter", sign_in.person, stamp(sign_in.at)),
        "IntraSystemId": object_id("intra", sign_in.person, stamp(sign_in.at)),
    }
    if code:
        details["LogonError"] = "InvalidUserNameOrPassword"
    event = Event(sign_in.person, sign_in.at, sign_in.place.ip, sign_in.session)
    operation = "UserLoginFailed" if code else "UserLoggedIn"
    add_record(world, event, "azureActiveDirectoryStsLogon", operation, details)


def add_file(world: TenantWorld, event: Event, operation: str, path: str, client: Client) -> None:
    """A file was opened or downloaded. ``path`` is site/folder/file; “onedrive” as site means the person's own."""
    site, _, rest = path.partition("/")
    folder, _, name = rest.rpartition("/")
    host = world.company.domain.partition(".")[0]
    if site == "onedrive":
        own = world.upn_of(event.person).replace("@", "_").replace(".", "_")
        site_url, workload = f"https://{host}-my.sharepoint.example/personal/{own}/", "OneDrive"
    else:
        site_url, workload = f"https://{host}.sharepoint.example/sites/{site}/", "SharePoint"
    details = {
        "Workload": workload,
        "ObjectId": f"{site_url}{folder}/{name}",
        "EventSource": "SharePoint",
        "ItemType": "File",
        "ListId": object_id(world.company.key, site, folder),
        "ListItemUniqueId": object_id(world.company.key, path),
        "Site": object_id(world.company.key, "site", site),
        "SiteUrl": site_url,
        "SourceFileExtension": name.rpartition(".")[2],
        "SourceFileName": name,
        "SourceRelativeUrl": folder,
        "UserAgent": client.user_agent,
        "CorrelationId": object_id("file", path, stamp(event.at)),
        "AppAccessContext": {
            "AADSessionId": event.session,
            "UniqueTokenId": event.token,
            "ClientAppName": client.app_name,
        },
    }
    add_record(world, event, "sharePointFileOperation", operation, details)
