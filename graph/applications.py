"""Calls about applications: consents, service principals (the application in this tenant), registrations."""

from collections.abc import Mapping, Sequence
from typing import Any

from graph.odata import any_of, literal, path, query
from graph.request import Request

# Microsoft's own application behind message trace; the tenant needs a service principal for it.
TRANSPORT_DATA_PLATFORM = "8bd644d1-64a1-4d4b-ae52-2e0cbf64e373"

_CONSENT_FIELDS = ("clientId", "consentType", "principalId", "resourceId", "scope")


def consents_of(user_id: str) -> Request:
    """GET /users/{id}/oauth2PermissionGrants: what this user consented to, for themselves alone.

    Permission: Directory.Read.All. https://learn.microsoft.com/graph/api/user-list-oauth2permissiongrants
    """
    return Request("GET", path("/users/{}/oauth2PermissionGrants", user_id))


def consents_for_client(sp_id: str) -> Request:
    """GET /oauth2PermissionGrants?$filter=clientId: all consents of one application, tenant-wide ones included.

    Permission: Directory.Read.All. https://learn.microsoft.com/graph/api/oauth2permissiongrant-list
    """
    return Request("GET", query("/oauth2PermissionGrants", filter=f"clientId eq {literal(sp_id)}"))


def delete_consent(consent_id: str) -> Request:
    """DELETE /oauth2PermissionGrants/{id}. Permission: DelegatedPermissionGrant.ReadWrite.All.

    Tokens already issued live until they expire. https://learn.microsoft.com/graph/api/oauth2permissiongrant-delete
    """
    return Request("DELETE", path("/oauth2PermissionGrants/{}", consent_id))


def create_consent(fields: Mapping[str, Any]) -> Request:
    """POST /oauth2PermissionGrants: give a consent back, from the saved fields; it gets a new id.

    Permission: DelegatedPermissionGrant.ReadWrite.All.
    https://learn.microsoft.com/graph/api/oauth2permissiongrant-post
    """
    body = {name: fields[name] for name in _CONSENT_FIELDS if fields.get(name) is not None}
    return Request("POST", "/oauth2PermissionGrants", body=body)


def service_principal(sp_id: str, select: Sequence[str] = ()) -> Request:
    """GET /servicePrincipals/{id}. Permission: Application.Read.All.

    https://learn.microsoft.com/graph/api/serviceprincipal-get
    """
    return Request("GET", query(path("/servicePrincipals/{}", sp_id), select=select))


def service_principal_by_app_id(app_id: str) -> Request:
    """GET /servicePrincipals?$filter=appId: an application's service principal in this tenant, if any.

    Permission: Application.Read.All. https://learn.microsoft.com/graph/api/serviceprincipal-list
    """
    return Request("GET", query("/servicePrincipals", filter=any_of("appId", (app_id,))))


def create_service_principal(app_id: str) -> Request:
    """POST /servicePrincipals: admit an application to the tenant. Permission: Application.ReadWrite.All.

    https://learn.microsoft.com/graph/api/serviceprincipal-post-serviceprincipals
    """
    return Request("POST", "/servicePrincipals", body={"appId": app_id})


def set_service_principal_enabled(sp_id: str, enabled: bool) -> Request:
    """PATCH /servicePrincipals/{id}: allow or stop sign-ins to an application, for everybody in the tenant.

    Permission: Application.ReadWrite.All. https://learn.microsoft.com/graph/api/serviceprincipal-update
    """
    return Request("PATCH", path("/servicePrincipals/{}", sp_id), body={"accountEnabled": enabled})


def assigned_to(sp_id: str) -> Request:
    """GET /servicePrincipals/{id}/appRoleAssignedTo: who has been assigned to the application.

    Permission: Application.Read.All. https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignedto
    """
    return Request("GET", path("/servicePrincipals/{}/appRoleAssignedTo", sp_id))


def role_assignments_of(user_id: str) -> Request:
    """GET /users/{id}/appRoleAssignments: the applications that the user is assigned to.

    Permission: Directory.Read.All. https://learn.microsoft.com/graph/api/user-list-approleassignments
    """
    return Request("GET", path("/users/{}/appRoleAssignments", user_id))


def owned_objects(user_id: str) -> Request:
    """GET /users/{id}/ownedObjects: registrations, service principals and groups that the user owns.

    Permission: User.Read.All. https://learn.microsoft.com/graph/api/user-list-ownedobjects
    """
    return Request("GET", path("/users/{}/ownedObjects", user_id))


def created_objects(user_id: str) -> Request:
    """GET /users/{id}/createdObjects: what the user created. Permission: User.Read.All.

    https://learn.microsoft.com/graph/api/user-list-createdobjects
    """
    return Request("GET", path("/users/{}/createdObjects", user_id))


def application(application_id: str) -> Request:
    """GET /applications/{id}: one registration, by its object id. Permission: Application.Read.All.

    https://learn.microsoft.com/graph/api/application-get
    """
    return Request("GET", path("/applications/{}", application_id))


def set_application_disabled(application_id: str, disabled: bool) -> Request:
    """PATCH /applications/{id}: deactivate a registration; no new tokens. Permission: Application.ReadWrite.All.

    https://learn.microsoft.com/entra/identity/enterprise-apps/deactivate-app-registration
    """
    return Request("PATCH", path("/applications/{}", application_id), body={"isDisabled": disabled})
