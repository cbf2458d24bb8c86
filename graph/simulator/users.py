"""Users: reading, the per-property rules of writing, sessions, and the roles they hold."""

from __future__ import annotations

from typing import Any

from graph.simulator import clock, odata, roles, sessions
from graph.simulator.audit_trail import Change, record_change
from graph.simulator.calls import Answer, Call, Refusal, bad_request, denied, not_found
from graph.simulator.entities import PROPERTIES, check_types
from graph.simulator.odata import Listing
from graph.simulator.state import Query

User = dict[str, Any]

_ANY = frozenset({"User.ReadWrite.All", "Directory.ReadWrite.All"})
# DOCS user-update: the narrow permission that allows one property.
_NARROW = {
    "passwordProfile": "User-PasswordProfile.ReadWrite.All",
    "mobilePhone": "User-Phone.ReadWrite.All",
    "businessPhones": "User-Phone.ReadWrite.All",
    "otherMails": "User-Mail.ReadWrite.All",
    "identities": "User.ManageIdentities.All",
}
_SENSITIVE = {
    "accountEnabled",
    "businessPhones",
    "mobilePhone",
    "onPremisesImmutableId",
    "otherMails",
    "passwordProfile",
    "userPrincipalName",
}
# What the cloud may change on an account that lives in the customer's own Active Directory.
_FREE_WHEN_SYNCED = {"accountEnabled", "usageLocation", "otherMails"}
_READ_ONLY = {
    "id",
    "createdDateTime",
    "deletedDateTime",
    "signInSessionsValidFromDateTime",
    "lastPasswordChangeDateTime",
    "onPremisesSyncEnabled",
    "onPremisesLastSyncDateTime",
    "onPremisesDomainName",
    "onPremisesSamAccountName",
}
_BASIC = {"id", "displayName", "givenName", "surname", "mail", "userPrincipalName", "photo", "userType"}
_READ_ALL = {
    "User.Read.All",
    "User.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "User.ReadWrite.CrossCloud",
}

SYNCED_MESSAGE = (
    "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects"
    " currently undergoing migration."
)
WEAK_MESSAGE = (
    "The specified password does not comply with password complexity requirements. Please provide a different password."
)


def find_user(call: Call, name: str, *, lagged: bool = False) -> User | None:
    """A user by id or by user principal name."""
    if "@" in name:
        found = call.store.aliased(call.tenant, "users", name, lagged=lagged)
        return found[0] if found else None
    return call.store.one(call.tenant, "users", name, lagged=lagged)


def user_of(call: Call, *, lagged: bool = False) -> User:
    """The user that the path names first. Raises Refusal 404."""
    user = find_user(call, call.arguments[0], lagged=lagged)
    if user is None:
        raise not_found(call.arguments[0])
    return user


def list_users(call: Call) -> Answer:
    """GET /users."""
    _check_readable(call)
    return odata.listed(call, Listing("users", "user", "users"))


def get_user(call: Call) -> Answer:
    """GET /users/{id}."""
    user = user_of(call, lagged=True)
    _check_readable(call)
    return odata.single(call, "user", "users", user)


def _check_readable(call: Call) -> None:
    """User.ReadBasic.All shows names and addresses; signInActivity is audit material."""
    select = set(odata.selected(call, "user"))
    if "signInActivity" in select and "AuditLog.Read.All" not in call.permissions:
        raise denied()
    if select - _BASIC and call.permissions.isdisjoint(_READ_ALL) and "User.ReadBasic.All" in call.permissions:
        raise denied()


def update_user(call: Call) -> Answer:
    """PATCH /users/{id}."""
    values = call.fields()
    for name in values:
        if name not in PROPERTIES["user"] or name in _READ_ONLY:
            raise bad_request(f"Property '{name}' is read-only or not supported.", "Request_BadRequest")
        _check_property(call, name)
    check_types(values)
    user = user_of(call)
    if _SENSITIVE & values.keys():
        roles.check_outranks(call.tenant, user)
    if user.get("onPremisesSyncEnabled") and values.keys() - _FREE_WHEN_SYNCED:
        raise bad_request(SYNCED_MESSAGE, "Request_BadRequest")
    profile = values.pop("passwordProfile", None)
    if profile is not None:
        _set_password(call, user, profile)
    if values:
        _change(call, user, values)
    return Answer(204)


def _check_property(call: Call, name: str) -> None:
    held = call.permissions
    if name == "accountEnabled" and {"User.EnableDisableAccount.All", "User.Read.All"} <= held:
        return
    if _NARROW.get(name) in held:
        return
    # DOCS user-update: by the broad permissions a password is only set with at least User Administrator.
    if name == "passwordProfile" and not _may_set_passwords(call):
        raise denied()
    if held.isdisjoint(_ANY):
        raise denied()


def _may_set_passwords(call: Call) -> bool:
    own = roles.names_of(call.tenant.settings.directory_roles)
    return not own.isdisjoint({"User Administrator", "Privileged Authentication Administrator", "Global Administrator"})


def _set_password(call: Call, user: User, profile: dict[str, Any]) -> None:
    if not isinstance(profile, dict):
        raise bad_request("A complex value is expected for property 'passwordProfile'.", "Request_BadRequest")
    check_types(profile)
    password = profile.get("password")
    if not password:
        return  # microsoft-graph-docs #4267: the flag alone is accepted and does nothing
    if call.tenant.is_federated(user["userPrincipalName"]):
        raise bad_request(SYNCED_MESSAGE, "Request_BadRequest")
    if not is_complex(password, user["userPrincipalName"]):
        raise bad_request(WEAK_MESSAGE, "Request_BadRequest")
    call.store.set_password(call.tenant, user["id"], password)
    with_mfa = bool(profile.get("forceChangePasswordNextSignInWithMfa", False))
    user["passwordProfile"] = {
        "forceChangePasswordNextSignIn": bool(profile.get("forceChangePasswordNextSignIn", True)) or with_mfa,
        "forceChangePasswordNextSignInWithMfa": with_mfa,
        "password": None,
    }
    user["lastPasswordChangeDateTime"] = clock.stamp()
    call.store.save(call.tenant, "users", user)
    record_change(call, Change("Reset user password", "UserManagement", "User", user))


