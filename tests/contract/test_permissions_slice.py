"""Each operation is refused without a permission and allowed with the least one that Microsoft lists for it."""

from __future__ import annotations

from typing import Any

import pytest

from graph.simulator.control import SimulatorControl
from graph.simulator.permissions import ALLOWED
from graph.simulator.routes import ROUTES
from tests.contract.metadata import metadata
from tests.factories.world import (
    ALICE,
    DEVICE,
    EVIL_PRINCIPAL,
    GRAPH_PRINCIPAL,
    OWN_APPLICATION,
    OWN_PRINCIPAL,
    PASSWORD_METHOD,
    PRINCIPAL_ID,
    TENANT_ID,
)
from tests.fixtures.simulator import RawCloud

OPERATIONS: dict[str, Any] = metadata("permissions_slice.json")["operations"]
SERVED = {route.operation for route in ROUTES}
JUDGED = sorted(SERVED & set(OPERATIONS))

# Operations of the slice that the simulated cloud does not serve; whoever serves one takes it off this list.
NOT_SERVED = {
    "GET /users/delta",
    "GET /users/{id}/onPremisesSyncBehavior",
    "PATCH /users/{id}/onPremisesSyncBehavior",
    "POST /identity/conditionalAccess/policies",
    "DELETE /identity/conditionalAccess/policies/{id}",
    "GET /users/{id}/mailFolders/{id}/messages/delta",
    "POST /security/runHuntingQuery",
    "GET /security/collaboration/analyzedEmails",
    "POST /security/collaboration/analyzedEmails/remediate",
    "POST /security/cases/ediscoveryCases/{id}/searches/{id}/purgeData",
    "GET /users/{id}/mailboxSettings",
    "PATCH /users/{id}/mailboxSettings",
}

KEY = "0e000000-0000-4000-8000-0000000000aa"
WINDOW = {"filterStartDateTime": "2026-03-01T00:00:00Z", "filterEndDateTime": "2026-03-02T00:00:00Z"}
METHOD_IDS = {"microsoftAuthenticator": "6a7b0000-0000-4000-8000-000000000001"}
PASSKEYS = ("windowsHelloForBusiness", "platformCredential")
IDS: dict[str, list[str]] = {
    "/users/{id}/messages/{id}": [ALICE, f"AAMk-{ALICE[:4]}-1"],
    "/users/{id}/mailFolders/{id}": [ALICE, "inbox"],
    "/users/{id}/mailFolders/inbox/messageRules/{id}": [ALICE, "AQAAAJ5dZp8="],
    "/users/{id}/appRoleAssignments/{id}": [ALICE, "assignment-alice"],
    "/users/{id}/authentication/methods/{id}": [ALICE, PASSWORD_METHOD],
    "/users/{id}": [ALICE],
    "/servicePrincipals/{id}/appRoleAssignments/{id}": [EVIL_PRINCIPAL, "assignment-evil"],
    "/servicePrincipals/{id}/appRoleAssignedTo/{id}": [GRAPH_PRINCIPAL, "assignment-evil"],
    "/servicePrincipals/{id}": [OWN_PRINCIPAL],
    "/applications/{id}": [OWN_APPLICATION],
    "/oauth2PermissionGrants/{id}": ["grant-alice"],
    "/devices/{id}": [DEVICE],
    "/identityProtection/riskyUsers/{id}": [ALICE],
    "/auditLogs/signIns/{id}": ["51900000-0000-4000-8000-000000000001"],
}
BODIES: dict[str, Any] = {
    "PATCH /users/{id}": {"accountEnabled": False},
    "POST /users/{id}/messages/{id}/move": {"destinationId": "deleteditems"},
    "POST /users/{id}/translateExchangeIds": {"inputIds": [], "targetIdType": "restId"},
    "POST /users/{id}/mailFolders/inbox/messageRules": {"displayName": "x", "actions": {"markAsRead": True}},
    "PATCH /users/{id}/mailFolders/inbox/messageRules/{id}": {"isEnabled": False},
    "PATCH /servicePrincipals/{id}": {"accountEnabled": False},
    "PATCH /applications/{id}": {"isDisabled": True},
    "POST /applications/{id}/removePassword": {"keyId": KEY},
    "POST /applications/{id}/removeKey": {"keyId": KEY},
    "PATCH /devices/{id}": {"accountEnabled": False},
    "POST /identityProtection/riskyUsers/confirmCompromised": {"userIds": [ALICE]},
    "POST /identityProtection/riskyUsers/dismiss": {"userIds": [ALICE]},
    "POST /auditLogs/signIns/confirmCompromised": {"requestIds": []},
    "POST /security/auditLog/queries": WINDOW,
}


