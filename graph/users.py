"""Calls about users: reading them, ending their sessions, blocking and unblocking sign-in, setting a password.

Writes on a user who holds an admin role need, besides the permission, an Entra role on Petra's service principal:
User Administrator for ordinary people, Privileged Authentication Administrator for admins.
https://learn.microsoft.com/graph/api/resources/users#who-can-perform-sensitive-actions
"""

from collections.abc import Sequence

from graph.odata import any_of, path, query
from graph.request import Request, SecretRef

# Graph leaves most of these out unless they are asked for by name.
STATE = (
    "id",
    "userPrincipalName",
    "displayName",
    "mail",
    "accountEnabled",
    "onPremisesSyncEnabled",
    "onPremisesImmutableId",
    "onPremisesDomainName",
    "onPremisesSamAccountName",
    "onPremisesLastSyncDateTime",
    "signInSessionsValidFromDateTime",
    "lastPasswordChangeDateTime",
    "userType",
)
PROFILE = (*STATE, "givenName", "surname", "jobTitle", "department", "createdDateTime", "proxyAddresses")


def get(user_id: str, select: Sequence[str] = STATE) -> Request:
    """GET /users/{id}: one user. Permission: User.Read.All.

    https://learn.microsoft.com/graph/api/user-get
    """
    return Request("GET", query(path("/users/{}", user_id), select=select))


def list_users(select: Sequence[str] = STATE, filter: str = "", top: int = 999) -> Request:  # noqa: A002 - OData
    """GET /users: all users, at most 999 a page. Permission: User.Read.All.

    https://learn.microsoft.com/graph/api/user-list
    """
    return Request("GET", query("/users", select=select, filter=filter, top=top))


def by_addresses(addresses: Sequence[str], select: Sequence[str] = STATE) -> Request:
    """GET /users?$filter: the users with one of these user principal names or primary addresses (at most 7).

    Permission: User.Read.All. Graph takes up to 15 conditions in one filter, and each address makes two.
    https://learn.microsoft.com/graph/api/user-list
    """
    wanted = f"{any_of('userPrincipalName', addresses)} or {any_of('mail', addresses)}"
    return Request("GET", query("/users", select=select, filter=wanted))


def directory_roles(user_id: str) -> Request:
    """GET /users/{id}/transitiveMemberOf/microsoft.graph.directoryRole: admin roles held. Permission: User.Read.All.

    https://learn.microsoft.com/graph/api/user-list-transitivememberof
    """
    address = path("/users/{}/transitiveMemberOf/microsoft.graph.directoryRole", user_id)
    return Request("GET", query(address, select=("id", "displayName", "roleTemplateId")))


def revoke_sessions(user_id: str) -> Request:
    """POST /users/{id}/revokeSignInSessions: end all sessions. Permission: User.RevokeSessions.All.

    Access tokens already issued live on for up to an hour, or about 15 minutes where the application evaluates
    access continuously. Cannot be undone. https://learn.microsoft.com/graph/api/user-revokesigninsessions
    """
    return Request("POST", path("/users/{}/revokeSignInSessions", user_id))


def disable(user_id: str) -> Request:
    """PATCH /users/{id}: block sign-in. Permissions: User.EnableDisableAccount.All and User.Read.All.

    https://learn.microsoft.com/graph/api/user-update
    """
    return _set_enabled(user_id, enabled=False)


def enable(user_id: str) -> Request:
    """PATCH /users/{id}: allow sign-in again. Permissions: User.EnableDisableAccount.All and User.Read.All.

    https://learn.microsoft.com/graph/api/user-update
    """
    return _set_enabled(user_id, enabled=True)


def set_password(user_id: str, password: SecretRef, force_change: bool = True) -> Request:
    """PATCH /users/{id}: set a password. Permission: User-PasswordProfile.ReadWrite.All.

    Refused for accounts synchronised from on-premises. Not to be sent again when its outcome is unknown: read
    `lastPasswordChangeDateTime` first. https://learn.microsoft.com/graph/api/user-update
    """
    profile = {
        "password": password,
        "forceChangePasswordNextSignIn": force_change,
        "forceChangePasswordNextSignInWithMfa": False,
    }
    return Request("PATCH", path("/users/{}", user_id), body={"passwordProfile": profile})


def _set_enabled(user_id: str, *, enabled: bool) -> Request:
    return Request("PATCH", path("/users/{}", user_id), body={"accountEnabled": enabled})
