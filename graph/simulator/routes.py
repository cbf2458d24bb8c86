"""The route table: every Graph operation that the pretend cloud serves."""

from __future__ import annotations

from graph.simulator import users
from graph.simulator.routing import Handler, Lane, Route

_D, _B, _A, _R = Lane.DIRECTORY, Lane.MAILBOX, Lane.METHODS, Lane.REPORTS

_TABLE: list[tuple[str, str, Handler, Lane]] = [
    ("GET", "/users", users.list_users, _D),
    ("GET", "/users/{id}", users.get_user, _D),
    ("PATCH", "/users/{id}", users.update_user, _D),
    ("POST", "/users/{id}/revokeSignInSessions", users.revoke_sessions, _D),
    ("POST", "/users/{id}/invalidateAllRefreshTokens", users.invalidate_tokens, _D),
    ("GET", "/users/{id}/memberOf", users.member_of, _D),
    ("GET", "/users/{id}/transitiveMemberOf", users.member_of, _D),
    ("GET", "/users/{id}/memberOf/microsoft.graph.directoryRole", users.directory_roles, _D),
    ("GET", "/users/{id}/transitiveMemberOf/microsoft.graph.directoryRole", users.directory_roles, _D),
    ("GET", "/servicePrincipals/{id}/memberOf", users.own_member_of, _D),
    ("GET", "/servicePrincipals/{id}/transitiveMemberOf", users.own_member_of, _D),
    ("GET", "/servicePrincipals/{id}/memberOf/microsoft.graph.directoryRole", users.own_directory_roles, _D),
    ("GET", "/servicePrincipals/{id}/transitiveMemberOf/microsoft.graph.directoryRole", users.own_directory_roles, _D),
    ("GET", "/roleManagement/directory/roleAssignments", users.role_assignments, _D),
    ("POST", "/users/{id}/authentication/methods/{id}/resetPassword", users.reset_by_method, _A),
]

ROUTES: tuple[Route, ...] = tuple(Route(*row) for row in _TABLE)
