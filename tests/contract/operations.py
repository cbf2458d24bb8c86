"""How each operation of the simulated cloud is called so that it succeeds, and what Microsoft says that it answers.

An operation without a line in `ANSWERS` is one that nothing judges: `test_csdl.py` fails for it.
"""

from __future__ import annotations

from typing import Any

import requests

from graph.simulator.control import SimulatorControl
from graph.simulator.permissions import METHOD_TYPES
from tests.factories.world import (
    ADMIN,
    ALICE,
    APPLICATION,
    DEVICE,
    EVIL_PRINCIPAL,
    GRAPH_PRINCIPAL,
    OWN_APPLICATION,
    OWN_PRINCIPAL,
    PASSWORD_METHOD,
    PRINCIPAL_ID,
    TENANT_ID,
    message,
)
from tests.fixtures.simulator import RawCloud

_TRACES = "/admin/exchange/tracing/messageTraces"
_RULES = "/users/{id}/mailFolders/inbox/messageRules"
_ROLE = "microsoft.graph.directoryRole"
_METHODS = "/users/{id}/authentication"
NOTHING = ""  # 204, without a body

# Status, and the type of the body as CSDL writes it.
ANSWERS: dict[str, tuple[int, str]] = {
    "GET /users": (200, "Collection(user)"),
    "GET /users/{id}": (200, "user"),
    "PATCH /users/{id}": (204, NOTHING),
    "POST /users/{id}/revokeSignInSessions": (200, "Edm.Boolean"),
    "POST /users/{id}/invalidateAllRefreshTokens": (200, "Edm.Boolean"),
    "GET /users/{id}/memberOf": (200, "Collection(directoryObject)"),
    "GET /users/{id}/transitiveMemberOf": (200, "Collection(directoryObject)"),
    f"GET /users/{{id}}/memberOf/{_ROLE}": (200, "Collection(directoryRole)"),
    f"GET /users/{{id}}/transitiveMemberOf/{_ROLE}": (200, "Collection(directoryRole)"),
    "GET /users/{id}/ownedObjects": (200, "Collection(directoryObject)"),
    "GET /users/{id}/createdObjects": (200, "Collection(directoryObject)"),
    "GET /users/{id}/registeredDevices": (200, "Collection(directoryObject)"),
    "GET /users/{id}/ownedDevices": (200, "Collection(directoryObject)"),
    "GET /users/{id}/oauth2PermissionGrants": (200, "Collection(oAuth2PermissionGrant)"),
    "GET /users/{id}/appRoleAssignments": (200, "Collection(appRoleAssignment)"),
    "DELETE /users/{id}/appRoleAssignments/{id}": (204, NOTHING),
    "GET /oauth2PermissionGrants": (200, "Collection(oAuth2PermissionGrant)"),
    "POST /oauth2PermissionGrants": (201, "oAuth2PermissionGrant"),
    "GET /oauth2PermissionGrants/{id}": (200, "oAuth2PermissionGrant"),
    "PATCH /oauth2PermissionGrants/{id}": (204, NOTHING),
    "DELETE /oauth2PermissionGrants/{id}": (204, NOTHING),
    "GET /servicePrincipals": (200, "Collection(servicePrincipal)"),
    "POST /servicePrincipals": (201, "servicePrincipal"),
    "GET /servicePrincipals/{id}": (200, "servicePrincipal"),
    "PATCH /servicePrincipals/{id}": (204, NOTHING),
    "DELETE /servicePrincipals/{id}": (204, NOTHING),
    "GET /servicePrincipals/{id}/memberOf": (200, "Collection(directoryObject)"),
    "GET /servicePrincipals/{id}/transitiveMemberOf": (200, "Collection(directoryObject)"),
    f"GET /servicePrincipals/{{id}}/memberOf/{_ROLE}": (200, "Collection(directoryRole)"),
    f"GET /servicePrincipals/{{id}}/transitiveMemberOf/{_ROLE}": (200, "Collection(directoryRole)"),
    "GET /servicePrincipals/{id}/oauth2PermissionGrants": (200, "Collection(oAuth2PermissionGrant)"),
    "GET /servicePrincipals/{id}/appRoleAssignments": (200, "Collection(appRoleAssignment)"),
    "GET /servicePrincipals/{id}/appRoleAssignedTo": (200, "Collection(appRoleAssignment)"),
    "DELETE /servicePrincipals/{id}/appRoleAssignments/{id}": (204, NOTHING),
    "DELETE /servicePrincipals/{id}/appRoleAssignedTo/{id}": (204, NOTHING),
    "GET /applications": (200, "Collection(application)"),
    "GET /applications/{id}": (200, "application"),
    "PATCH /applications/{id}": (204, NOTHING),
    "DELETE /applications/{id}": (204, NOTHING),
    "GET /applications/{id}/owners": (200, "Collection(directoryObject)"),
    "POST /applications/{id}/removePassword": (204, NOTHING),
    "POST /applications/{id}/removeKey": (204, NOTHING),
    "GET /directory/deletedItems/{id}": (200, "directoryObject"),
    "POST /directory/deletedItems/{id}/restore": (200, "directoryObject"),
    "GET /devices": (200, "Collection(device)"),
    "GET /devices/{id}": (200, "device"),
    "PATCH /devices/{id}": (204, NOTHING),
    "DELETE /devices/{id}": (204, NOTHING),
    "GET /devices/{id}/registeredOwners": (200, "Collection(directoryObject)"),
    "GET /organization": (200, "Collection(organization)"),
    "GET /domains": (200, "Collection(domain)"),
    "GET /roleManagement/directory/roleAssignments": (200, "Collection(unifiedRoleAssignment)"),
    "GET /users/{id}/messages": (200, "Collection(message)"),
    "GET /users/{id}/messages/{id}": (200, "message"),
    "GET /users/{id}/messages/{id}/attachments": (200, "Collection(attachment)"),
    "GET /users/{id}/messages/{id}/attachments/{id}": (200, "fileAttachment"),
    "DELETE /users/{id}/messages/{id}": (204, NOTHING),
    "POST /users/{id}/messages/{id}/move": (201, "message"),
    "POST /users/{id}/messages/{id}/permanentDelete": (204, NOTHING),
    "POST /users/{id}/translateExchangeIds": (200, "Collection(convertIdResult)"),
    "GET /users/{id}/mailFolders": (200, "Collection(mailFolder)"),
    "GET /users/{id}/mailFolders/{id}": (200, "mailFolder"),
    "GET /users/{id}/mailFolders/{id}/childFolders": (200, "Collection(mailFolder)"),
    "GET /users/{id}/mailFolders/{id}/messages": (200, "Collection(message)"),
    "GET /users/{id}/mailFolders/{id}/messages/{id}": (200, "message"),
    "POST /users/{id}/mailFolders/{id}/messages/{id}/move": (201, "message"),
    f"GET {_RULES}": (200, "Collection(messageRule)"),
    f"POST {_RULES}": (201, "messageRule"),
    f"GET {_RULES}/{{id}}": (200, "messageRule"),
    f"PATCH {_RULES}/{{id}}": (200, "messageRule"),
    f"DELETE {_RULES}/{{id}}": (204, NOTHING),
    f"GET {_METHODS}/methods": (200, "Collection(authenticationMethod)"),
    f"GET {_METHODS}/methods/{{id}}": (200, "authenticationMethod"),
    # No application permission exists for it.
    f"POST {_METHODS}/methods/{{id}}/resetPassword": (403, NOTHING),
    "GET /auditLogs/signIns": (200, "Collection(signIn)"),
    "GET /auditLogs/signIns/{id}": (200, "signIn"),
    "POST /auditLogs/signIns/confirmCompromised": (204, NOTHING),
    "GET /auditLogs/directoryAudits": (200, "Collection(directoryAudit)"),
    "GET /identityProtection/riskyUsers/{id}": (200, "riskyUser"),
    "POST /identityProtection/riskyUsers/confirmCompromised": (204, NOTHING),
    "POST /identityProtection/riskyUsers/confirmSafe": (204, NOTHING),
    "POST /identityProtection/riskyUsers/dismiss": (204, NOTHING),
    "GET /identityProtection/riskDetections": (200, "Collection(riskDetection)"),
    "POST /security/auditLog/queries": (201, "auditLogQuery"),
    "GET /security/auditLog/queries/{id}": (200, "auditLogQuery"),
    "GET /security/auditLog/queries/{id}/records": (200, "Collection(auditLogRecord)"),
    f"GET {_TRACES}": (200, "Collection(exchangeMessageTrace)"),
    f"GET {_TRACES}/{{id}}/getDetailsByRecipient(recipientAddress={{id}})": (
        200, "Collection(exchangeMessageTraceDetail)",
    ),
}  # fmt: skip
for _segment in METHOD_TYPES:
    _kind = f"{_segment.removesuffix('Methods')}AuthenticationMethod"
    ANSWERS[f"GET {_METHODS}/{_segment}"] = (200, f"Collection({_kind})")
    ANSWERS[f"DELETE {_METHODS}/{_segment}/{{id}}"] = (204, NOTHING)

