"""Cuts Microsoft's published metadata to what the contract tests judge by.

    python -m tests.contract.cut_metadata <folder with the originals> <folder for the slices>

The originals, all MIT: `cleanMetadata.xml` from microsoftgraph/msgraph-metadata, folder clean_v10_metadata;
`permissions.json` and `provisioningInfo.json` from microsoftgraph/microsoft-graph-devx-content, folder permissions/new.
"""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graph.simulator.routes import ROUTES

_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"

# Operations that are judged although the simulated cloud does not serve them: whoever serves one finds its permissions.
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
_METHODS = (
    "phone microsoftAuthenticator fido2 softwareOath email temporaryAccessPass windowsHelloForBusiness password"
    " platformCredential"
)
_TYPES = (
    "user directoryObject passwordProfile message outlookItem itemBody recipient emailAddress followupFlag"
    " internetMessageHeader mailFolder messageRule messageRuleActions messageRulePredicates sizeRange mailboxSettings"
    " automaticRepliesSetting oAuth2PermissionGrant appRoleAssignment application servicePrincipal passwordCredential"
    " keyCredential device authenticationMethod longRunningOperation signIn signInStatus signInLocation geoCoordinates"
    " deviceDetail appliedConditionalAccessPolicy directoryAudit auditActivityInitiator userIdentity appIdentity"
    " targetResource modifiedProperty keyValue riskyUser riskDetection auditLogQuery auditLogRecord auditData"
    " exchangeMessageTrace exchangeMessageTraceDetail conditionalAccessPolicy onPremisesSyncBehavior organization"
    " attachment fileAttachment itemAttachment referenceAttachment"
    " analyzedEmail directoryRole domain unifiedRoleAssignment convertIdResult"
)
TYPES = [*_TYPES.split(), *(f"{each}AuthenticationMethod" for each in _METHODS.split())]
_ENUMS = (
    "exchangeMessageTraceStatus auditLogQueryStatus remediationAction purgeType purgeAreas riskState riskLevel"
    " riskDetail importance inferenceClassificationType bodyType conditionalAccessStatus conditionalAccessPolicyState"
    " authenticationPhoneType operationResult"
)
ENUMS = _ENUMS.split()


def permissions_slice(permissions: dict[str, Any], deployments: dict[str, Any]) -> dict[str, Any]:
    """Application permissions of each operation, those marked as least, and the ids of their roles."""
    operations = sorted(NOT_SERVED | {route.operation for route in ROUTES})
    listed = {each: list(_allowing(permissions, each)) for each in operations}
    known = [each for each in operations if any(_allowing(permissions, each, "DelegatedWork")) or listed[each]]
    names = sorted({row["name"] for rows in listed.values() for row in rows})
    return {
        "source": "microsoftgraph/microsoft-graph-devx-content permissions/new (MIT)",
        "operations": {name: {"application": listed[name]} for name in known},
        "applicationRoleIds": {name: _role_id(deployments.get(name, [])) for name in names},
    }


def _allowing(permissions: dict[str, Any], operation: str, scheme: str = "Application") -> Iterator[dict[str, Any]]:
    method, _, template = operation.partition(" ")
    for name, permission in sorted(permissions.items()):
        for paths in permission["pathSets"]:
            if method not in paths["methods"] or scheme not in paths["schemeKeys"]:
                continue
            for path, words in paths["paths"].items():
                if re.sub(r"\{[^}]*\}", "{id}", path).lower() == template.lower():
                    least = re.search(r"least=([^;]*)", words)
                    yield {"name": name, "least": least is not None and scheme in least[1].split(",")}


def _role_id(deployments: list[dict[str, Any]]) -> str | None:
    return next((each["id"] or None for each in deployments if each["scheme"] == "Application"), None)


def csdl_slice(root: ET.Element) -> dict[str, Any]:
    """Properties, base and kind of each wanted type, and the members of the wanted enums."""
    types: dict[str, Any] = {}
    enums: dict[str, list[str]] = {}
    for schema in root.iter(f"{_EDM}Schema"):
        namespace = schema.get("Namespace", "")
        for element in schema:
            kind, name = element.tag.removeprefix(_EDM), element.get("Name", "")
            if kind == "EnumType" and name in ENUMS:
                enums.setdefault(name, [str(member.get("Name")) for member in element.iter(f"{_EDM}Member")])
            elif kind in ("EntityType", "ComplexType") and name in TYPES:
                # A name may stand in several namespaces; the bare one means the first, which is Graph's own.
                types.setdefault(name, _described(element, kind, f"{namespace}.{name}"))
    missing = sorted({*TYPES, *ENUMS} - types.keys() - enums.keys())
    if missing:
        raise SystemExit(f"The metadata does not know {', '.join(missing)}.")
    return {"source": "microsoftgraph/msgraph-metadata clean_v10_metadata (MIT)", "types": types, "enums": enums}


def _described(element: ET.Element, kind: str, full_name: str) -> dict[str, Any]:
    properties = {str(each.get("Name")): each.get("Type") for each in element.iter(f"{_EDM}Property")}
    return {"fqn": full_name, "kind": kind, "base": element.get("BaseType"), "properties": properties}


def main(originals: Path, slices: Path) -> None:
    """Read the three originals and write the two slices."""
    permissions = json.loads((originals / "permissions.json").read_text(encoding="utf-8-sig"))["permissions"]
    provisioning = json.loads((originals / "provisioningInfo.json").read_text(encoding="utf-8-sig"))
    root = ET.parse(originals / "cleanMetadata.xml").getroot()  # noqa: S314 - Microsoft's own file  # nosec B314
    slices.mkdir(parents=True, exist_ok=True)
    cut = permissions_slice(permissions, provisioning["permissionDeployments"])
    (slices / "permissions_slice.json").write_text(json.dumps(cut, indent=1) + "\n")
    (slices / "csdl_slice.json").write_text(json.dumps(csdl_slice(root), indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
