"""Every answer to a read is checked against Microsoft's metadata: names, primitives, enums, contexts, types."""

from __future__ import annotations

import re
from typing import Any

import pytest

from graph.simulator.control import SimulatorControl
from graph.simulator.routes import ROUTES
from tests.contract.metadata import metadata
from tests.contract.test_permissions_slice import path_of, prepare
from tests.factories.world import ADMIN, ALICE, APPLICATION, TENANT_ID
from tests.fixtures.simulator import RawCloud

CSDL = metadata("csdl_slice.json")
TYPES: dict[str, Any] = CSDL["types"]
ENUMS: dict[str, list[str]] = CSDL["enums"]

# These hold whatever their service wants: a unified audit record's data has the shape of its operation.
OPEN = {"auditData"}
POLYMORPHIC = ("ownedObjects", "createdObjects", "registeredDevices", "ownedDevices", "memberOf", "transitiveMemberOf",
               "owners", "registeredOwners", "methods")  # fmt: skip
# Types that the slice lacks; their answers are checked for contexts only.
NOT_IN_SLICE = {"directoryRole", "domain", "unifiedRoleAssignment"}

# Base types that the slice leaves out.
BASES = {"entity": {"id": "Edm.String"}, "identity": {"id": "Edm.String", "displayName": "Edm.String"}}

# What each read returns: the type of the entity, or of the items.
RETURNS = {
    "/users": "user",
    "/users/{id}": "user",
    "/users/{id}/messages": "message",
    "/users/{id}/messages/{id}": "message",
    "/users/{id}/mailFolders": "mailFolder",
    "/users/{id}/mailFolders/{id}": "mailFolder",
    "/users/{id}/mailFolders/{id}/childFolders": "mailFolder",
    "/users/{id}/mailFolders/{id}/messages": "message",
    "/users/{id}/mailFolders/{id}/messages/{id}": "message",
    "/users/{id}/mailFolders/inbox/messageRules": "messageRule",
    "/users/{id}/mailFolders/inbox/messageRules/{id}": "messageRule",
    "/users/{id}/oauth2PermissionGrants": "oAuth2PermissionGrant",
    "/oauth2PermissionGrants": "oAuth2PermissionGrant",
    "/oauth2PermissionGrants/{id}": "oAuth2PermissionGrant",
    "/servicePrincipals/{id}/oauth2PermissionGrants": "oAuth2PermissionGrant",
    "/users/{id}/appRoleAssignments": "appRoleAssignment",
    "/servicePrincipals/{id}/appRoleAssignments": "appRoleAssignment",
    "/servicePrincipals/{id}/appRoleAssignedTo": "appRoleAssignment",
    "/servicePrincipals": "servicePrincipal",
    "/servicePrincipals/{id}": "servicePrincipal",
    "/applications": "application",
    "/applications/{id}": "application",
    "/directory/deletedItems/{id}": "application",
    "/devices": "device",
    "/devices/{id}": "device",
    "/auditLogs/signIns": "signIn",
    "/auditLogs/signIns/{id}": "signIn",
    "/auditLogs/directoryAudits": "directoryAudit",
    "/security/auditLog/queries/{id}": "auditLogQuery",
    "/security/auditLog/queries/{id}/records": "auditLogRecord",
    "/admin/exchange/tracing/messageTraces": "exchangeMessageTrace",
    "/admin/exchange/tracing/messageTraces/{id}/getDetailsByRecipient(recipientAddress={id})": (
        "exchangeMessageTraceDetail"
    ),
    "/identityProtection/riskyUsers/{id}": "riskyUser",
    "/identityProtection/riskDetections": "riskDetection",
    "/organization": "organization",
    "/domains": "domain",
    "/roleManagement/directory/roleAssignments": "unifiedRoleAssignment",
}
READS = sorted(route.template for route in ROUTES if route.method == "GET")

PRIMITIVES = {
    "Edm.String": lambda value: isinstance(value, str),
    "Edm.Boolean": lambda value: isinstance(value, bool),
    "Edm.Int32": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "Edm.Double": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "Edm.Guid": lambda value: re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value) is not None,
    "Edm.DateTimeOffset": lambda value: re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value) is not None,
}


def properties_of(name: str) -> dict[str, str]:
    """A type's own and inherited properties."""
    kind = TYPES[name]
    base = (kind["base"] or "").removeprefix("graph.").removeprefix("microsoft.graph.")
    inherited = properties_of(base) if base in TYPES else BASES.get(base, {})
    properties: dict[str, str] = inherited | kind["properties"]
    return properties


