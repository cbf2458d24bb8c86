"""Applications: service principals, registrations, and who consented to what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from graph.simulator.world.ids import object_id
from graph.simulator.world.moments import stamp
from graph.simulator.world.tenant import PETRA_APP_ID, PETRA_NAME, TenantWorld

MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
GRAPH = "00000003-0000-0000-c000-000000000000"
COMMAND_LINE_TOOLS = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
TRANSPORT_DATA_PLATFORM = "8bd644d1-64a1-4d4b-ae52-2e0cbf64e373"  # what message trace needs
# Microsoft's own, as every tenant has them: appId -> name.
MICROSOFT_APPS = {
    GRAPH: "Microsoft Graph",
    "00000002-0000-0ff1-ce00-000000000000": "Office 365 Exchange Online",
    "00000003-0000-0ff1-ce00-000000000000": "Office 365 SharePoint Online",
    COMMAND_LINE_TOOLS: "Microsoft Graph Command Line Tools",
    "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9": "Device Registration Service",
    TRANSPORT_DATA_PLATFORM: "Transport Data Platform",
}
_DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"  # the app role that everyone has who consented
_NO_PUBLISHER = {"displayName": None, "verifiedPublisherId": None, "addedDateTime": None}


@dataclass(frozen=True, slots=True)
class App:
    """An application that somebody in the tenant uses."""

    key: str
    name: str
    owner_tenant: str  # the tenant in which it is registered
    homepage: str
    is_verified: bool = False
    publisher: str = ""
    app_id: str = ""
    description: str = ""

    @property
    def client_id(self) -> str:
        """The appId."""
        return self.app_id or object_id("app", self.key)


def service_principal_id(world: TenantWorld, key: str) -> str:
    """The object id of an application's service principal in this tenant."""
    return object_id(world.company.key, "service principal", key)


def add_service_principal(world: TenantWorld, app: App, created: datetime) -> dict[str, Any]:
    """The service principal of an application in this tenant."""
    publisher = {
        "displayName": app.publisher,
        "verifiedPublisherId": str(int(object_id("publisher", app.publisher)[:7], 16)),
        "addedDateTime": stamp(created - timedelta(days=200)),
    }
    principal = {
        "id": service_principal_id(world, app.key),
        "appId": app.client_id,
        "appDisplayName": app.name,
        "displayName": app.name,
        "appDescription": app.description or None,
        "appOwnerOrganizationId": app.owner_tenant,
        "accountEnabled": True,
        "disabledByMicrosoftStatus": None,
        "homepage": app.homepage or None,
        "replyUrls": [f"{app.homepage}/signed-in"] if app.homepage else [],
        "servicePrincipalNames": [app.client_id],
        "servicePrincipalType": "Application",
        "signInAudience": "AzureADMyOrg" if app.owner_tenant == world.tenant_id else "AzureADMultipleOrgs",
        "appRoleAssignmentRequired": False,
        "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
        "keyCredentials": [],
        "passwordCredentials": [],
        "verifiedPublisher": publisher if app.is_verified else dict(_NO_PUBLISHER),
        "_createdDateTime": stamp(created),
    }
    world.add("servicePrincipals", [principal])
    return principal


def add_microsoft_apps(world: TenantWorld) -> None:
    """Microsoft's own service principals, and Petra's."""
    for app_id, name in MICROSOFT_APPS.items():
        app = App(name, name, MICROSOFT, "", is_verified=False, app_id=app_id)
        add_service_principal(world, app, world.moments.days(1_900))
    petra = App(
        "petra", PETRA_NAME, object_id("petra", "home tenant"), "https://petra.msp.example", True, "Halden Managed IT",
        PETRA_APP_ID, "Reads logs and remediates compromised accounts.",
    )  # fmt: skip
    add_service_principal(world, petra, world.moments.days(64))


def consent(world: TenantWorld, app_key: str, person: str, scope: str, at: datetime) -> dict[str, Any]:
    """One person's consent: the grant, and the app role assignment that comes with it."""
    client, user = service_principal_id(world, app_key), world.id_of(person)
    principal = next(each for each in world.lists["servicePrincipals"] if each["id"] == client)
    grant = {
        "id": object_id(world.company.key, "grant", app_key, person).replace("-", "") + "AQ",
        "clientId": client,
        "consentType": "Principal",
        "principalId": user,
        "resourceId": service_principal_id(world, MICROSOFT_APPS[GRAPH]),
        "scope": f" {scope}",
        "_createdDateTime": stamp(at),
    }
    world.add("oauth2PermissionGrants", [grant])
    assignment = {
        "id": object_id(world.company.key, "assignment", app_key, person).replace("-", "") + "AQ",
        "appRoleId": _DEFAULT_ACCESS,
        "createdDateTime": stamp(at),
        "principalDisplayName": world.people[person].display_name,
        "principalId": user,
        "principalType": "User",
        "resourceDisplayName": principal["displayName"],
        "resourceId": client,
    }
    world.add("appRoleAssignments", [assignment])
    return grant


def consents(world: TenantWorld, app_key: str, people: Iterable[str], scope: str, days_back: int) -> None:
    """Many people's consents, one after the other over the years since ``days_back``."""
    for index, person in enumerate(people):
        consent(
            world, app_key, person, scope, world.moments.office(max(5, days_back - 9 * index), 20 + 11 * index % 400)
        )


def add_registration(
    world: TenantWorld, app: App, owner: str, created: datetime, secret_at: datetime | None = None
) -> dict[str, Any]:
    """An application registered in this tenant, with its service principal."""
    registration = {
        "id": object_id(world.company.key, "registration", app.key),
        "appId": app.client_id,
        "displayName": app.name,
        "description": app.description or None,
        "createdDateTime": stamp(created),
        "disabledByMicrosoftStatus": None,
        "identifierUris": [],
        "isDisabled": None,
        "keyCredentials": [],
        "passwordCredentials": [_secret(app, created, secret_at)] if secret_at else [],
        "publisherDomain": world.company.domain,
        "requiredResourceAccess": [],
        "signInAudience": "AzureADMyOrg",
        "tags": [],
        "verifiedPublisher": dict(_NO_PUBLISHER),
        "_createdBy": world.id_of(owner),
        "_owners": [world.id_of(owner)],
    }
    world.add("applications", [registration])
    add_service_principal(world, app, created)
    return registration


def _secret(app: App, created: datetime, since: datetime) -> dict[str, Any]:
    """A client secret as Graph lists it: without the secret."""
    return {
        "customKeyIdentifier": None,
        "displayName": "auto" if created == since else "portal",
        "startDateTime": stamp(since),
        "endDateTime": stamp(since + timedelta(days=730)),
        "hint": object_id(app.key, "hint")[:3],
        "keyId": object_id(app.key, "secret"),
        "secretText": None,
    }
