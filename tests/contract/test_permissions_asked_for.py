"""The permission table, against Microsoft's own, cut to the operations used here."""

from typing import Any

import pytest

from graph import permissions
from graph.permissions import OPERATIONS, REQUIRED_PERMISSIONS, Operation
from tests.contract.metadata import metadata

MICROSOFT: dict[str, Any] = metadata("permissions_slice.json")
ROLE_IDS = {name: role_id for name, role_id in MICROSOFT["applicationRoleIds"].items() if role_id}
JUDGED = [
    operation for operation in OPERATIONS if f"{operation.method} {operation.template}" in MICROSOFT["operations"]
]
# Not in Microsoft's slice; each follows its reference page.
UNJUDGED = {
    "GET /users/{id}/transitiveMemberOf/microsoft.graph.directoryRole",
    "POST /oauth2PermissionGrants",
    "POST /servicePrincipals",
    "GET /servicePrincipals/{id}/appRoleAssignedTo",
    "GET /applications/{id}",
    "GET /users/{id}/messages/{id}/attachments",
    "GET /users/{id}/messages/{id}/attachments/{id}",
}


@pytest.mark.parametrize("operation", JUDGED, ids=lambda operation: f"{operation.method} {operation.template}")
def test_microsoft_accepts_the_permission(operation: Operation) -> None:
    accepted = {
        row["name"] for row in MICROSOFT["operations"][f"{operation.method} {operation.template}"]["application"]
    }

    # The first allows the call; a second one only accompanies it, as User.Read.All does a block of sign-in.
    assert operation.permissions[0] in accepted


def test_only_known_operations_are_not_judged() -> None:
    unjudged = {f"{one.method} {one.template}" for one in OPERATIONS if one not in JUDGED}

    assert unjudged == UNJUDGED


@pytest.mark.parametrize("needed", REQUIRED_PERMISSIONS, ids=lambda needed: needed.name)
def test_the_ids_are_microsofts(needed: permissions.RequiredPermission) -> None:
    if needed.name == "Exchange.ManageAsApp":
        assert needed.app_id == "00000002-0000-0ff1-ce00-000000000000"
        return
    assert needed.role_id == ROLE_IDS[needed.name]
    assert needed.app_id == "00000003-0000-0000-c000-000000000000"
