"""Every builder says exactly what it sends, in which lane, with which headers."""

import inspect
from datetime import datetime
from types import ModuleType

import pytest

from graph import (
    DIRECTORY,
    EXCHANGE_ADMIN,
    Request,
    Service,
    applications,
    audit,
    devices,
    exchange,
    mail,
    mailbox_lane,
    odata,
    organization,
    rules,
    security,
    users,
)
from tests.unit.graph import builders

MODULES = (users, security, mail, rules, applications, devices, audit, organization, exchange)


@pytest.mark.parametrize(("name", "request_", "call", "body"), builders.GRAPH, ids=[row[0] for row in builders.GRAPH])
def test_a_graph_call(name: str, request_: Request, call: str, body: object) -> None:
    assert f"{request_.method} {request_.path}" == call
    assert request_.body == body
    assert request_.service is Service.GRAPH


@pytest.mark.parametrize(
    ("name", "request_", "cmdlet", "parameters"), builders.EXCHANGE, ids=[row[0] for row in builders.EXCHANGE]
)
def test_an_exchange_call(name: str, request_: Request, cmdlet: str, parameters: object) -> None:
    assert request_.body == {"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}}
    assert (request_.method, request_.path, request_.lane) == ("POST", "/InvokeCommand", EXCHANGE_ADMIN)
    assert dict(request_.headers)["X-CmdletName"] == cmdlet


def test_every_builder_stands_in_the_table() -> None:
    listed = {row[0] for row in [*builders.GRAPH, *builders.EXCHANGE]}

    assert listed == {f"{module.__name__.split('.')[-1]}.{name}" for module in MODULES for name in _builders(module)}


def _builders(module: ModuleType) -> list[str]:
    functions = inspect.getmembers(module, inspect.isfunction)
    return [
        name
        for name, function in functions
        if function.__module__ == module.__name__ and not name.startswith("_") and name != "method_type"
    ]


@pytest.mark.parametrize("name", [row[0] for row in builders.GRAPH if row[0].startswith(("mail.", "rules."))])
def test_mail_stands_in_its_mailboxes_lane_with_immutable_ids(name: str) -> None:
    request = next(row[1] for row in builders.GRAPH if row[0] == name)
    if name == "mail.message_traces":
        assert request.lane == DIRECTORY
        return
    assert request.lane == mailbox_lane("u1")
    if name.startswith("mail."):
        assert ("Prefer", 'IdType="ImmutableId"') in request.headers


def test_sign_ins_come_from_beta_unless_told_otherwise() -> None:
    assert audit.sign_ins().version == "beta"
    assert audit.sign_ins(version="v1.0").version == "v1.0"


@pytest.mark.parametrize(
    ("odata_type", "collection"),
    [
        ("#microsoft.graph.phoneAuthenticationMethod", "phoneMethods"),
        ("#microsoft.graph.microsoftAuthenticatorAuthenticationMethod", "microsoftAuthenticatorMethods"),
        ("#microsoft.graph.fido2AuthenticationMethod", "fido2Methods"),
        ("#microsoft.graph.softwareOathAuthenticationMethod", "softwareOathMethods"),
        ("#microsoft.graph.emailAuthenticationMethod", "emailMethods"),
        ("#microsoft.graph.temporaryAccessPassAuthenticationMethod", "temporaryAccessPassMethods"),
        ("#microsoft.graph.windowsHelloForBusinessAuthenticationMethod", "windowsHelloForBusinessMethods"),
        ("#microsoft.graph.platformCredentialAuthenticationMethod", "platformCredentialMethods"),
    ],
)
def test_a_sign_in_method_is_removed_through_its_own_collection(odata_type: str, collection: str) -> None:
    request = security.delete_authentication_method("u1", odata_type, "m1")

    assert request.path == f"/users/u1/authentication/{collection}/m1"


def test_a_password_is_no_method_to_remove() -> None:
    with pytest.raises(ValueError, match="cannot be removed"):
        security.delete_authentication_method("u1", "#microsoft.graph.passwordAuthenticationMethod", "m1")


@pytest.mark.parametrize("nothing", ["", " ", ".", ".."])
def test_an_empty_id_never_becomes_a_wider_address(nothing: str) -> None:
    with pytest.raises(ValueError, match="not an id"):
        users.disable(nothing)
    with pytest.raises(ValueError, match="not an id"):
        mail.move("u1", nothing, "inbox")


def test_a_guest_name_is_encoded_once() -> None:
    assert users.disable("a_b.example#EXT#@acme.example").path == "/users/a_b.example%23EXT%23%40acme.example"


def test_a_filter_without_values_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a value"):
        mail.by_internet_message_ids("u1", [])


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        odata.moment(datetime(2026, 3, 1))  # noqa: DTZ001 - that is what is tested


@pytest.mark.parametrize("both", [{}, {"add": "a", "remove": "b"}])
def test_send_on_behalf_changes_one_entry(both: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="one trustee"):
        exchange.set_send_on_behalf("m@x", **both)


def test_a_mailbox_named_by_its_id_leaves_the_anchor_to_the_tenant() -> None:
    assert "X-AnchorMailbox" not in dict(exchange.mailbox("6c1b-guid").headers)