_KEY = "0e000000-0000-4000-8000-0000000000aa"
_WINDOW = {"filterStartDateTime": "2026-03-01T00:00:00Z", "filterEndDateTime": "2026-03-02T00:00:00Z"}
_MESSAGE = f"AAMk-{ALICE[:4]}-1"
_METHOD_IDS = {"microsoftAuthenticator": "6a7b0000-0000-4000-8000-000000000001"}
_IDS: dict[str, list[str]] = {
    "/users/{id}/messages/{id}/attachments": [ALICE, _MESSAGE, "attachment-1"],
    "/users/{id}/messages/{id}": [ALICE, _MESSAGE],
    "/users/{id}/mailFolders/{id}/childFolders": [ALICE, "msgfolderroot"],
    "/users/{id}/mailFolders/{id}": [ALICE, "inbox", _MESSAGE],
    f"{_RULES}/{{id}}": [ALICE, "AQAAAJ5dZp8="],
    "/users/{id}/appRoleAssignments/{id}": [ALICE, "assignment-alice"],
    "/users/{id}/authentication/methods/{id}": [ALICE, PASSWORD_METHOD],
    "/users/{id}/memberOf": [ADMIN],
    "/users/{id}/transitiveMemberOf": [ADMIN],
    "/users/{id}": [ALICE],
    "/servicePrincipals/{id}/appRoleAssignments": [EVIL_PRINCIPAL, "assignment-evil"],
    "/servicePrincipals/{id}/appRoleAssignedTo": [GRAPH_PRINCIPAL, "assignment-evil"],
    "/servicePrincipals/{id}/memberOf": [PRINCIPAL_ID],
    "/servicePrincipals/{id}/transitiveMemberOf": [PRINCIPAL_ID],
    "/servicePrincipals/{id}/oauth2PermissionGrants": [EVIL_PRINCIPAL],
    "/servicePrincipals/{id}": [OWN_PRINCIPAL],
    "/applications/{id}": [OWN_APPLICATION],
    "/directory/deletedItems/{id}": [OWN_APPLICATION],
    "/oauth2PermissionGrants/{id}": ["grant-alice"],
    "/devices/{id}": [DEVICE],
    "/identityProtection/riskyUsers/{id}": [ALICE],
    "/auditLogs/signIns/{id}": ["51900000-0000-4000-8000-000000000001"],
    f"{_TRACES}/{{id}}": ["7ace0000-0000-4000-8000-000000000001", "'alice@tiny.example'"],
}
_BODIES: dict[str, Any] = {
    "PATCH /users/{id}": {"accountEnabled": False},
    "POST /oauth2PermissionGrants": {
        "clientId": OWN_PRINCIPAL, "consentType": "AllPrincipals", "resourceId": GRAPH_PRINCIPAL, "scope": "Mail.Read",
    },
    "PATCH /oauth2PermissionGrants/{id}": {"scope": "User.Read"},
    "POST /servicePrincipals": {"appId": "8bd644d1-64a1-4d4b-ae52-2e0cbf64e373"},
    "POST /users/{id}/messages/{id}/move": {"destinationId": "deleteditems"},
    "POST /users/{id}/mailFolders/{id}/messages/{id}/move": {"destinationId": "deleteditems"},
    "POST /users/{id}/translateExchangeIds": {"inputIds": [_MESSAGE], "targetIdType": "restImmutableEntryId"},
    f"POST {_RULES}": {"displayName": "x", "actions": {"markAsRead": True}},
    f"PATCH {_RULES}/{{id}}": {"isEnabled": False},
    "PATCH /servicePrincipals/{id}": {"accountEnabled": False},
    "PATCH /applications/{id}": {"isDisabled": True},
    "POST /applications/{id}/removePassword": {"keyId": _KEY},
    "POST /applications/{id}/removeKey": {"keyId": _KEY},
    "PATCH /devices/{id}": {"accountEnabled": False},
    f"POST {_METHODS}/methods/{{id}}/resetPassword": {"newPassword": "Correct-Horse-9"},
    "POST /identityProtection/riskyUsers/confirmCompromised": {"userIds": [ALICE]},
    "POST /identityProtection/riskyUsers/confirmSafe": {"userIds": [ALICE]},
    "POST /identityProtection/riskyUsers/dismiss": {"userIds": [ALICE]},
    "POST /auditLogs/signIns/confirmCompromised": {"requestIds": ["51900000-0000-4000-8000-000000000001"]},
    "POST /security/auditLog/queries": _WINDOW,
}  # fmt: skip


