"""Which application permissions allow which operation: any one of those listed suffices.

Source: microsoftgraph/microsoft-graph-devx-content permissions.json (MIT), snapshot 2026-08-07, without the AgentIdUser
family; operations that are not in it follow their reference page. Where that list leaves out a read-write permission
for a read (messages/{id}, messageRules) the reference pages, which name it, are followed.
"""

from __future__ import annotations

from collections.abc import Iterable

from graph.simulator.calls import Refusal, denied
from graph.simulator.routing import Lane, Route

_DEVICE_MANAGEMENT = (
    "DeviceManagementApps.ReadWrite.All DeviceManagementConfiguration.ReadWrite.All"
    " DeviceManagementManagedDevices.ReadWrite.All DeviceManagementServiceConfig.ReadWrite.All"
)
_DEVICE_MANAGEMENT_READ = (
    f"{_DEVICE_MANAGEMENT} DeviceManagementApps.Read.All DeviceManagementConfiguration.Read.All"
    " DeviceManagementManagedDevices.Read.All DeviceManagementServiceConfig.Read.All"
)
_DIRECTORY = "Directory.Read.All Directory.ReadWrite.All"
_READ_USERS = f"User.ReadBasic.All User.Read.All User.ReadWrite.All User.ReadWrite.CrossCloud {_DIRECTORY}"
_READ_LINKS = f"User.Read.All User.ReadWrite.All {_DIRECTORY}"
_READ_APPS = f"Application.Read.All Application.ReadWrite.All Application.ReadWrite.OwnedBy {_DIRECTORY}"
_WRITE_APPS = "Application.ReadWrite.All Application.ReadWrite.OwnedBy"
_READ_MAIL = "Mail.ReadBasic.All Mail.Read Mail.ReadWrite"
_READ_RULES = "MailboxSettings.Read MailboxSettings.ReadWrite"
_READ_GRANTS = f"DelegatedPermissionGrant.ReadWrite.All {_DIRECTORY}"
_READ_ROLES = f"RoleManagement.Read.Directory RoleManagement.ReadWrite.Directory {_DIRECTORY}"
_AUDIT_QUERY = "AuditLogsQuery.Read.All " + " ".join(
    f"AuditLogsQuery-{service}.Read.All"
    for service in ("CRM", "Endpoint", "Entra", "Exchange", "OneDrive", "SharePoint")
)

