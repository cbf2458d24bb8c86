"""Which permission each call needs, and what Petra's application asks a tenant for.

Drawn from Microsoft's own permission tables (microsoftgraph/microsoft-graph-devx-content, MIT). Previews show the
permissions of a call; the Connection page shows those a tenant has not granted, and what stops working without them.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from graph.odata import selected
from graph.request import Request, Service

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
EXCHANGE_APP_ID = "00000002-0000-0ff1-ce00-000000000000"

USER_ADMINISTRATOR = "User Administrator (Privileged Authentication Administrator when the account holds an admin role)"
EXCHANGE_ADMINISTRATOR = "Exchange Administrator"


@dataclass(frozen=True)
class Operation:
    """A kind of call: its method and path, and the least application permissions it needs.

    `body_key` narrows it to bodies with that property, for Graph judges a PATCH of a user property by property;
    `selects` to reads that ask for that one, which more than the least permission is needed for.
    `role` is the Entra role that Petra's service principal must hold as well.
    """

    method: str
    template: str
    permissions: tuple[str, ...]
    body_key: str = ""
    selects: str = ""
    role: str = ""

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(re.escape(self.template).replace(re.escape("{id}"), "[^/]+"))

    def covers(self, request: Request) -> bool:
        """Return whether the request is a call of this kind."""
        address, _, asked = request.path.partition("?")
        has_key = not self.body_key or self.body_key in (request.body or {})
        has_selected = not self.selects or self.selects in selected(asked)
        return request.method == self.method and has_key and has_selected and bool(self._pattern.fullmatch(address))


_MAIL_HEADERS = ("Mail.ReadBasic.All",)
_APPLICATIONS = ("Application.ReadWrite.All",)
_QUERIES = ("AuditLogsQuery.Read.All",)
_RISK = ("IdentityRiskyUser.ReadWrite.All",)
_RULES = "/users/{id}/mailFolders/inbox/messageRules"
_ROLE_OF_USER = "/users/{id}/transitiveMemberOf/microsoft.graph.directoryRole"

# collection of a sign-in method -> the permission to remove from it
_METHOD_PERMISSIONS = {
    "phoneMethods": "UserAuthMethod-Phone.ReadWrite.All",
    "microsoftAuthenticatorMethods": "UserAuthMethod-MicrosoftAuthApp.ReadWrite.All",
    "fido2Methods": "UserAuthMethod-Passkey.ReadWrite.All",
    "softwareOathMethods": "UserAuthMethod-SoftwareOATH.ReadWrite.All",
    "emailMethods": "UserAuthMethod-Email.ReadWrite.All",
    "temporaryAccessPassMethods": "UserAuthMethod-TAP.ReadWrite.All",
    "windowsHelloForBusinessMethods": "UserAuthMethod-WindowsHello.ReadWrite.All",
    "platformCredentialMethods": "UserAuthMethod-PlatformCred.ReadWrite.All",
}

OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/users", ("User.Read.All",)),
    Operation("GET", "/users/{id}", ("User.Read.All",)),
    Operation("GET", _ROLE_OF_USER, ("User.Read.All",)),
    Operation("POST", "/users/{id}/revokeSignInSessions", ("User.RevokeSessions.All",), role=USER_ADMINISTRATOR),
    Operation(
        "PATCH",
        "/users/{id}",
        ("User.EnableDisableAccount.All", "User.Read.All"),
        body_key="accountEnabled",
        role=USER_ADMINISTRATOR,
    ),
    Operation(
        "PATCH",
        "/users/{id}",
        ("User-PasswordProfile.ReadWrite.All",),
        body_key="passwordProfile",
        role=USER_ADMINISTRATOR,
    ),
    Operation("GET", "/users/{id}/authentication/methods", ("UserAuthenticationMethod.Read.All",)),
    *(
        Operation("DELETE", f"/users/{{id}}/authentication/{name}/{{id}}", (permission,), role=USER_ADMINISTRATOR)
        for name, permission in _METHOD_PERMISSIONS.items()
    ),
    Operation("GET", "/identityProtection/riskyUsers/{id}", ("IdentityRiskyUser.Read.All",)),
    Operation("GET", "/identityProtection/riskDetections", ("IdentityRiskEvent.Read.All",)),
    Operation("POST", "/identityProtection/riskyUsers/confirmCompromised", _RISK),
    Operation("POST", "/identityProtection/riskyUsers/dismiss", _RISK),
    Operation("GET", "/users/{id}/messages", ("Mail.Read",), selects="body"),
    Operation("GET", "/users/{id}/messages", _MAIL_HEADERS),
    Operation("GET", "/users/{id}/messages/{id}", ("Mail.Read",)),
    Operation("GET", "/users/{id}/messages/{id}/attachments", ("Mail.Read",)),
    Operation("GET", "/users/{id}/messages/{id}/attachments/{id}", ("Mail.Read",)),
    Operation("POST", "/users/{id}/messages/{id}/move", ("Mail.ReadWrite",)),
    Operation("GET", "/users/{id}/mailFolders", _MAIL_HEADERS),
    Operation("GET", "/users/{id}/mailFolders/{id}", _MAIL_HEADERS),
    Operation("GET", "/admin/exchange/tracing/messageTraces", ("ExchangeMessageTrace.Read.All",)),
    Operation("GET", _RULES, ("MailboxSettings.Read",)),
    Operation("PATCH", f"{_RULES}/{{id}}", ("MailboxSettings.ReadWrite",)),
    Operation("GET", "/users/{id}/oauth2PermissionGrants", ("Directory.Read.All",)),
    Operation("GET", "/oauth2PermissionGrants", ("Directory.Read.All",)),
    Operation("POST", "/oauth2PermissionGrants", ("DelegatedPermissionGrant.ReadWrite.All",)),
    Operation("DELETE", "/oauth2PermissionGrants/{id}", ("DelegatedPermissionGrant.ReadWrite.All",)),
    Operation("GET", "/users/{id}/appRoleAssignments", ("Directory.Read.All",)),
    Operation("GET", "/servicePrincipals", ("Application.Read.All",)),
    Operation("POST", "/servicePrincipals", _APPLICATIONS),
    Operation("GET", "/servicePrincipals/{id}", ("Application.Read.All",)),
    Operation("PATCH", "/servicePrincipals/{id}", _APPLICATIONS),
    Operation("GET", "/servicePrincipals/{id}/appRoleAssignedTo", ("Application.Read.All",)),
    Operation("GET", "/users/{id}/ownedObjects", ("User.Read.All",)),
    Operation("GET", "/users/{id}/createdObjects", ("User.Read.All",)),
    Operation("GET", "/applications/{id}", ("Application.Read.All",)),
    Operation("PATCH", "/applications/{id}", _APPLICATIONS),
    Operation("GET", "/users/{id}/registeredDevices", ("User.Read.All",)),
    Operation("GET", "/devices/{id}", ("Device.Read.All",)),
    Operation("PATCH", "/devices/{id}", ("Device.ReadWrite.All",)),
    Operation("GET", "/auditLogs/signIns", ("AuditLog.Read.All",)),
    Operation("GET", "/auditLogs/directoryAudits", ("AuditLog.Read.All",)),
    Operation("POST", "/security/auditLog/queries", _QUERIES),
    Operation("GET", "/security/auditLog/queries/{id}", _QUERIES),
    Operation("GET", "/security/auditLog/queries/{id}/records", _QUERIES),
    Operation("GET", "/organization", ("Organization.Read.All",)),
    Operation("GET", "/domains", ("Domain.Read.All",)),
)

EXCHANGE_OPERATION = Operation("POST", "/InvokeCommand", ("Exchange.ManageAsApp",), role=EXCHANGE_ADMINISTRATOR)


def operation_of(request: Request) -> Operation | None:
    """Return what kind of call the request is, or None for one that Petra does not know."""
    if request.service is Service.EXCHANGE:
        return EXCHANGE_OPERATION
    return next((operation for operation in OPERATIONS if operation.covers(request)), None)


def needed_for(request: Request) -> tuple[str, ...]:
    """Return the least application permissions that the request needs; empty for an unknown call."""
    operation = operation_of(request)
    return operation.permissions if operation else ()


# A permission -> those that include it, so that whoever granted the broader one lacks nothing.
_BROADER: dict[str, tuple[str, ...]] = {
    "User.Read.All": ("User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"),
    "User.RevokeSessions.All": ("User.ReadWrite.All", "Directory.ReadWrite.All"),
    "User.EnableDisableAccount.All": ("User.ReadWrite.All", "Directory.ReadWrite.All"),
    "User-PasswordProfile.ReadWrite.All": ("User.ReadWrite.All", "Directory.ReadWrite.All"),
    "Directory.Read.All": ("Directory.ReadWrite.All",),
    "Mail.ReadBasic.All": ("Mail.Read", "Mail.ReadWrite"),
    "Mail.Read": ("Mail.ReadWrite",),
    "MailboxSettings.Read": ("MailboxSettings.ReadWrite",),
    "DelegatedPermissionGrant.ReadWrite.All": ("Directory.ReadWrite.All",),
    "Application.Read.All": ("Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"),
    "Device.Read.All": ("Device.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"),
    "Device.ReadWrite.All": ("Directory.ReadWrite.All",),
    "UserAuthenticationMethod.Read.All": ("UserAuthenticationMethod.ReadWrite.All",),
    "IdentityRiskyUser.Read.All": ("IdentityRiskyUser.ReadWrite.All",),
    "IdentityRiskEvent.Read.All": ("IdentityRiskEvent.ReadWrite.All",),
    "Organization.Read.All": ("Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"),
    "Domain.Read.All": ("Domain.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"),
    **dict.fromkeys(_METHOD_PERMISSIONS.values(), ("UserAuthenticationMethod.ReadWrite.All",)),
}


def is_granted(permission: str, granted: Collection[str]) -> bool:
    """Return whether the permission, or one that includes it, is among those granted."""
    return permission in granted or any(broader in granted for broader in _BROADER.get(permission, ()))


@dataclass(frozen=True, slots=True)
class RequiredPermission:
    """An application permission that Petra asks for: its app role id, and what stops working without it.

    An optional one can be left out on purpose; `danger` says why somebody might.
    """

    name: str
    role_id: str
    without: str
    app_id: str = GRAPH_APP_ID
    is_optional: bool = False
    danger: str = ""


def _method_permission(part: str, role_id: str, what: str) -> RequiredPermission:
    return RequiredPermission(
        f"UserAuthMethod-{part}.ReadWrite.All", role_id, f"Step 3 cannot remove {what} that the attacker added."
    )


REQUIRED_PERMISSIONS: tuple[RequiredPermission, ...] = (
    RequiredPermission(
        "User.Read.All",
        "df021288-bdef-4463-88db-98f22de89214",
        "Nothing works: accounts, their devices and their state cannot be read.",
    ),
    RequiredPermission(
        "User.RevokeSessions.All",
        "77f3a031-c388-4f99-b373-dc68676a979e",
        "Step 1 cannot end sessions: the attacker stays signed in.",
    ),
    RequiredPermission(
        "User.EnableDisableAccount.All",
        "3011c876-62b7-4ada-afa2-506cbbecc68c",
        "Step 1 cannot block sign-in, and step 5 cannot allow it again.",
    ),
    RequiredPermission(
        "User-PasswordProfile.ReadWrite.All",
        "cc117bb9-00cf-4eb8-b580-ea2a878fe8f7",
        "Step 4 cannot set a new password.",
    ),
    RequiredPermission(
        "Directory.Read.All",
        "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
        "Consents, admin roles and the tenant's own name cannot be read; step 3 does not see consents.",
    ),
    RequiredPermission(
        "AuditLog.Read.All",
        "b0afded3-3588-46d8-8b3d-9842eff778da",
        "Sign-ins and directory changes cannot be read: no Logins and Directory logs, and no detection from them.",
    ),
    RequiredPermission(
        "AuditLogsQuery.Read.All",
        "5e1e9171-754d-478c-812c-f1755a9a4c2d",
        "The unified audit log cannot be read: no Exchange, SharePoint and Teams logs, no Attack Impact.",
    ),
    RequiredPermission(
        "Mail.ReadBasic.All",
        "693c5e45-0940-467d-9b8a-1022fb9d42ef",
        "Phishing cannot be found in mailboxes.",
    ),
    RequiredPermission(
        "Mail.ReadWrite",
        "e2a3a72e-5f79-4c64-b1b1-878b674786c9",
        "Step 2 cannot move phishing to Deleted Items, nor put it back.",
        danger="Lets Petra read and change mail in every mailbox, unless Exchange limits it to some.",
    ),
    RequiredPermission(
        "ExchangeMessageTrace.Read.All",
        "89b20d8a-76e2-4057-867b-9961f800b9a4",
        "Recipients of a phish are found by Exchange's message trace, or by looking into every mailbox, slowly.",
        is_optional=True,
    ),
    RequiredPermission(
        "MailboxSettings.ReadWrite",
        "6931bccd-447a-43d1-b442-00a195474933",
        "Step 3 cannot see or switch off inbox rules over Graph; hidden rules need Exchange in any case.",
    ),
    RequiredPermission(
        "DelegatedPermissionGrant.ReadWrite.All",
        "8e8e4742-1d95-4f68-9d56-6ee75648c72a",
        "Step 3 cannot take back consents to applications.",
    ),
    RequiredPermission(
        "Application.ReadWrite.All",
        "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
        "Step 3 cannot stop applications and registrations of the attacker.",
        is_optional=True,
        danger="An application that holds it can give itself further permissions.",
    ),
    RequiredPermission(
        "Device.ReadWrite.All",
        "1138cb37-bd11-4084-a2b7-9f71582aeddb",
        "Step 3 cannot stop devices that the attacker registered.",
    ),
    RequiredPermission(
        "UserAuthenticationMethod.Read.All",
        "38d9df27-64da-44fd-b7c5-a6fbac20248f",
        "Step 3 does not see sign-in methods that the attacker added.",
    ),
    _method_permission("Phone", "6e85d483-7092-4375-babe-0a94a8213a58", "phone numbers"),
    _method_permission("MicrosoftAuthApp", "c833c349-a1ab-4b6d-94a2-fa9a8674420c", "authenticator apps"),
    _method_permission("Passkey", "0400e371-7db1-4338-a269-96069eb65227", "passkeys and security keys"),
    _method_permission("SoftwareOATH", "787442d4-3c6e-4e99-aa95-8ccca20a48ff", "one-time code apps"),
    _method_permission("Email", "e8ecb853-1435-4a49-95ba-ec5b31b11672", "recovery e-mail addresses"),
    _method_permission("TAP", "627169a8-8c15-451c-861a-5b80e383de5c", "temporary access passes"),
    _method_permission("WindowsHello", "f14eee8a-713e-45aa-8223-2ab74632db1a", "Windows Hello keys"),
    _method_permission("PlatformCred", "1a87acf4-a9ca-4576-a974-452ea265d5f6", "platform credentials"),
    RequiredPermission(
        "IdentityRiskEvent.Read.All",
        "6e472fd1-ad78-48da-a0f0-97ab2c6b769e",
        "Microsoft's own risk detections are not read.",
        is_optional=True,
    ),
    RequiredPermission(
        "IdentityRiskyUser.ReadWrite.All",
        "656f6061-f9fe-4807-9708-6a2e0934df76",
        "The account's risk is not shown, and cannot be set to compromised.",
        is_optional=True,
    ),
    RequiredPermission(
        "Exchange.ManageAsApp",
        "dc50a0fb-09a3-484d-be87-e023b12c6440",
        "Step 3 does not see hidden inbox rules, forwarding and delegates, and cannot undo them.",
        app_id=EXCHANGE_APP_ID,
    ),
)


@dataclass(frozen=True, slots=True)
class RequiredRole:
    """An Entra role that Petra's service principal has to hold in the tenant; consent alone does not give it."""

    name: str
    template_id: str
    without: str
    is_optional: bool = False


