"""Requests and responses as values."""

import json

import pytest

from graph import (
    BadRequest,
    GraphError,
    NotFound,
    Request,
    Response,
    SecretRef,
    Service,
    exchange,
    mail,
    mailbox_lane,
    users,
)

PASSWORD = SecretRef("action-run/7/password")


def test_a_secret_shows_its_reference_everywhere() -> None:
    request = users.set_password("u1", PASSWORD)

    shown = [repr(request), json.dumps(request.preview()), str(PASSWORD)]

    assert all("<secret: action-run/7/password>" in text for text in shown)


def test_the_preview_is_what_will_be_sent() -> None:
    assert users.disable("u1").preview() == {
        "method": "PATCH",
        "url": "/v1.0/users/u1",
        "headers": {},
        "body": {"accountEnabled": False},
    }


def test_the_preview_of_an_exchange_call_names_the_cmdlet_and_leaves_the_tenant_open() -> None:
    preview = exchange.mailbox("a@acme.example").preview()

    assert preview["url"] == "/adminapi/beta/{tenantId}/InvokeCommand"
    assert preview["headers"] == {
        "X-CmdletName": "Get-Mailbox",
        "Prefer": "odata.maxpagesize=1000",
        "X-AnchorMailbox": "UPN:a@acme.example",
    }


def test_equal_requests_have_equal_fingerprints() -> None:
    assert users.disable("u1").fingerprint == users.disable("u1").fingerprint
    one = Request("PATCH", "/x", body={"a": 1, "b": 2})
    other = Request("PATCH", "/x", body={"b": 2, "a": 1})
    assert one.fingerprint == other.fingerprint


@pytest.mark.parametrize(
    "other",
    [
        Request("POST", "/x", body={"p": PASSWORD}),
        Request("PATCH", "/y", body={"p": PASSWORD}),
        Request("PATCH", "/x", body={"p": SecretRef("another")}),
        Request("PATCH", "/x", body={"p": PASSWORD}, version="beta"),
        Request("PATCH", "/x", body={"p": PASSWORD}, lane=mailbox_lane("u")),
        Request("PATCH", "/x", body={"p": PASSWORD}, headers=(("Prefer", "x"),)),
        Request("PATCH", "/x", body={"p": PASSWORD}, service=Service.EXCHANGE),
        Request("PATCH", "/x"),
    ],
)
def test_every_part_of_a_request_enters_its_fingerprint(other: Request) -> None:
    assert Request("PATCH", "/x", body={"p": PASSWORD}).fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("request_", "is_read"),
    [
        (users.get("u"), True),
        (mail.messages("u"), True),
        (users.disable("u"), False),
        (users.revoke_sessions("u"), False),
        (exchange.inbox_rules("u"), True),
        (exchange.invoke("Search-UnifiedAuditLog", {}), True),
        (exchange.clear_forwarding("u"), False),
        (exchange.disable_inbox_rule("u", "1"), False),
    ],
)
def test_reads_are_known_from_writes(request_: Request, is_read: bool) -> None:
    assert request_.is_read is is_read


def test_a_good_response_gives_its_body_and_rows() -> None:
    response = Response(users.get("u"), 200, body={"value": [{"id": "1"}]})

    assert response.ok
    assert response.require() == {"value": [{"id": "1"}]}
    assert response.items() == [{"id": "1"}]


def test_a_response_without_content_has_no_rows() -> None:
    assert Response(users.disable("u"), 204).items() == []


def test_a_failed_response_raises_its_error() -> None:
    response = Response(users.get("u"), 404, error=NotFound(message="gone", status=404))

    assert not response.ok
    with pytest.raises(NotFound):
        response.require()
    with pytest.raises(GraphError):
        response.items()


def test_the_next_page_is_asked_for_at_the_same_place_with_the_same_headers() -> None:
    first = mail.messages("u1", top=10)
    link = "https://elsewhere.example/v1.0/users/u1/messages?$top=10&$skip=10"

    following = Response(first, 200, body={"value": [], "@odata.nextLink": link}).next_request

    assert following is not None
    assert following.path == "/users/u1/messages?$top=10&$skip=10"
    assert following.headers == first.headers
    assert following.lane == first.lane


def test_the_next_page_of_a_cmdlet_repeats_its_body() -> None:
    first = exchange.inbox_rules("a@acme.example")
    link = "https://outlook.office365.com/adminapi/beta/tid/InvokeCommand?$skiptoken=abc"

    following = Response(first, 200, body={"value": [], "@odata.nextLink": link}).next_request

    assert following is not None
    assert following.path == "/InvokeCommand?$skiptoken=abc"
    assert following.body == first.body


def test_the_last_page_has_no_next_one() -> None:
    assert Response(users.get("u"), 200, body={"value": []}).next_request is None
    assert Response(users.disable("u"), 204).next_request is None
    assert Response(users.get("u"), 400, error=BadRequest(message="no")).next_request is None


def test_half_a_character_has_a_fingerprint_too() -> None:
    one, other = (Request("POST", "/x", body={"subject": text}) for text in ("Invoice \ud83d", "Invoice \ud83e"))
    assert len({one.fingerprint, other.fingerprint}) == 2