def is_complex(password: str, user_principal_name: str) -> bool:
    """8 to 256 characters of three kinds, without the account's name in it."""
    kinds = [
        any(map(str.islower, password)),
        any(map(str.isupper, password)),
        any(map(str.isdigit, password)),
        any(not each.isalnum() for each in password),
    ]
    name = user_principal_name.partition("@")[0].lower()
    return 8 <= len(password) <= 256 and sum(kinds) >= 3 and name not in password.lower()


def _change(call: Call, user: User, values: dict[str, Any]) -> None:
    before = {name: user.get(name) for name in values}
    user.update(values)
    if "accountEnabled" in values:
        user.update(sessions.locked(user, is_enabled=bool(values["accountEnabled"])))
    call.store.save(call.tenant, "users", user)
    changed = {_capital(name): (before[name], values[name]) for name in values if before[name] != values[name]}
    if not changed:
        return
    record_change(call, Change("Update user", "UserManagement", "User", user, values=changed))
    if "AccountEnabled" in changed:
        activity = "Enable account" if values["accountEnabled"] else "Disable account"
        record_change(call, Change(activity, "UserManagement", "User", user, values=changed))


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


def revoke_sessions(call: Call) -> Answer:
    """POST /users/{id}/revokeSignInSessions, and its beta twin invalidateAllRefreshTokens.

    A sensitive action since message-center post MC358528, so an administrator's sessions need the outranking role.
    """
    user = user_of(call)
    roles.check_outranks(call.tenant, user)
    before = user.get("signInSessionsValidFromDateTime")
    user["signInSessionsValidFromDateTime"] = moment = clock.stamp()
    call.store.save(call.tenant, "users", user)
    activity = "Update StsRefreshTokenValidFrom Timestamp"
    values = {"StsRefreshTokensValidFrom": (before, moment)}
    record_change(call, Change(activity, "UserManagement", "User", user, values=values))
    return Answer(200, {"@odata.context": odata.context(call, "Edm.Boolean"), "value": True})


def invalidate_tokens(call: Call) -> Answer:
    """POST /beta/users/{id}/invalidateAllRefreshTokens; v1.0 does not have it."""
    if call.version != "beta":
        raise bad_request("Resource not found for the segment 'invalidateAllRefreshTokens'.")
    return revoke_sessions(call)


def member_of(call: Call) -> Answer:
    """GET /users/{id}/memberOf and transitiveMemberOf: directory roles are all the membership there is here."""
    found = roles.role_objects(call.tenant, user_of(call, lagged=True).get("_roles", []))
    return odata.polymorphic(call, "directoryObjects", [("directoryRole", each) for each in found])


def directory_roles(call: Call) -> Answer:
    """The same, cast to microsoft.graph.directoryRole: of one type, so without @odata.type."""
    return _roles_answer(call, user_of(call, lagged=True).get("_roles", []))


def own_member_of(call: Call) -> Answer:
    """GET /servicePrincipals/{id}/memberOf and transitiveMemberOf."""
    found = roles.role_objects(call.tenant, _principal_roles(call))
    return odata.polymorphic(call, "directoryObjects", [("directoryRole", each) for each in found])


def own_directory_roles(call: Call) -> Answer:
    """The same, cast to microsoft.graph.directoryRole."""
    return _roles_answer(call, _principal_roles(call))


def _principal_roles(call: Call) -> list[dict[str, Any]]:
    if call.arguments[0].lower() == call.tenant.service_principal_id.lower():
        return [dict(role) for role in roles.own_roles(call.tenant)]
    found = call.store.one(call.tenant, "servicePrincipals", call.arguments[0])
    if found is None:
        raise not_found(call.arguments[0])
    return list(found.get("_roles", []))


def _roles_answer(call: Call, held: list[dict[str, Any]]) -> Answer:
    found = roles.role_objects(call.tenant, held)
    return Answer(200, {"@odata.context": odata.context(call, "directoryRoles"), "value": found})


def role_assignments(call: Call) -> Answer:
    """GET /roleManagement/directory/roleAssignments, optionally of one principal."""
    holders = {user["id"]: user["_roles"] for user in _holders(call)}
    own: list[Any] = list(roles.own_roles(call.tenant))
    holders[call.tenant.service_principal_id] = own
    wanted = call.query.get("filter", "").partition("principalId eq ")[2].strip("' ")
    value = [
        {
            "id": f"{principal[:8]}{role['roleTemplateId'][:8]}",
            "principalId": principal,
            "roleDefinitionId": role["roleTemplateId"],
            "directoryScopeId": "/",
        }
        for principal, held in holders.items()
        for role in held
        if wanted in ("", principal)
    ]
    return Answer(
        200, {"@odata.context": odata.context(call, "roleManagement/directory/roleAssignments"), "value": value}
    )


def _holders(call: Call) -> list[User]:
    condition = "json_array_length(body, '$._roles') > 0"
    return call.store.rows(call.tenant, Query("users", condition))


def reset_by_method(call: Call) -> Answer:
    """POST …/authentication/methods/{id}/resetPassword has no application permission, so it is never reached."""
    raise Refusal(403, "accessDenied", "Request Authorization failed")