def problems(value: Any, declared: str, where: str) -> list[str]:
    """What is wrong with a value of a declared type."""
    if value is None:
        return []
    if declared.startswith("Collection("):
        if not isinstance(value, list):
            return [f"{where}: not a list"]
        inner = declared[11:-1]
        return [each for index, item in enumerate(value) for each in problems(item, inner, f"{where}[{index}]")]
    if declared in PRIMITIVES:
        return [] if PRIMITIVES[declared](value) else [f"{where}: {value!r} is no {declared}"]
    name = declared.rsplit(".", 1)[-1]
    if name in ENUMS:
        return [] if value in ENUMS[name] else [f"{where}: {value!r} is no {name}"]
    if name in TYPES and name not in OPEN:
        return object_problems(value, name, where)
    return []


def object_problems(value: Any, name: str, where: str) -> list[str]:
    """Unknown properties, and what is wrong with the known ones."""
    if not isinstance(value, dict):
        return [f"{where}: not an object"]
    known = properties_of(name)
    found = []
    for key, item in value.items():
        if key.startswith("@odata."):
            continue
        found += problems(item, known[key], f"{where}.{key}") if key in known else [f"{where}.{key}: unknown"]
    return found


def answer_problems(answer: Any, template: str) -> list[str]:
    """What is wrong with a whole answer."""
    found = [] if str(answer.get("@odata.context", "")).startswith("https://graph.microsoft.com/") else ["no context"]
    items = answer["value"] if isinstance(answer.get("value"), list) else [answer]
    if template.rsplit("/", 1)[-1] in POLYMORPHIC:
        found += [f"item {index} has no @odata.type" for index, each in enumerate(items) if "@odata.type" not in each]
    for index, item in enumerate(items):
        name = item.get("@odata.type", "").removeprefix("#microsoft.graph.") or RETURNS.get(template)
        if name is None:
            name = method_type(template)
        if name not in NOT_IN_SLICE:
            found += object_problems(item, name, f"{name}[{index}]")
    return found


def method_type(template: str) -> str:
    """The type behind …/authentication/phoneMethods, or the roles behind a cast."""
    if template.endswith("microsoft.graph.directoryRole"):
        return "directoryRole"
    return template.rsplit("/", 1)[-1].removesuffix("Methods") + "AuthenticationMethod"


def read_path(cloud: RawCloud, template: str) -> str:
    """A path for the template that finds something."""
    if "/queries/{id}" in template:
        window = {"filterStartDateTime": "2026-03-01T00:00:00Z", "filterEndDateTime": "2026-03-02T00:00:00Z"}
        made = cloud.call("POST", "/v1.0/security/auditLog/queries", window).json()["id"]
        for _ in range(2):
            cloud.call("GET", f"/v1.0/security/auditLog/queries/{made}")
        return f"/v1.0{template}".replace("{id}", made)
    if "deletedItems" in template:
        cloud.call("DELETE", f"/v1.0/applications/{APPLICATION}")
        return f"/v1.0{template}".replace("{id}", APPLICATION)
    if "getDetailsByRecipient" in template:
        path = template.replace("{id}", "7ace0000-0000-4000-8000-000000000001", 1)
        return f"/v1.0{path}".replace("{id}", "'alice@tiny.example'")
    path = path_of(f"GET {template}")
    if template.endswith("childFolders"):
        return path.replace("inbox", "msgfolderroot")
    if "emberOf" in template:
        path = path.replace(ALICE, ADMIN)
    return path.replace("{id}", f"AAMk-{ALICE[:4]}-1")


@pytest.mark.parametrize("template", READS)
def test_reads_answer_as_the_metadata_says(simulator: SimulatorControl, raw_cloud: RawCloud, template: str) -> None:
    prepare(simulator)
    detection = {"id": "risk-1", "userId": ALICE, "detectedDateTime": "2026-03-01T09:00:00Z", "riskLevel": "high"}
    simulator.plant(TENANT_ID, "riskDetections", detection)
    raw_cloud.call("PATCH", f"/v1.0/users/{ALICE}", {"accountEnabled": False})
    response = raw_cloud.call("GET", read_path(raw_cloud, template))
    assert response.status_code == 200, response.text
    answer = response.json()
    # A service principal of the tiny world holds no role and owns nothing: an empty list is an answer too.
    assert answer.get("value") != [] or template.startswith("/servicePrincipals")
    assert answer_problems(answer, template) == []


def test_everything_selected_is_still_in_the_metadata(raw_cloud: RawCloud) -> None:
    names = ",".join(properties_of("user"))
    answer = raw_cloud.get(f"/users/{ALICE}?$select={names}".replace("signInActivity,", ""))
    assert answer_problems(answer, "/users/{id}") == []


def test_the_judge_itself_objects() -> None:
    """A checker that never objects proves nothing."""
    wrong = {"value": [{"id": 1, "nonsense": 2, "riskState": "fine", "createdDateTime": "2026-03-01 09:00"}]}
    assert answer_problems(wrong, "/auditLogs/signIns") == [
        "no context",
        "signIn[0].id: 1 is no Edm.String",
        "signIn[0].nonsense: unknown",
        "signIn[0].riskState: 'fine' is no riskState",
        "signIn[0].createdDateTime: '2026-03-01 09:00' is no Edm.DateTimeOffset",
    ]
