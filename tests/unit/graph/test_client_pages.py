"""The client over real sockets: pages, and what was granted."""

import pytest

from graph import PermissionDenied, ServiceFailed, exchange, mail, users
from tests.unit.graph.tiny_cloud import TENANT, Reply, TinyCloud, in_turn


def test_pages_are_followed_with_their_headers(tiny_cloud: TinyCloud) -> None:
    link = "https://graph.microsoft.com/v1.0/users/u1/messages?$skip=1"
    tiny_cloud.answer = in_turn(
        [
            Reply(200, {"value": [{"id": "a"}], "@odata.nextLink": link}),
            Reply(200, {"value": [], "@odata.nextLink": link + "2"}),
        ],
        then=Reply(200, {"value": [{"id": "b"}]}),
    )

    rows = list(tiny_cloud.client().pages(mail.messages("u1")))

    assert rows == [{"id": "a"}, {"id": "b"}]
    assert [seen.path for seen in tiny_cloud.seen][1:] == [
        "/v1.0/users/u1/messages?$skip=1",
        "/v1.0/users/u1/messages?$skip=12",
    ]
    assert {seen.headers["Prefer"] for seen in tiny_cloud.seen} == {'IdType="ImmutableId"'}


def test_pages_of_a_cmdlet_repeat_it(tiny_cloud: TinyCloud) -> None:
    link = f"https://outlook.office365.com/adminapi/beta/{TENANT}/InvokeCommand?$skiptoken=2"
    tiny_cloud.answer = in_turn([Reply(200, {"value": [{"Name": "a"}], "@odata.nextLink": link})])

    assert list(tiny_cloud.client().pages(exchange.inbox_rules("a@x"))) == [{"Name": "a"}]
    first, second = tiny_cloud.seen
    assert second.path == f"/adminapi/beta/{TENANT}/InvokeCommand?$skiptoken=2"
    assert second.body == first.body


def test_a_page_that_fails_is_raised_after_the_rows_before_it(tiny_cloud: TinyCloud) -> None:
    link = "https://graph.microsoft.com/v1.0/users?$skiptoken=2"
    tiny_cloud.answer = in_turn([Reply(200, {"value": [{"id": "a"}], "@odata.nextLink": link})], then=Reply(403))
    pages = tiny_cloud.client().pages(users.list_users())

    assert next(pages) == {"id": "a"}
    with pytest.raises(PermissionDenied):
        next(pages)


def test_pages_that_go_in_a_circle_end(tiny_cloud: TinyCloud) -> None:
    link = "https://graph.microsoft.com/v1.0/users?$skiptoken=1"
    tiny_cloud.answer = lambda _: Reply(200, {"value": [], "@odata.nextLink": link})

    with pytest.raises(ServiceFailed, match="already read"):
        list(tiny_cloud.client().pages(users.list_users()))

    assert len(tiny_cloud.seen) == 2


def test_permissions_of_both_services_are_read_from_the_tokens(tiny_cloud: TinyCloud) -> None:
    client = tiny_cloud.client()

    assert client.granted_permissions() == {"User.Read.All"}
    assert client.held_roles() == {"role-1"}
    assert len(tiny_cloud.token_forms) == 2
    client.granted_permissions(renew=True)
    assert len(tiny_cloud.token_forms) == 4


def test_a_tenant_without_consent_for_exchange_still_tells_the_rest(tiny_cloud: TinyCloud) -> None:
    issue = tiny_cloud.issue
    refusal = Reply(400, {"error": "invalid_client", "error_description": "AADSTS650057: Invalid resource."})
    tiny_cloud.issue = lambda form: refusal if "outlook" in form["scope"] else issue(form)

    assert tiny_cloud.client().granted_permissions() == {"User.Read.All"}


def test_nothing_asked_nothing_sent(tiny_cloud: TinyCloud) -> None:
    assert tiny_cloud.client().send_all([]) == []
    assert tiny_cloud.token_forms == []


def test_a_client_shows_no_secret(tiny_cloud: TinyCloud) -> None:
    assert "hush" not in repr(tiny_cloud.client())
