"""The same phish elsewhere: found by itself from an incident, and by a sweep."""

import re

from playwright.sync_api import expect

from graph.simulator.world import story
from tests.browser.conftest import Reader, violations
from tests.browser.test_six_steps import SLOW, expand, open_incident, wait_for_all_traces
from tests.fixtures.stack import Stack


def others() -> dict[str, list[str]]:
    """Who got the phish in the other tenants, by the tenant's name."""
    return {one.name: sorted(story.LURE_COPIES[one.key]) for one in story.TENANTS if one is not story.ACME}


def test_the_panel_finds_the_phish_in_the_other_tenants(fresh: Stack, reader: Reader):
    page = reader()
    open_incident(page)
    wait_for_all_traces(page)
    expand(page, 2)
    box = page.locator("#cross-tenant")
    for name, mailboxes in others().items():
        row = box.locator(".item", has_text=name)
        words = f"{len(mailboxes)} mails in {len(mailboxes)} mailboxes"
        expect(row).to_contain_text(words, timeout=SLOW)
        for mailbox in mailboxes:
            expect(row).to_contain_text(mailbox)
    box.locator("#cross-tenant-search").click()
    expect(box.locator("#cross-tenant-search")).to_be_enabled(timeout=SLOW)
    expect(page.locator("#step-2-head")).to_be_visible()  # the answer takes the place of the box alone
    box.get_by_role("link", name=story.NORTHGATE.name).click()
    expect(page).to_have_url(re.compile(r"/t/northgate-logistics/logs/exchange/\?subject=Action.*&sender=no-reply"))


def test_a_sweep_finds_it_without_an_incident(fresh: Stack, reader: Reader):
    page = reader()
    page.goto("/phish-sweep/")
    page.get_by_label("Sender").fill(story.LURE.sender)
    page.get_by_label(story.ACME.name).uncheck()
    page.locator("#sweep-press").click()
    page.wait_for_url("**/phish-sweep/*/")
    for name, mailboxes in others().items():
        part = page.locator(".sweep-part", has_text=name)
        expect(part.locator("tbody tr")).to_have_count(len(mailboxes), timeout=SLOW)
    expect(page.locator(".sweep-part", has_text=story.ACME.name)).to_have_count(0)
    assert violations(page) == []
