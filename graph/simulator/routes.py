"""The route table: every Graph operation that the pretend cloud serves."""

from __future__ import annotations

from graph.simulator import (
    applications,
    attachments,
    audit,
    authentication,
    devices,
    folders,
    grants,
    mail,
    organization,
    risk,
    rules,
    signins,
    traces,
    users,
)
from graph.simulator.permissions import METHOD_TYPES
from graph.simulator.routing import Handler, Lane, Route

_USER = "/users/{id}"
_PRINCIPAL = "/servicePrincipals/{id}"
_APPLICATION = "/applications/{id}"
_GRANT = "/oauth2PermissionGrants/{id}"
_RULES = "/users/{id}/mailFolders/inbox/messageRules"
_MESSAGE = "/users/{id}/messages/{id}"
_FOLDER = "/users/{id}/mailFolders/{id}"
_ROLE = "microsoft.graph.directoryRole"
_RISK = "/identityProtection/riskyUsers"
_QUERIES = "/security/auditLog/queries"
_TRACES = "/admin/exchange/tracing/messageTraces"

_DIRECTORY: list[tuple[str, str, Handler]] = [
    ("GET", "/users", users.list_users),
    ("GET", _USER, users.get_user),
    ("PATCH", _USER, users.update_user),
    ("POST", f"{_USER}/revokeSignInSessions", users.revoke_sessions),
    ("POST", f"{_USER}/invalidateAllRefreshTokens", users.invalidate_tokens),
    ("GET", f"{_USER}/memberOf", users.member_of),
    ("GET", f"{_USER}/transitiveMemberOf", users.member_of),
    ("GET", f"{_USER}/memberOf/{_ROLE}", users.directory_roles),
    ("GET", f"{_USER}/transitiveMemberOf/{_ROLE}", users.directory_roles),
    ("GET", f"{_USER}/ownedObjects", applications.owned_objects),
    ("GET", f"{_USER}/createdObjects", applications.created_objects),
    ("GET", f"{_USER}/registeredDevices", devices.devices_of_user),
    ("GET", f"{_USER}/ownedDevices", devices.devices_of_user),
    ("GET", f"{_USER}/oauth2PermissionGrants", grants.grants_of_user),
    ("GET", f"{_USER}/appRoleAssignments", grants.assignments_of_user),
    ("DELETE", f"{_USER}/appRoleAssignments/{{id}}", grants.delete_assignment),
    ("GET", "/oauth2PermissionGrants", grants.list_grants),
    ("POST", "/oauth2PermissionGrants", grants.create_grant),
    ("GET", _GRANT, grants.get_grant),
    ("PATCH", _GRANT, grants.update_grant),
    ("DELETE", _GRANT, grants.delete_grant),
    ("GET", "/servicePrincipals", applications.list_things),
    ("POST", "/servicePrincipals", applications.create_principal),
    ("GET", _PRINCIPAL, applications.get_thing),
    ("PATCH", _PRINCIPAL, applications.update_thing),
    ("DELETE", _PRINCIPAL, applications.delete_thing),
    ("GET", f"{_PRINCIPAL}/memberOf", users.own_member_of),
    ("GET", f"{_PRINCIPAL}/transitiveMemberOf", users.own_member_of),
    ("GET", f"{_PRINCIPAL}/memberOf/{_ROLE}", users.own_directory_roles),
    ("GET", f"{_PRINCIPAL}/transitiveMemberOf/{_ROLE}", users.own_directory_roles),
    ("GET", f"{_PRINCIPAL}/oauth2PermissionGrants", grants.grants_of_principal),
    ("GET", f"{_PRINCIPAL}/appRoleAssignments", grants.assignments_of_principal),
    ("GET", f"{_PRINCIPAL}/appRoleAssignedTo", grants.assigned_to_principal),
    ("DELETE", f"{_PRINCIPAL}/appRoleAssignments/{{id}}", grants.delete_assignment),
    ("DELETE", f"{_PRINCIPAL}/appRoleAssignedTo/{{id}}", grants.delete_assignment),
    ("GET", "/applications", applications.list_things),
    ("GET", _APPLICATION, applications.get_thing),
    ("PATCH", _APPLICATION, applications.update_thing),
    ("DELETE", _APPLICATION, applications.delete_thing),
    ("GET", f"{_APPLICATION}/owners", applications.owners),
    ("POST", f"{_APPLICATION}/removePassword", applications.remove_credential),
    ("POST", f"{_APPLICATION}/removeKey", applications.remove_credential),
    ("GET", "/directory/deletedItems/{id}", applications.get_deleted),
    ("POST", "/directory/deletedItems/{id}/restore", applications.restore),
    ("GET", "/devices", devices.list_devices),
    ("GET", "/devices/{id}", devices.get_device),
    ("PATCH", "/devices/{id}", devices.update_device),
    ("DELETE", "/devices/{id}", devices.delete_device),
    ("GET", "/devices/{id}/registeredOwners", devices.registered_owners),
    ("GET", "/organization", organization.list_organization),
    ("GET", "/domains", organization.list_domains),
    ("GET", "/roleManagement/directory/roleAssignments", users.role_assignments),
]