def prepare(simulator: SimulatorControl, cloud: RawCloud) -> None:
    """What the operations need beyond the tiny world: one object of each kind, and no limits."""
    simulator.configure(TENANT_ID, throttling={"identityProtection": 0, "reports": 0})
    for segment in METHOD_TYPES:
        kind = segment.removesuffix("Methods")
        method = {"@odata.type": f"#microsoft.graph.{kind}AuthenticationMethod", "id": f"method-{kind}"}
        simulator.plant(TENANT_ID, "authenticationMethods", method, owner=ALICE)
    simulator.plant(TENANT_ID, "riskyUsers", {"id": ALICE, "riskLevel": "low", "riskState": "atRisk"})
    detection = {"id": "risk-1", "userId": ALICE, "detectedDateTime": "2026-03-01T09:00:00Z", "riskLevel": "high"}
    simulator.plant(TENANT_ID, "riskDetections", detection)
    files = [{"id": "attachment-1", "name": "a.pdf", "contentType": "application/pdf", "contentBytes": "JVBERi0="}]
    files.append({"@odata.type": "#microsoft.graph.referenceAttachment", "name": "in the cloud"})
    attached = {"_attachments": files, "hasAttachments": True}
    simulator.plant(TENANT_ID, "messages", message(ALICE, 1, **attached), owner=ALICE)
    own = {"id": OWN_APPLICATION, "appId": "eeeeeeee-0000-4000-8000-0000000000aa", "displayName": "Own"}
    keys = {"passwordCredentials": [{"keyId": _KEY}], "keyCredentials": [{"keyId": _KEY}]}
    simulator.plant(TENANT_ID, "applications", own | keys | {"_owners": [PRINCIPAL_ID]})
    assert cloud.call("PATCH", f"/v1.0/applications/{APPLICATION}", {"notes": "x"}).status_code == 204  # is audited


