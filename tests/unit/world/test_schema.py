"""Every object of the world against Microsoft's own metadata."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.contract import metadata as microsoft

CSDL = microsoft.metadata("csdl_slice.json")

# Only the beta endpoint has these (DOCS beta/resources/signin, beta/resources/mailfolder).
_BETA = {
    "signIn": {
        "autonomousSystemNumber",
        "authenticationProtocol",
        "authenticationRequirement",
        "authenticationDetails",
        "incomingTokenType",
        "sessionId",
        "uniqueTokenIdentifier",
        "signInEventTypes",
        "originalTransferMethod",
    },
    "mailFolder": {"wellKnownName"},
}
_CHECKS = {
    "Edm.String": lambda value: isinstance(value, str),
    "Edm.Boolean": lambda value: isinstance(value, bool),
    "Edm.Int32": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "Edm.Double": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "Edm.DateTimeOffset": lambda value: re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value) is not None,
    "Edm.Guid": lambda value: re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value) is not None,
    "Edm.Binary": lambda value: isinstance(value, str),
}
_FLAT = {
    "users": "user", "servicePrincipals": "servicePrincipal", "applications": "application",
    "oauth2PermissionGrants": "oAuth2PermissionGrant", "appRoleAssignments": "appRoleAssignment", "devices": "device",
    "signIns": "signIn", "directoryAudits": "directoryAudit", "auditRecords": "auditLogRecord",
    "messageTraces": "exchangeMessageTrace", "riskyUsers": "riskyUser", "riskDetections": "riskDetection",
}  # fmt: skip
_OWNED = {"mailFolders": "mailFolder", "messages": "message", "messageRules": "messageRule"}


@pytest.fixture(scope="module")
def metadata() -> dict[str, Any]:
    return CSDL


def _properties(metadata: dict[str, Any], name: str) -> dict[str, str]:
    """The properties of a type and of those it is based on."""
    found: dict[str, str] = {"id": "Edm.String"}
    if metadata["types"][name]["base"] == "graph.identity":  # not in the slice (DOCS resources/identity)
        found["displayName"] = "Edm.String"
    while name in metadata["types"]:
        found = {**metadata["types"][name]["properties"], **found}
        name = (metadata["types"][name]["base"] or "").rpartition(".")[2]
    return found


def _faults(metadata: dict[str, Any], name: str, thing: dict[str, Any], path: str) -> list[str]:
    known = _properties(metadata, name)
    faults = []
    for key, value in thing.items():
        if key.startswith(("_", "@")) or key in _BETA.get(name, ()):
            continue
        if key not in known:
            faults.append(f"{path}: {name} has no {key}")
        elif value is not None:
            faults += _value_faults(metadata, known[key], value, f"{path}/{key}")
    return faults


def _value_faults(metadata: dict[str, Any], kind: str, value: Any, path: str) -> list[str]:
    if kind.startswith("Collection("):
        if not isinstance(value, list):
            return [f"{path}: not a list"]
        inner = kind[len("Collection(") : -1]
        return [fault for each in value for fault in _value_faults(metadata, inner, each, path)]
    if kind in _CHECKS:
        return [] if _CHECKS[kind](value) else [f"{path}: {value!r} is not {kind}"]
    name = kind.rpartition(".")[2]
    if name in metadata["enums"]:
        return [] if value in metadata["enums"][name] else [f"{path}: {value!r} is not a {name}"]
    if name in metadata["types"] and name != "auditData":  # auditData is open: its content is the record itself
        return _faults(metadata, name, value, path)
    return []


@pytest.mark.parametrize(("collection", "name"), _FLAT.items())
def test_flat_collections(metadata: dict[str, Any], world: dict[str, Any], collection: str, name: str) -> None:
    faults = {
        fault
        for tenant in world["tenants"]
        for each in tenant[collection]
        for fault in _faults(metadata, name, each, collection)
    }
    assert faults == set()


@pytest.mark.parametrize(("collection", "name"), _OWNED.items())
def test_what_mailboxes_hold(metadata: dict[str, Any], world: dict[str, Any], collection: str, name: str) -> None:
    faults = {
        fault
        for tenant in world["tenants"]
        for found in tenant[collection].values()
        for each in found
        for fault in _faults(metadata, name, each, collection)
    }
    assert faults == set()


def test_sign_in_methods(metadata: dict[str, Any], world: dict[str, Any]) -> None:
    for tenant in world["tenants"]:
        for methods in tenant["authenticationMethods"].values():
            for method in methods:
                name = method["@odata.type"].removeprefix("#microsoft.graph.")
                assert name in metadata["types"]
                assert _faults(metadata, name, method, "methods") == []


def test_organization(metadata: dict[str, Any], world: dict[str, Any]) -> None:
    for tenant in world["tenants"]:
        assert _faults(metadata, "organization", tenant["organization"], "organization") == []


def test_the_judge_finds_faults(metadata: dict[str, Any]) -> None:
    thing = {"id": 1, "isRead": "yes", "importance": "huge", "nonsense": None, "toRecipients": [{"name": "x"}]}
    assert _faults(metadata, "message", thing, "m") == [
        "m/id: 1 is not Edm.String",
        "m/isRead: 'yes' is not Edm.Boolean",
        "m/importance: 'huge' is not a importance",
        "m: message has no nonsense",
        "m/toRecipients: recipient has no name",
    ]