# PATCH /users/{id} is allowed or refused property by property, see users.py; here stand all that allow any of them.
_ALLOWED: dict[str, str] = {
    "POST /users/{id}/revokeSignInSessions": "User.RevokeSessions.All User.ReadWrite.All Directory.ReadWrite.All",
    "POST /users/{id}/invalidateAllRefreshTokens": "User.RevokeSessions.All User.ReadWrite.All Directory.ReadWrite.All",
    "GET /users": f"{_READ_USERS} {_DEVICE_MANAGEMENT_READ}",
    "GET /users/{id}": f"{_READ_USERS} {_DEVICE_MANAGEMENT_READ}",
    "PATCH /users/{id}": (
        f"User.ReadWrite.All Directory.ReadWrite.All User.ReadWrite.CrossCloud {_DEVICE_MANAGEMENT}"
        " User-Mail.ReadWrite.All User-PasswordProfile.ReadWrite.All User-Phone.ReadWrite.All"
        " User.EnableDisableAccount.All User.ManageIdentities.All"
    ),
    "GET /users/{id}/memberOf": f"{_DIRECTORY} Group.ReadBasic.All GroupMember.ReadBasic.All",
    "GET /users/{id}/transitiveMemberOf": (
        f"User.Read.All {_DIRECTORY} Group.Read.All Group.ReadBasic.All GroupMember.Read.All GroupMember.ReadBasic.All"
    ),
    "GET /users/{id}/ownedObjects": _READ_LINKS,
    "GET /users/{id}/createdObjects": _READ_LINKS,
    "GET /users/{id}/registeredDevices": _READ_LINKS,
    "GET /users/{id}/ownedDevices": _READ_LINKS,
    "GET /users/{id}/oauth2PermissionGrants": _READ_GRANTS,
    "GET /users/{id}/appRoleAssignments": f"AppRoleAssignment.ReadWrite.All {_DIRECTORY}",
    "DELETE /users/{id}/appRoleAssignments/{id}": "AppRoleAssignment.ReadWrite.All",
    "GET /users/{id}/messages": _READ_MAIL,
    "GET /users/{id}/messages/{id}": _READ_MAIL,
    "GET /users/{id}/messages/{id}/attachments": "Mail.Read Mail.ReadWrite",
    "GET /users/{id}/messages/{id}/attachments/{id}": "Mail.Read Mail.ReadWrite",
    "POST /users/{id}/messages/{id}/move": "Mail.ReadWrite",
    "DELETE /users/{id}/messages/{id}": "Mail.ReadWrite",
    "POST /users/{id}/messages/{id}/permanentDelete": "Mail.ReadWrite",
    "GET /users/{id}/mailFolders": _READ_MAIL,
    "GET /users/{id}/mailFolders/{id}": _READ_MAIL,
    "GET /users/{id}/mailFolders/{id}/childFolders": _READ_MAIL,
    "GET /users/{id}/mailFolders/{id}/messages": _READ_MAIL,
    "GET /users/{id}/mailFolders/{id}/messages/{id}": _READ_MAIL,
    "POST /users/{id}/mailFolders/{id}/messages/{id}/move": "Mail.ReadWrite",
    "POST /users/{id}/translateExchangeIds": "User.Read.All User.ReadWrite.All",
    "GET /users/{id}/mailFolders/inbox/messageRules": _READ_RULES,
    "GET /users/{id}/mailFolders/inbox/messageRules/{id}": _READ_RULES,
    "POST /users/{id}/mailFolders/inbox/messageRules": "MailboxSettings.ReadWrite",
    "PATCH /users/{id}/mailFolders/inbox/messageRules/{id}": "MailboxSettings.ReadWrite",
    "DELETE /users/{id}/mailFolders/inbox/messageRules/{id}": "MailboxSettings.ReadWrite",
    "GET /oauth2PermissionGrants": _READ_GRANTS,
    "GET /oauth2PermissionGrants/{id}": _READ_GRANTS,
    "POST /oauth2PermissionGrants": "DelegatedPermissionGrant.ReadWrite.All Directory.ReadWrite.All",
    "PATCH /oauth2PermissionGrants/{id}": "DelegatedPermissionGrant.ReadWrite.All Directory.ReadWrite.All",
    "DELETE /oauth2PermissionGrants/{id}": "DelegatedPermissionGrant.ReadWrite.All Directory.ReadWrite.All",
    "GET /servicePrincipals": _READ_APPS,
    "GET /servicePrincipals/{id}": _READ_APPS,
    "POST /servicePrincipals": f"{_WRITE_APPS} Directory.ReadWrite.All",
    "PATCH /servicePrincipals/{id}": f"{_WRITE_APPS} Directory.ReadWrite.All",
    "DELETE /servicePrincipals/{id}": f"{_WRITE_APPS} Directory.ReadWrite.All",
    "GET /servicePrincipals/{id}/oauth2PermissionGrants": _READ_GRANTS,
    "GET /servicePrincipals/{id}/appRoleAssignments": _READ_APPS,
    "GET /servicePrincipals/{id}/appRoleAssignedTo": _READ_APPS,
    "DELETE /servicePrincipals/{id}/appRoleAssignments/{id}": (
        "AppRoleAssignment.ReadWrite.All Application.ReadWrite.All"
    ),
    "DELETE /servicePrincipals/{id}/appRoleAssignedTo/{id}": (
        "AppRoleAssignment.ReadWrite.All Application.ReadWrite.All"
    ),
    "GET /servicePrincipals/{id}/memberOf": _READ_APPS,
    "GET /servicePrincipals/{id}/transitiveMemberOf": f"Application.Read.All Application.ReadWrite.All {_DIRECTORY}",
    "GET /applications": _READ_APPS,
    "GET /applications/{id}": _READ_APPS,
    "GET /applications/{id}/owners": _READ_APPS,
    "PATCH /applications/{id}": _WRITE_APPS,
    "DELETE /applications/{id}": _WRITE_APPS,
    "POST /applications/{id}/removePassword": f"{_WRITE_APPS} Directory.ReadWrite.All",
    "POST /applications/{id}/removeKey": f"{_WRITE_APPS} Directory.ReadWrite.All",
    "GET /directory/deletedItems/{id}": f"{_READ_APPS} User.Read.All",
    "POST /directory/deletedItems/{id}/restore": (
        "User.DeleteRestore.All User.ReadWrite.All User.ReadWrite.CrossCloud Application.ReadWrite.All"
    ),
    "GET /devices": f"Device.Read.All Device.ReadWrite.All {_DIRECTORY}",
    "GET /devices/{id}": f"Device.Read.All Device.ReadWrite.All {_DIRECTORY}",
    "GET /devices/{id}/registeredOwners": f"Device.Read.All Device.ReadWrite.All {_DIRECTORY}",
    "PATCH /devices/{id}": "Device.ReadWrite.All Directory.ReadWrite.All",
    "DELETE /devices/{id}": "Device.ReadWrite.All",
    "GET /users/{id}/authentication/methods": (
        "UserAuthenticationMethod.Read.All UserAuthenticationMethod.ReadWrite.All"
    ),
    # No application permission exists: synced passwords cannot be written back by an app on its own.
    "POST /users/{id}/authentication/methods/{id}/resetPassword": "",
    "GET /auditLogs/signIns": "AuditLog.Read.All",
    "GET /auditLogs/signIns/{id}": "AuditLog.Read.All",
    "POST /auditLogs/signIns/confirmCompromised": "IdentityRiskEvent.ReadWrite.All",
    "GET /auditLogs/directoryAudits": "AuditLog.Read.All Directory.Read.All",
    "POST /security/auditLog/queries": _AUDIT_QUERY,
    "GET /security/auditLog/queries/{id}": _AUDIT_QUERY,
    "GET /security/auditLog/queries/{id}/records": _AUDIT_QUERY,
    "GET /admin/exchange/tracing/messageTraces": "ExchangeMessageTrace.Read.All",
    "POST /identityProtection/riskyUsers/confirmCompromised": "IdentityRiskyUser.ReadWrite.All",
    "POST /identityProtection/riskyUsers/confirmSafe": "IdentityRiskyUser.ReadWrite.All",
    "POST /identityProtection/riskyUsers/dismiss": "IdentityRiskyUser.ReadWrite.All",
    "GET /identityProtection/riskyUsers/{id}": "IdentityRiskyUser.Read.All IdentityRiskyUser.ReadWrite.All",
    "GET /identityProtection/riskDetections": "IdentityRiskEvent.Read.All IdentityRiskEvent.ReadWrite.All",
    "GET /organization": (
        f"Organization.Read.All Organization.ReadWrite.All User.Read.All {_DIRECTORY}"
        " DeviceManagementConfiguration.Read.All DeviceManagementConfiguration.ReadWrite.All"
        " DeviceManagementServiceConfig.Read.All DeviceManagementServiceConfig.ReadWrite.All"
    ),
    "GET /domains": "Domain.Read.All Domain.ReadWrite.All Directory.Read.All",
    "GET /roleManagement/directory/roleAssignments": _READ_ROLES,
}

