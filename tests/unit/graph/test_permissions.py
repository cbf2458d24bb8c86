"""The permission table, by itself."""

import importlib

import pytest

from graph import Request, mail, permissions, users
from graph.permissions import OPERATIONS, REQUIRED_PERMISSIONS, REQUIRED_ROLES, Operation
from tests.unit.graph import builders


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


def test_texts_of_mails_need_more_than_their_headers() -> None:
    assert permissions.needed_for(mail.messages("u1")) == ("Mail.ReadBasic.All",)
    assert permissions.needed_for(mail.messages("u1", select=("id", "body"))) == ("Mail.Read",)
    assert permissions.needed_for(mail.messages("u1", filter="subject eq '&$select=body'")) == ("Mail.ReadBasic.All",)
