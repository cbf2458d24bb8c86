"""Judges an answer by Microsoft's type definitions: names, primitives, enums, contexts, @odata.type."""

from __future__ import annotations

import re
from typing import Any

from tests.contract.metadata import metadata

_CSDL = metadata("csdl_slice.json")
ENUMS: dict[str, list[str]] = _CSDL["enums"]

_ATTACHMENT = {
    "id": "Edm.String", "contentType": "Edm.String", "isInline": "Edm.Boolean",
    "lastModifiedDateTime": "Edm.DateTimeOffset", "name": "Edm.String", "size": "Edm.Int32",
}  # fmt: skip

# Types that the slice lacks, as their reference pages describe them (learn.microsoft.com/graph/api/resources/…).
_DOCUMENTED: dict[str, dict[str, str]] = {
    "entity": {"id": "Edm.String"},
    "identity": {"id": "Edm.String", "displayName": "Edm.String"},
    "attachment": _ATTACHMENT,
    "fileAttachment": {
        **_ATTACHMENT, "contentBytes": "Edm.Binary", "contentId": "Edm.String", "contentLocation": "Edm.String",
    },
    "itemAttachment": _ATTACHMENT,
    "referenceAttachment": _ATTACHMENT,
    "directoryRole": {
        "id": "Edm.String", "deletedDateTime": "Edm.DateTimeOffset", "description": "Edm.String",
        "displayName": "Edm.String", "roleTemplateId": "Edm.String",
    },
    "domain": {
        "id": "Edm.String", "authenticationType": "Edm.String", "availabilityStatus": "Edm.String",
        "isAdminManaged": "Edm.Boolean", "isDefault": "Edm.Boolean", "isInitial": "Edm.Boolean",
        "isRoot": "Edm.Boolean", "isVerified": "Edm.Boolean", "passwordNotificationWindowInDays": "Edm.Int32",
        "passwordValidityPeriodInDays": "Edm.Int32", "supportedServices": "Collection(Edm.String)",
        "state": "graph.domainState",
    },
    "unifiedRoleAssignment": {
        "id": "Edm.String", "principalId": "Edm.String", "roleDefinitionId": "Edm.String",
        "directoryScopeId": "Edm.String", "appScopeId": "Edm.String",
    },
    "convertIdResult": {
        "sourceId": "Edm.String", "targetId": "Edm.String", "errorDetails": "graph.genericError",
    },
}  # fmt: skip
TYPES: dict[str, Any] = {
    **{name: {"base": None, "properties": properties} for name, properties in _DOCUMENTED.items()},
    **_CSDL["types"],
}

# What only beta tells, on the properties' own pages there. Nothing else may stand in an answer of beta.
# https://learn.microsoft.com/graph/api/resources/signin?view=graph-rest-beta
BETA = {
    "signIn": {
        "authenticationDetails": "Collection(graph.authenticationDetail)", "authenticationProtocol": "Edm.String",
        "authenticationRequirement": "Edm.String", "autonomousSystemNumber": "Edm.Int32",
        "incomingTokenType": "Edm.String", "originalTransferMethod": "Edm.String", "sessionId": "Edm.String",
        "signInEventTypes": "Collection(Edm.String)", "uniqueTokenIdentifier": "Edm.String",
    },
}  # fmt: skip

# These hold whatever their service wants: a unified audit record's data has the shape of its operation.
_OPEN = {"auditData"}
# Of these any type may come, so each object says of which it is.
POLYMORPHIC = {"directoryObject", "authenticationMethod", "attachment"}

_PRIMITIVES = {
    "Edm.String": lambda value: isinstance(value, str),
    "Edm.Binary": lambda value: isinstance(value, str),
    "Edm.Boolean": lambda value: isinstance(value, bool),
    "Edm.Int32": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "Edm.Int64": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "Edm.Double": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "Edm.Guid": lambda value: re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value) is not None,
    "Edm.DateTimeOffset": lambda value: re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value) is not None,
}


def properties_of(name: str, version: str = "v1.0") -> dict[str, str]:
    """A type's own and inherited properties."""
    kind = TYPES[name]
    base = (kind["base"] or "").removeprefix("graph.").removeprefix("microsoft.graph.")
    inherited = properties_of(base, version) if base in TYPES else {}
    properties: dict[str, str] = inherited | kind["properties"]
    return properties | (BETA.get(name, {}) if version == "beta" else {})


def answer_problems(answer: Any, returns: str, version: str = "v1.0") -> list[str]:
    """What is wrong with a whole answer that should be of this type: `user`, `Collection(user)`, `Edm.Boolean`."""
    context = f"https://graph.microsoft.com/{version}/$metadata#"
    found = [] if str(answer.get("@odata.context", "")).startswith(context) else ["no context"]
    if returns.startswith("Edm."):
        return found + _problems(answer.get("value"), returns, "value", version)
    is_collection = returns.startswith("Collection(")
    if is_collection and not isinstance(answer.get("value"), list):
        return [*found, "value: not a list"]
    declared = returns.removeprefix("Collection(").removesuffix(")")
    for index, item in enumerate(answer["value"] if is_collection else [answer]):
        found += _item_problems(item, declared, f"[{index}]" if is_collection else "", version)
    return found


def _item_problems(item: Any, declared: str, where: str, version: str) -> list[str]:
    told = str(item.get("@odata.type", "")).removeprefix("#microsoft.graph.")
    if declared in POLYMORPHIC and told not in TYPES:
        return [f"{declared}{where}: no @odata.type that is known"]
    name = told or declared
    return _object_problems(item, name, f"{name}{where}", version)


def _problems(value: Any, declared: str, where: str, version: str) -> list[str]:
    """What is wrong with a value of a declared type."""
    if value is None:
        return []
    if declared.startswith("Collection("):
        if not isinstance(value, list):
            return [f"{where}: not a list"]
        inner = declared[11:-1]
        return [
            each for index, item in enumerate(value) for each in _problems(item, inner, f"{where}[{index}]", version)
        ]
    if declared.startswith("Edm."):
        return [] if _PRIMITIVES[declared](value) else [f"{where}: {value!r} is no {declared}"]
    name = declared.rsplit(".", 1)[-1]
    if name in ENUMS:
        return [] if value in ENUMS[name] else [f"{where}: {value!r} is no {name}"]
    if name in TYPES and name not in _OPEN:
        return _object_problems(value, name, where, version)
    return []


def _object_problems(value: Any, name: str, where: str, version: str) -> list[str]:
    """Unknown properties, and what is wrong with the known ones."""
    if not isinstance(value, dict):
        return [f"{where}: not an object"]
    known = properties_of(name, version)
    found = []
    for key, item in value.items():
        if key.startswith("@odata."):
            continue
        if key in known:
            found += _problems(item, known[key], f"{where}.{key}", version)
        else:
            found.append(f"{where}.{key}: unknown")
    return found
