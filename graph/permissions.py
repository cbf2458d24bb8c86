"""Which permission each call needs, and what Petra's application asks a tenant for.

Drawn from Microsoft's own permission tables (microsoftgraph/microsoft-graph-devx-content, MIT). Previews show the
permissions of a call; the Connection page shows those a tenant has not granted, and what stops working without them.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from graph.request import Request, Service

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
EXCHANGE_APP_ID = "00000002-0000-0ff1-ce00-000000000000"

USER_ADMINISTRATOR = "User Administrator (Privileged Authentication Administrator when the account holds an admin role)"
EXCHANGE_ADMINISTRATOR = "Exchange Administrator"


@dataclass(frozen=True)
class Operation:
    """A kind of call: its method and path, and the least application permissions it needs.

    `body_key` narrows it to bodies with that property, for Graph judges a PATCH of a user property by property.
    `role` is the Entra role that Petra's service principal must hold as well.
    """

    method: str
    template: str
    permissions: tuple[str, ...]
    body_key: str = ""
    role: str = ""

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(re.escape(self.template).replace(re.escape("{id}"), "[^/]+"))

    def covers(self, request: Request) -> bool:
        """Return whether the request is a call of this kind."""
        address = request.path.partition("?")[0]
        has_key = not self.body_key or self.body_key in (request.body or {})
        return request.method == self.method and has_key and bool(self._pattern.fullmatch(address))


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
    Operation("GET", "/users/{id}/messages", _MAIL_HEADERS),
    Operation("GET", "/users/{id}/messages/{id}", ("Mail.Read",)),
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
