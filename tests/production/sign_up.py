"""Somebody is invited, joins, and sets up an authenticator app, over HTTP: the secrets that come into being on the way."""

import re
import time

import requests
from allauth.mfa.totp.internal.auth import hotp_value

from tests.fixtures.stack import PASSWORD, Stack

EMAIL = "newcomer@lantern.example"
_TOKEN = re.compile(r"/account/invitation/\?token=([\w-]{43})")
_KEY = re.compile(r'id="totp-key">([A-Z2-7]{32})<')


def send(session: requests.Session, stack: Stack, path: str, **form: str) -> requests.Response:
    """Send a form as a browser does."""
    headers = {"X-CSRFToken": next(cookie.value or "" for cookie in session.cookies if "csrf" in cookie.name)}
    return session.post(f"{stack.url}{path}", data=form, headers=headers, timeout=30)


def sign_up_secrets(stack: Stack, admin: requests.Session) -> dict[str, str]:
    """The invitation's token and the app's key, each shown once by now."""
    page = send(admin, stack, "/settings/members/invite/", email=EMAIL, role="full_member")
    (token,) = set(_TOKEN.findall(page.text))
    session = requests.Session()
    assert session.get(f"{stack.url}/account/invitation/", params={"token": token}, timeout=30).status_code == 200
    send(session, stack, "/account/invitation/accept/", display_name="Nova", password=PASSWORD, repeated=PASSWORD)
    send(session, stack, "/sign-in/", login=EMAIL, password=PASSWORD)
    send(session, stack, "/account/confirm/?next=/account/authenticator-app/", password=PASSWORD)
    found = _KEY.search(session.get(f"{stack.url}/account/authenticator-app/", timeout=30).text)
    assert found, "the key is shown"
    code = f"{hotp_value(found[1], int(time.time()) // 30):06d}"
    codes = send(session, stack, "/account/authenticator-app/", code=code)
    assert "Recovery codes" in codes.text
    return {"invitation token": token, "key of an authenticator app": found[1]}
