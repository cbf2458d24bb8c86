"""Where a second factor is required, a member without one reaches the page that sets it up, and nothing else.

Generated from the URLconf: a page that is added later is behind it from its first day.
"""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from tenants.gates import SETTING_UP
from tenants.models import Organization
from tests.architecture.addresses import addresses
from tests.architecture.cast import KINDS, make_cast
from tests.architecture.test_urls import OF_MACHINES, OF_THE_INVITED, OPEN_TO_ALL

pytestmark = pytest.mark.django_db
SET_UP = "/account/second-factor/"
OPEN = {*OF_MACHINES, *OF_THE_INVITED, *OPEN_TO_ALL, "mfa_authenticate"}  # to strangers, too
BEHIND = [address for address in addresses() if address.name not in OPEN | SETTING_UP]


@pytest.fixture
def cast():
    found = make_cast()
    Organization.objects.update(require_second_factor=True)
    return found


def sign_in(member) -> Client:
    client = Client()
    client.force_login(member, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.mark.parametrize("address", BEHIND, ids=str)
def test_no_page_opens_without_it(cast, address):
    path, found = address.path_in(cast.places["shared"]), set()
    for kind in KINDS:
        client = sign_in(cast.members[kind])
        for answer in (client.get(path), client.post(path, {"tenant": "shared"})):
            found.add((answer.status_code, answer.headers.get("Location")))
        fragment = client.get(path, headers={"HX-Request": "true"})
        assert (fragment.status_code, fragment.headers["HX-Redirect"], fragment.content) == (204, SET_UP, b"")
    assert found == {(302, SET_UP)}


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_is_set_up_with_opens(cast, kind):
    client = sign_in(cast.members[kind])
    pages = [SET_UP, "/account/authenticator-app/", "/account/passkeys/add/", "/sign-out/"]
    assert [client.get(page).status_code for page in pages] == [200] * 4
    assert client.get("/account/confirm/").status_code == 403  # these members have no password to be asked for


@pytest.mark.parametrize("type_", ["totp", "webauthn"])
def test_with_one_everything_opens(cast, type_):
    member = cast.members["admin"]
    Authenticator.objects.create(user=member, type=type_, data={})
    assert sign_in(member).get("/").status_code == 200


def test_recovery_codes_alone_are_none(cast):
    member = cast.members["admin"]
    Authenticator.objects.create(user=member, type="recovery_codes", data={})
    assert sign_in(member).get("/").headers["Location"] == SET_UP
