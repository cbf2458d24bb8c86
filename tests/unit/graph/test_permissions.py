"""The permission table, against Microsoft's own (DEVX permissions.json, MIT, cut to the operations used here)."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from graph import Request, mail, permissions, users
from graph.permissions import OPERATIONS, REQUIRED_PERMISSIONS, REQUIRED_ROLES, Operation
from tests.unit.graph import builders

MICROSOFT: dict[str, Any] = json.loads((Path(__file__).parent / "microsoft_permissions.json").read_text())
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


@pytest.mark.parametrize("row", [*builders.GRAPH, *builders.EXCHANGE], ids=lambda row: row[0])
def test_every_call_knows_its_permission(row: builders.Row) -> None:
    assert permissions.needed_for(row[1]) != ()


@pytest.mark.parametrize("operation", [*OPERATIONS, permissions.EXCHANGE_OPERATION], ids=lambda one: one.template)
def test_petra_asks_for_what_it_uses(operation: Operation) -> None:
    asked_for = {one.name for one in REQUIRED_PERMISSIONS}

    assert [name for name in operation.permissions if not permissions.is_granted(name, asked_for)] == []


@pytest.mark.parametrize("row", builders.GRAPH, ids=lambda row: row[0])
def test_the_docstring_names_call_permission_and_document(row: builders.Row) -> None:
    module, function = row[0].split(".")
    text = str(getattr(importlib.import_module(f"graph.{module}"), function).__doc__)
    needed = [name.replace("UserAuthMethod-Phone", "UserAuthMethod-{type}") for name in permissions.needed_for(row[1])]

    assert row[1].method in text
    assert [name for name in needed if name not in text] == []
    assert "https://learn.microsoft.com/" in text


def test_a_patch_of_a_user_is_judged_by_its_property() -> None:
    assert permissions.needed_for(users.disable("u")) == ("User.EnableDisableAccount.All", "User.Read.All")
    assert permissions.needed_for(users.set_password("u", builders.SECRET)) == ("User-PasswordProfile.ReadWrite.All",)


def test_an_unknown_call_needs_nothing_that_is_known() -> None:
    assert permissions.needed_for(Request("GET", "/planner/tasks")) == ()


@pytest.mark.parametrize("needed", REQUIRED_PERMISSIONS, ids=lambda needed: needed.name)
def test_the_ids_are_microsofts(needed: permissions.RequiredPermission) -> None:
    if needed.name == "Exchange.ManageAsApp":
        assert needed.app_id == "00000002-0000-0ff1-ce00-000000000000"
        return
    assert needed.role_id == ROLE_IDS[needed.name]
    assert needed.app_id == "00000003-0000-0000-c000-000000000000"


def test_nothing_is_asked_for_twice() -> None:
    names = [one.name for one in REQUIRED_PERMISSIONS]

    assert sorted(set(names)) == sorted(names)


def test_what_is_missing_is_told_in_order() -> None:
    granted = {one.name for one in REQUIRED_PERMISSIONS} - {"Mail.ReadWrite", "User.Read.All"}

    assert [one.name for one in permissions.missing_permissions(granted)] == ["Mail.ReadWrite"]
    assert permissions.missing_permissions({one.name for one in REQUIRED_PERMISSIONS}) == ()
    assert permissions.missing_permissions(()) == REQUIRED_PERMISSIONS


def test_a_broader_permission_is_enough() -> None:
    assert permissions.is_granted("Mail.ReadBasic.All", {"Mail.ReadWrite"})
    assert not permissions.is_granted("Mail.ReadWrite", {"Mail.ReadBasic.All"})
    assert permissions.is_granted(permissions.needed_for(mail.messages("u"))[0], {"Mail.Read"})


def test_missing_roles() -> None:
    held = {REQUIRED_ROLES[0].template_id}

    assert permissions.missing_roles(held) == REQUIRED_ROLES[1:]
    assert permissions.missing_roles({role.template_id for role in REQUIRED_ROLES}) == ()