_MAILBOX: list[tuple[str, str, Handler]] = [
    ("GET", f"{_USER}/messages", mail.list_messages),
    ("GET", _MESSAGE, mail.get_message),
    ("DELETE", _MESSAGE, mail.delete_message),
    ("POST", f"{_MESSAGE}/move", mail.move_message),
    ("POST", f"{_MESSAGE}/permanentDelete", mail.delete_for_good),
    ("GET", f"{_MESSAGE}/attachments", attachments.list_attachments),
    ("GET", f"{_MESSAGE}/attachments/{{id}}", attachments.get_attachment),
    ("POST", f"{_USER}/translateExchangeIds", mail.translate_ids),
    ("GET", f"{_USER}/mailFolders", folders.list_folders),
    ("GET", _FOLDER, folders.get_folder),
    ("GET", f"{_FOLDER}/childFolders", folders.list_children),
    ("GET", f"{_FOLDER}/messages", mail.list_messages),
    ("GET", f"{_FOLDER}/messages/{{id}}", mail.get_message),
    ("POST", f"{_FOLDER}/messages/{{id}}/move", mail.move_message),
    ("GET", _RULES, rules.list_rules),
    ("POST", _RULES, rules.create_rule),
    ("GET", f"{_RULES}/{{id}}", rules.get_rule),
    ("PATCH", f"{_RULES}/{{id}}", rules.update_rule),
    ("DELETE", f"{_RULES}/{{id}}", rules.delete_rule),
]

_METHODS: list[tuple[str, str, Handler]] = [
    ("GET", f"{_USER}/authentication/methods", authentication.list_methods),
    ("GET", f"{_USER}/authentication/methods/{{id}}", authentication.get_method),
    ("POST", f"{_USER}/authentication/methods/{{id}}/resetPassword", users.reset_by_method),
    *(("GET", f"{_USER}/authentication/{each}", authentication.list_of_type) for each in METHOD_TYPES),
    *(("DELETE", f"{_USER}/authentication/{each}/{{id}}", authentication.delete_method) for each in METHOD_TYPES),
]

_OTHERS: list[tuple[str, str, Handler, Lane]] = [
    ("GET", "/auditLogs/signIns", signins.list_sign_ins, Lane.REPORTS),
    ("GET", "/auditLogs/signIns/{id}", signins.get_sign_in, Lane.REPORTS),
    ("GET", "/auditLogs/directoryAudits", signins.list_directory_audits, Lane.REPORTS),
    ("POST", "/auditLogs/signIns/confirmCompromised", signins.confirm_sign_ins, Lane.PROTECTION),
    ("GET", f"{_RISK}/{{id}}", risk.get_risky_user, Lane.PROTECTION),
    ("POST", f"{_RISK}/confirmCompromised", risk.decide, Lane.PROTECTION),
    ("POST", f"{_RISK}/confirmSafe", risk.decide, Lane.PROTECTION),
    ("POST", f"{_RISK}/dismiss", risk.decide, Lane.PROTECTION),
    ("GET", "/identityProtection/riskDetections", risk.list_detections, Lane.PROTECTION),
    ("POST", _QUERIES, audit.create_query, Lane.SECURITY),
    ("GET", f"{_QUERIES}/{{id}}", audit.get_query, Lane.SECURITY),
    ("GET", f"{_QUERIES}/{{id}}/records", audit.list_records, Lane.SECURITY),
    ("GET", _TRACES, traces.list_traces, Lane.TRACES),
    (
        "GET",
        f"{_TRACES}/{{id}}/getDetailsByRecipient(recipientAddress={{id}})",
        traces.list_details,
        Lane.TRACES,
    ),
]

ROUTES: tuple[Route, ...] = (
    *(Route(*row, Lane.DIRECTORY) for row in _DIRECTORY),
    *(Route(*row, Lane.MAILBOX) for row in _MAILBOX),
    *(Route(*row, Lane.METHODS) for row in _METHODS),
    *(Route(*row) for row in _OTHERS),
)
