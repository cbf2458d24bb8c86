"""Every page, at 1440 and 390 wide, dark and light: nothing for axe to find, nothing that scrolls sideways."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Reader, violations
from tests.browser.test_six_steps import expand, expect_done, open_incident, press
from tests.fixtures.stack import ADMIN, ANALYST, Stack

PAGES = (
    "/",
    "/incidents/",
    "/t/acme-corp/",
    "/t/acme-corp/incidents/",
    "/phish-sweep/",
    "/settings/activity/",
    "/settings/members/",
    "/settings/members/1/",
    "/settings/security/",
    "/usage/",
    "/account/",
    "/account/second-factor/",
    "/account/password/",
    "/account/confirm/",
    "/account/invitation/",
    "/nowhere/",
)
LOOKS = [(width, scheme) for width in (1440, 390) for scheme in ("light", "dark")]
every_look = pytest.mark.parametrize(("width", "scheme"), LOOKS)


def complaints(page: Page) -> list[str]:
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    sideways = [f"scrolls sideways by {too_wide} px"] if too_wide > 0 else []
    return sideways + violations(page)


def look(page: Page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 1000})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")


@every_look
def test_every_page_is_clean(width: int, scheme: str, stack: Stack, reader: Reader):
    page = reader(ADMIN)
    look(page, width, scheme)
    found = {}
    for address in PAGES:
        page.goto(address)
        found[address] = complaints(page)
    assert found == {address: [] for address in PAGES}


@every_look
def test_the_incident_page_is_clean(width: int, scheme: str, stack: Stack, reader: Reader):
    page = reader(ANALYST)
    look(page, width, scheme)
    found = {}
    for name in ("Renée Castellane", "Tadhg Ó Briain", "Mareike Vogt"):
        open_incident(page, name)
        for number in range(1, 7):
            expand(page, number)
        found[name] = complaints(page)
    assert not any(found.values()), found


def test_the_sign_in_page_is_clean(stack: Stack, reader: Reader):
    page = reader(ANALYST)
    page.context.clear_cookies()
    page.goto("/")
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert complaints(page) == []


def test_the_finished_panel_is_clean(fresh: Stack, reader: Reader):
    page = reader(ANALYST)
    open_incident(page)
    press(page, 1)
    expect_done(page, 1)
    press(page, 4)
    page.locator("#step-4-reveal").click(timeout=20_000)
    expect(page.locator("#new-password")).to_be_visible()
    assert complaints(page) == []
