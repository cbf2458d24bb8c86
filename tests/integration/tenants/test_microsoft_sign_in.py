"""Signing in with Microsoft, against an identity provider on loopback: members only, bound to one account each."""

import html
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.test import Client

from tenants.microsoft_sign_in import FAILED, REFUSED
from tenants.models import AuditEvent, Member
from tests.factories import rows
from tests.fixtures import identity_provider
from tests.fixtures.identity_provider import CLIENT_ID, CLIENT_SECRET

pytestmark = pytest.mark.django_db
START, ANSWER = "/sign-in/microsoft/", "/sign-in/microsoft/answer/"


@pytest.fixture
def provider(settings):
    with identity_provider.running() as found:
        known = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]
        app = {
            "provider_id": "microsoft",
            "name": "Microsoft",
            "client_id": CLIENT_ID,
            "secret": CLIENT_SECRET,
            "settings": {"server_url": found.url, "fetch_userinfo": False},
        }
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": known | {"APPS": [app]}}
        yield found


@pytest.fixture
def ada(console) -> Member:
    return rows.member(console.organization, email="ada@lantern.example", display_name="Ada Moreau")


def go(client: Client | None = None) -> tuple[Client, str]:
    """Press the button, and let Microsoft answer; returns the browser, and the address it is sent back to."""
    client = client or Client()
    start = client.post(f"{START}?process=login")
    assert start.status_code == 302
    return client, requests.get(start.headers["Location"], allow_redirects=False, timeout=10).headers["Location"]


def sign_in(client: Client | None = None):
    client, back = go(client)
    address = urlsplit(back)
    assert address.path == ANSWER
    return client, client.get(ANSWER, {name: values[0] for name, values in parse_qs(address.query).items()})


def said(client: Client) -> str:
    return html.unescape(client.get("/sign-in/").content.decode())


def test_a_member_signs_in(provider, ada):
    client, answer = sign_in()
    assert answer.headers["Location"] == "/"
    assert client.get("/").context["user"] == ada
    assert SocialAccount.objects.get().uid == "ada"
    assert AuditEvent.objects.get().summary == "Signed in with Microsoft for the first time"
    assert sign_in()[1].headers["Location"] == "/"
    assert AuditEvent.objects.count() == 1


def test_the_button_is_there_where_it_is_set_up(provider):
    assert "Sign in with Microsoft" in said(Client())


def test_without_it_there_is_no_button_and_no_page():
    assert "Microsoft" not in said(Client())
    assert [Client().post(START).status_code, Client().get(ANSWER).status_code] == [404, 404]


def test_the_press_is_asked_for(provider):
    assert Client().get(START).status_code == 200


@pytest.mark.parametrize(
    "person",
    [
        {"sub": "eve", "email": "eve@lantern.example"},
        {"sub": "eve", "email": ""},
        {"sub": "eve"},
        {"sub": "eve", "preferred_username": "ada@lantern.example"},
    ],
)
def test_nobody_else_comes_in_or_is_made_a_member(provider, ada, person):
    provider.person = person
    client, answer = sign_in()
    assert answer.headers["Location"] == "/sign-in/"
    assert REFUSED in said(client)
    assert client.get("/").status_code == 302
    assert (Member.objects.filter(email__startswith="eve").exists(), SocialAccount.objects.exists()) == (False, False)


@pytest.mark.parametrize("is_bound", [False, True])
def test_a_deactivated_member_does_not_come_in(provider, ada, is_bound):
    if is_bound:
        sign_in()
    Member.objects.filter(pk=ada.pk).update(is_active=False)
    client, answer = sign_in()
    assert answer.headers["Location"] == "/sign-in/"
    assert REFUSED in said(client)


def test_whoever_gets_the_address_later_does_not_get_the_member(provider, ada):
    sign_in()
    provider.person = {"sub": "somebody-else", "email": "ada@lantern.example"}
    client, answer = sign_in()
    assert (answer.headers["Location"], client.get("/").status_code) == ("/sign-in/", 302)


def test_the_account_stays_bound_when_its_address_changes(provider, ada):
    sign_in()
    provider.person = {"sub": "ada", "email": "ada.moreau@lantern.example"}
    client, _ = sign_in()
    assert client.get("/").context["user"] == ada


def test_a_member_who_is_signed_in_cannot_take_another_account(provider, ada, analyst):
    start = analyst.post(f"{START}?process=connect")
    back = requests.get(start.headers["Location"], allow_redirects=False, timeout=10).headers["Location"]
    analyst.get(ANSWER, {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()})
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("claims", [{"aud": "another-app"}, {"iss": "https://elsewhere.example"}, {"exp": 1}])
def test_a_token_that_is_not_for_petra_is_refused(provider, ada, claims):
    provider.claims = claims
    client, answer = sign_in()
    assert answer.headers["Location"] == "/sign-in/"
    assert FAILED in said(client)


def test_a_token_signed_by_somebody_else_is_refused(provider, ada):
    provider.signs_with = identity_provider.IdentityProvider().key
    client, answer = sign_in()
    assert (answer.headers["Location"], client.get("/").status_code) == ("/sign-in/", 302)


def test_an_answer_that_nobody_asked_for_is_refused(provider, ada):
    _, back = go()
    query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    stranger = Client()
    stranger.get(ANSWER, query)
    assert stranger.get("/").status_code == 302
    forged = go()[0]
    forged.get(ANSWER, query)
    assert forged.get("/").status_code == 302


def test_a_refusal_of_microsofts_is_told(provider, ada):
    client, back = go()
    state = parse_qs(urlsplit(back).query)["state"][0]
    for error in ("access_denied", "server_error"):
        answer = client.get(ANSWER, {"error": error, "state": state})
        assert answer.headers["Location"] == "/sign-in/"


def test_a_provider_that_does_not_answer_is_told(provider, ada):
    provider_url = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]
    provider_url["server_url"] = "http://127.0.0.1:9"
    client = Client()
    assert client.post(START).headers["Location"] == "/sign-in/"
    assert FAILED in said(client)


def test_the_second_factor_is_asked_for_as_well(provider, ada):
    TOTP.activate(ada, "JBSWY3DPEHPK3PXP")
    client, answer = sign_in()
    assert answer.headers["Location"] == "/account/code/"
    assert client.get("/").status_code == 302


def test_the_session_is_listed_and_ends_like_any_other(provider, ada):
    client, _ = sign_in()
    assert len(client.get("/account/").context["sessions"]) == 1
    assert client.session.get_expiry_age() <= timedelta(hours=12).total_seconds()