def path_of(operation: str) -> str:
    """The operation's path with ids that exist in the tiny world."""
    template = operation.partition(" ")[2]
    prefix = next((each for each in IDS if template.startswith(each)), None)
    values = list(IDS[prefix]) if prefix else []
    if "/authentication/" in template and template.count("{id}") == 2 and len(values) < 2:
        kind = template.split("/")[4].removesuffix("Methods")
        values.append(METHOD_IDS.get(kind, f"method-{kind}"))
    for value in values:
        template = template.replace("{id}", value, 1)
    return f"/v1.0{template}"


def prepare(simulator: SimulatorControl) -> None:
    """What the operations need beyond the tiny world."""
    simulator.configure(TENANT_ID, throttling={"identityProtection": 0, "reports": 0})
    for kind in ("phone", "fido2", "softwareOath", "email", "temporaryAccessPass", *PASSKEYS):
        method = {"@odata.type": f"#microsoft.graph.{kind}AuthenticationMethod", "id": f"method-{kind}"}
        simulator.plant(TENANT_ID, "authenticationMethods", method, owner=ALICE)
    simulator.plant(TENANT_ID, "riskyUsers", {"id": ALICE, "riskLevel": "low", "riskState": "atRisk"})
    application = {
        "id": OWN_APPLICATION,
        "appId": "eeeeeeee-0000-4000-8000-0000000000aa",
        "displayName": "Own",
        "passwordCredentials": [{"keyId": KEY}],
        "keyCredentials": [{"keyId": KEY}],
        "_owners": [PRINCIPAL_ID],
    }
    simulator.plant(TENANT_ID, "applications", application)


def least_of(operation: str) -> list[str]:
    """The permissions marked as least, or any listed one where none is marked."""
    listed = [each for each in OPERATIONS[operation]["application"] if not each["name"].startswith("Agent")]
    return [each["name"] for each in listed if each["least"]] or [each["name"] for each in listed]


def status_with(simulator: SimulatorControl, cloud: RawCloud, operation: str, granted: list[str]) -> int:
    """The status of the operation, asked with exactly these permissions."""
    path = path_of(operation)
    if "/queries/{id}" in operation or "deletedItems" in operation:
        path = path.replace("{id}", made_before(simulator, cloud, operation))
    simulator.configure(TENANT_ID, grantedPermissions=granted)
    return cloud.call(operation.partition(" ")[0], path, BODIES.get(operation)).status_code


def made_before(simulator: SimulatorControl, cloud: RawCloud, operation: str) -> str:
    """The id of an audit query, or of a deleted application: both have to be made first."""
    simulator.configure(TENANT_ID, grantedPermissions=["AuditLogsQuery.Read.All", "Application.ReadWrite.All"])
    if "deletedItems" in operation:
        cloud.call("DELETE", f"/v1.0/applications/{OWN_APPLICATION}")
        return OWN_APPLICATION
    made: str = cloud.call("POST", "/v1.0/security/auditLog/queries", WINDOW).json()["id"]
    return made


def test_every_operation_is_served_or_known_not_to_be() -> None:
    assert set(OPERATIONS) - SERVED == NOT_SERVED


def test_every_served_operation_asks_for_a_permission() -> None:
    assert SERVED - set(ALLOWED) == set()
    assert set(ALLOWED) - SERVED == set()


@pytest.mark.parametrize("operation", JUDGED)
def test_only_listed_permissions_allow(operation: str) -> None:
    listed = {each["name"] for each in OPERATIONS[operation]["application"]}
    documented = {"Mail.ReadWrite", "MailboxSettings.ReadWrite", "Directory.ReadWrite.All"}  # see permissions.py
    documented |= {"IdentityRiskyUser.ReadWrite.All", "IdentityRiskEvent.ReadWrite.All", "Application.ReadWrite.All"}
    assert ALLOWED[operation] - listed <= documented
    assert {each for each in listed - ALLOWED[operation] if not each.startswith("Agent")} == set()


@pytest.mark.parametrize("operation", JUDGED)
def test_denied_without_and_allowed_with_the_least(
    simulator: SimulatorControl, raw_cloud: RawCloud, operation: str
) -> None:
    prepare(simulator)
    assert status_with(simulator, raw_cloud, operation, ["Nothing.Read.All"]) == 403
    least = least_of(operation)
    if not least:  # no application permission exists
        assert operation == "POST /users/{id}/authentication/methods/{id}/resetPassword"
        return
    body_needs_more = ["User.Read.All"] if operation == "PATCH /users/{id}" else []
    assert status_with(simulator, raw_cloud, operation, least[:1] + body_needs_more) < 300