REQUIRED_ROLES: tuple[RequiredRole, ...] = (
    RequiredRole(
        "User Administrator",
        "fe930be7-5e62-47db-91af-98c3a49a38b1",
        "Steps 1, 4 and 5 are refused for accounts with a lesser admin role, and passwords cannot be set.",
    ),
    RequiredRole(
        EXCHANGE_ADMINISTRATOR,
        "29232cdf-9323-42fd-ade2-1d097af3e4de",
        "Step 3 does not see hidden inbox rules, forwarding and delegates, and cannot undo them.",
    ),
    RequiredRole(
        "Privileged Authentication Administrator",
        "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
        "Steps 1, 4 and 5 are refused for accounts that hold an admin role.",
        is_optional=True,
    ),
)


def missing_permissions(granted: Collection[str]) -> tuple[RequiredPermission, ...]:
    """Return what Petra asks for and the tenant has not granted, in the order of importance.

    `granted` is what `GraphClient.granted_permissions` returns.
    """
    return tuple(need for need in REQUIRED_PERMISSIONS if not is_granted(need.name, granted))


def missing_roles(held: Collection[str]) -> tuple[RequiredRole, ...]:
    """Return the Entra roles that Petra's service principal lacks; `held` is what `GraphClient.held_roles` returns."""
    return tuple(role for role in REQUIRED_ROLES if role.template_id not in held)
