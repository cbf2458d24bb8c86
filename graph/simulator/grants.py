"""Consents (oauth2PermissionGrants) and app role assignments."""

from __future__ import annotations

from typing import Any

from graph.simulator import made, odata
from graph.simulator.audit_trail import Change, record_change
from graph.simulator.calls import Answer, Call, bad_request, not_found
from graph.simulator.odata import Listing
from graph.simulator.users import user_of

Grant = dict[str, Any]

_GRANTS = "oauth2PermissionGrants"
_ASSIGNMENTS = "appRoleAssignments"


def list_grants(call: Call) -> Answer:
    """GET /oauth2PermissionGrants: personal and tenant-wide ones."""
    return odata.listed(call, Listing(_GRANTS, "oAuth2PermissionGrant", _GRANTS))


def grants_of_user(call: Call) -> Answer:
    """GET /users/{id}/oauth2PermissionGrants: only what this user consented to for themselves."""
    user = user_of(call, lagged=True)
    return odata.listed(call, Listing(_GRANTS, "oAuth2PermissionGrant", _GRANTS, "owner = ?", (user["id"],)))


def grants_of_principal(call: Call) -> Answer:
    """GET /servicePrincipals/{id}/oauth2PermissionGrants: those of the application as the client."""
    _principal(call)
    return odata.listed(call, Listing(_GRANTS, "oAuth2PermissionGrant", _GRANTS, "alias = ?", (call.arguments[0],)))


def get_grant(call: Call) -> Answer:
    """GET /oauth2PermissionGrants/{id}."""
    return odata.single(call, "oAuth2PermissionGrant", _GRANTS, _grant(call, lagged=True))


def _grant(call: Call, *, lagged: bool = False) -> Grant:
    found = call.store.one(call.tenant, _GRANTS, call.arguments[0], lagged=lagged)
    if found is None:
        raise not_found(call.arguments[0])
    return found


def create_grant(call: Call) -> Answer:
    """POST /oauth2PermissionGrants: 201 under a new id; 409 when the same one is there."""
    values = call.fields()
    if not {"clientId", "consentType", "resourceId", "scope"} <= values.keys():
        raise bad_request("A value is required for clientId, consentType, resourceId and scope.", "Request_BadRequest")
    if (values["consentType"] == "Principal") != bool(values.get("principalId")):
        raise bad_request("principalId belongs to a grant of consentType Principal, and only there.")
    for name, collection in (("clientId", "servicePrincipals"), ("resourceId", "servicePrincipals")):
        if call.store.one(call.tenant, collection, str(values[name])) is None:
            raise not_found(str(values[name]))
    grant = {"principalId": None, **values, "id": made.opaque("", 43)}
    for other in call.store.aliased(call.tenant, _GRANTS, grant["clientId"]):
        if all(other.get(name) == grant[name] for name in ("principalId", "resourceId")):
            refusal = bad_request("Permission entry already exists.", "Request_MultipleObjectsWithSameKeyValue")
            refusal.status = 409
            raise refusal
    call.store.save(call.tenant, _GRANTS, grant)
    _record(call, "Add delegated permission grant", "Assign", grant)
    answer = odata.single(call, "oAuth2PermissionGrant", _GRANTS, grant)
    return Answer(201, answer.body)


def update_grant(call: Call) -> Answer:
    """PATCH /oauth2PermissionGrants/{id}: only the scope may change. 204."""
    grant, values = _grant(call), call.fields()
    if set(values) != {"scope"}:
        raise bad_request("Only the property 'scope' of a grant can be updated.", "Request_BadRequest")
    call.store.save(call.tenant, _GRANTS, grant | values)
    _record(call, "Update delegated permission grant", "Update", grant)
    return Answer(204)


def delete_grant(call: Call) -> Answer:
    """DELETE /oauth2PermissionGrants/{id}: 204."""
    grant = _grant(call)
    call.store.remove(call.tenant, _GRANTS, grant["id"])
    _record(call, "Remove delegated permission grant", "Unassign", grant)
    return Answer(204)


def _record(call: Call, activity: str, operation: str, grant: Grant) -> None:
    client = call.store.one(call.tenant, "servicePrincipals", grant["clientId"]) or {"id": grant["clientId"]}
    removed = operation == "Unassign"
    values = {
        "DelegatedPermissionGrant.Scope": _moved(grant["scope"], removed),
        "DelegatedPermissionGrant.ConsentType": _moved(grant["consentType"], removed),
        "ServicePrincipal.ObjectID": _moved(grant["clientId"], removed),
    }
    change = Change(activity, "ApplicationManagement", "ServicePrincipal", client, operation, values=values)
    record_change(call, change)


def _moved(value: str, removed: bool) -> tuple[str | None, str | None]:
    return (value, None) if removed else (None, value)


def assignments_of_user(call: Call) -> Answer:
    """GET /users/{id}/appRoleAssignments."""
    user = user_of(call, lagged=True)
    return _assignments(call, "owner = ?", user["id"])


def assignments_of_principal(call: Call) -> Answer:
    """GET /servicePrincipals/{id}/appRoleAssignments: the application permissions that it holds."""
    _principal(call)
    return _assignments(call, "owner = ?", call.arguments[0])


def assigned_to_principal(call: Call) -> Answer:
    """GET /servicePrincipals/{id}/appRoleAssignedTo: who is assigned to this application."""
    _principal(call)
    return _assignments(call, "alias = ?", call.arguments[0])


def _assignments(call: Call, where: str, value: str) -> Answer:
    return odata.listed(call, Listing(_ASSIGNMENTS, "appRoleAssignment", _ASSIGNMENTS, where, (value,)))


def _principal(call: Call) -> None:
    if call.store.one(call.tenant, "servicePrincipals", call.arguments[0], lagged=True) is None:
        raise not_found(call.arguments[0])


def delete_assignment(call: Call) -> Answer:
    """DELETE of an assignment from the user's, the client's or the resource's side: 204."""
    holder, assignment_id = call.arguments
    found = call.store.one(call.tenant, _ASSIGNMENTS, assignment_id)
    if found is None or holder not in (found["principalId"], found["resourceId"]):
        raise not_found(assignment_id)
    call.store.remove(call.tenant, _ASSIGNMENTS, found["id"])
    kind = "user" if found.get("principalType") == "User" else "service principal"
    target = {"id": found["resourceId"], "displayName": found.get("resourceDisplayName")}
    activity = f"Remove app role assignment from {kind}"
    record_change(call, Change(activity, "ApplicationManagement", "ServicePrincipal", target, "Unassign"))
    return Answer(204)