# Type of method -> the part of the granular permission's name (DEVX provisioningInfo).
METHOD_TYPES = {
    "phoneMethods": "Phone",
    "microsoftAuthenticatorMethods": "MicrosoftAuthApp",
    "fido2Methods": "Passkey",
    "softwareOathMethods": "SoftwareOATH",
    "emailMethods": "Email",
    "temporaryAccessPassMethods": "TAP",
    "windowsHelloForBusinessMethods": "WindowsHello",
    "platformCredentialMethods": "PlatformCred",
}
for _segment, _part in METHOD_TYPES.items():
    _write = f"UserAuthMethod-{_part}.ReadWrite.All UserAuthenticationMethod.ReadWrite.All"
    _ALLOWED[f"DELETE /users/{{id}}/authentication/{_segment}/{{id}}"] = _write
    _ALLOWED[f"GET /users/{{id}}/authentication/{_segment}"] = (
        f"{_write} UserAuthMethod-{_part}.Read.All UserAuthenticationMethod.Read.All"
    )

# Casts and details are allowed by what allows the collection they belong to.
_SAME_AS = {
    "GET /users/{id}/memberOf/microsoft.graph.directoryRole": "GET /users/{id}/memberOf",
    "GET /users/{id}/transitiveMemberOf/microsoft.graph.directoryRole": "GET /users/{id}/transitiveMemberOf",
    "GET /users/{id}/authentication/methods/{id}": "GET /users/{id}/authentication/methods",
    "GET /servicePrincipals/{id}/memberOf/microsoft.graph.directoryRole": "GET /servicePrincipals/{id}/memberOf",
    "GET /servicePrincipals/{id}/transitiveMemberOf/microsoft.graph.directoryRole": (
        "GET /servicePrincipals/{id}/transitiveMemberOf"
    ),
    "GET /admin/exchange/tracing/messageTraces/{id}/getDetailsByRecipient(recipientAddress={id})": (
        "GET /admin/exchange/tracing/messageTraces"
    ),
}

ALLOWED: dict[str, frozenset[str]] = {operation: frozenset(text.split()) for operation, text in _ALLOWED.items()}
ALLOWED.update({operation: ALLOWED[like] for operation, like in _SAME_AS.items()})


def check(route: Route, held: Iterable[str]) -> None:
    """Raises Refusal 403, in the words of the workload, when nothing that is held allows the operation."""
    allowed = ALLOWED[route.operation]
    if allowed.isdisjoint(held):
        raise refusal_of(route.lane, sorted(allowed))


def refusal_of(lane: Lane, wanted: list[str]) -> Refusal:
    """403 as the workload of that lane words it."""
    if lane is Lane.MAILBOX:
        return Refusal(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
    if lane is Lane.METHODS:
        return Refusal(403, "accessDenied", "Request Authorization failed")
    if lane is Lane.REPORTS:
        message = f"Calling principal does not have required MSGraph permissions {', '.join(wanted)}"
        return Refusal(403, "Authentication_MSGraphPermissionMissing", message)
    return denied()