def called(cloud: RawCloud, operation: str, made: str = "") -> requests.Response:
    """Call the operation; ``made`` is the id from `made_before`."""
    method, _, template = operation.partition(" ")
    path = template.replace("{id}", made) if made else _path(template)
    version = "beta" if template.endswith("invalidateAllRefreshTokens") else "v1.0"
    return cloud.call(method, f"/{version}{path}", _BODIES.get(operation))


def made_before(cloud: RawCloud, operation: str) -> str:
    """The id of what has to be made before the operation can succeed, empty for most."""
    if "/queries/{id}" in operation:
        made: str = cloud.call("POST", "/v1.0/security/auditLog/queries", _WINDOW).json()["id"]
        for _ in range(2):
            cloud.call("GET", f"/v1.0/security/auditLog/queries/{made}")
        return made
    if "deletedItems" in operation:
        cloud.call("DELETE", f"/v1.0/applications/{OWN_APPLICATION}")
    return ""


def _path(template: str) -> str:
    prefix = next((each for each in _IDS if template.startswith(each)), "")
    values = list(_IDS.get(prefix, []))
    if "/authentication/" in template and template.count("{id}") == 2 and len(values) < 2:
        kind = template.split("/")[4].removesuffix("Methods")
        values.append(_METHOD_IDS.get(kind, f"method-{kind}"))
    for value in values:
        template = template.replace("{id}", value, 1)
    assert "{id}" not in template, f"no id for {template}"
    return template
