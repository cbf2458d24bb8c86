"""Each kind of member in the browser: from the invitation's link to what they see, and how an open tab ends."""

import base64
import hashlib
import hmac
import time

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Reader, violations
from tests.browser.test_six_steps import open_incident
from tests.fixtures.stack import ADMIN, PASSWORD, Stack

RIGHTS = {
    "admin": ("Admin", [], []),
    "full": ("Full Member", [], []),
    "readonly": ("Full Member", ["Read-only"], []),
    "guest": ("External Guest", [], ["Bluewater Dental"]),
    "billing": ("Billing", [], []),
}
# Tabs, tenants in the switcher, and what the addresses answer that tell the kinds apart.
EVERY_TENANT = ["Acme Corp", "Bluewater Dental", "Harrow & Finch", "Northgate Logistics"]
STAFF_TABS = ["Incidents", "Phish sweep", "Activity", "Settings"]
SEES = {
    "admin": (STAFF_TABS, EVERY_TENANT, {"/t/acme-corp/": 200, "/settings/members/": 200, "/settings/security/": 200}),
    "full": (STAFF_TABS, EVERY_TENANT, {"/t/acme-corp/": 200, "/settings/members/": 200, "/settings/security/": 403}),
    "readonly": (STAFF_TABS, EVERY_TENANT, {"/t/acme-corp/": 200, "/usage/": 404, "/settings/security/": 403}),
    "guest": (
        ["Incidents", "Activity"],
        ["Bluewater Dental"],
        {"/t/acme-corp/": 404, "/t/bluewater-dental/": 200, "/settings/members/": 404, "/usage/": 404},
    ),
    "billing": (
        ["Usage"],
        [],
        {"/t/acme-corp/": 404, "/incidents/": 404, "/settings/activity/": 404, "/settings/members/": 404},
    ),
}


def invite(admin: Page, email: str, kind: str) -> str:
    """Fill in the form as an Admin; returns the link that is shown."""
    role, flags, tenants = RIGHTS[kind]
    admin.goto("/settings/members/")
    admin.get_by_label("E-mail address").fill(email)
    admin.get_by_label("Role").select_option(label=role)
    for name in (*flags, *tenants):
        admin.locator("#invite").get_by_label(name).check()
    admin.get_by_role("button", name="Invite").click()
    return admin.locator("#invitation-link").inner_text()


def join(browser: Browser, stack: Stack, link: str, name: str) -> Page:
    """Follow a link in a browser of one's own, choose name and password, and sign in."""
    page = browser.new_context(base_url=stack.url, viewport={"width": 1440, "height": 1000}).new_page()
    page.goto(link)
    assert "token" not in page.url
    assert violations(page) == []
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The password once more").fill(PASSWORD)
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_text("Your account is ready.")).to_be_visible()
    sign_in(page, f"{name.lower()}@lantern.example")
    return page


def sign_in(page: Page, email: str) -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("kind", RIGHTS)
def test_each_kind_of_member_sees_what_is_theirs(kind: str, stack: Stack, reader: Reader, browser: Browser):
    link = invite(reader(ADMIN), f"{kind}@lantern.example", kind)
    page = join(browser, stack, link, kind.capitalize())
    tabs, tenants, answers = SEES[kind]
    expect(page).to_have_url(f"{stack.url}/usage/" if kind == "billing" else f"{stack.url}/")
    assert page.get_by_role("navigation", name="Main").get_by_role("link").all_inner_texts() == tabs
    names = page.locator(".switcher-item .clip").all_text_contents()
    assert names == (["All tenants", *tenants] if tenants else [])
    statuses = {path: getattr(page.goto(path), "status", None) for path in answers}
    assert statuses == answers
    page.context.close()


def test_a_read_only_member_has_nothing_to_press(stack: Stack, reader: Reader):
    page = reader("readonly@petra.example")
    open_incident(page, "Renée Castellane")
    takes_along = ":not([action$='/ask/'], [action$='/export/'])"  # a report, or what a filter shows
    acting = page.locator(f"main form[method=post]{takes_along}, main [hx-post]{takes_along}")
    assert acting.count() == 0


def test_the_open_tab_of_a_deactivated_member_stops(stack: Stack, reader: Reader, browser: Browser):
    admin = reader(ADMIN)
    page = join(browser, stack, invite(admin, "leaver@lantern.example", "full"), "Leaver")
    open_incident(page, "Renée Castellane")
    admin.goto("/settings/members/")
    admin.get_by_role("link", name="Leaver").click()
    admin.get_by_text("Deactivate…").click()
    admin.get_by_role("button", name="Deactivate").click()
    expect(admin.get_by_text("Leaver is signed out and cannot sign in.")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.context.close()


def code_of(secret: str) -> str:
    """The code that an authenticator app shows now (RFC 6238)."""
    digest = hmac.new(base64.b32decode(secret), (int(time.time()) // 30).to_bytes(8, "big"), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"


def confirm(page: Page) -> None:
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def test_an_app_and_a_passkey_are_set_up_and_sign_in(stack: Stack, reader: Reader, browser: Browser):
    """On `localhost`: a browser gives passkeys to names, not to numbers."""
    link = invite(reader(ADMIN), "keyholder@lantern.example", "full").replace("127.0.0.1", "localhost")
    page = join(browser, stack, link, "Keyholder")
    home = page.url
    page.goto(f"{home}account/authenticator-app/")
    confirm(page)
    assert violations(page) == []
    page.get_by_label("Code of the app").fill(code_of(page.locator("#totp-key").inner_text()))
    page.get_by_role("button", name="Set up").click()
    expect(page.locator("#recovery-codes code")).to_have_count(10)
    assert violations(page) == []
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True}
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options | {"automaticPresenceSimulation": True}})
    page.goto(f"{home}account/passkeys/add/")
    assert violations(page) == []
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("The passkey is added.")).to_be_visible()
    page.context.clear_cookies()
    page.goto(f"{home}sign-in/")
    sign_in(page, "keyholder@lantern.example")
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(home)
    page.context.close()
