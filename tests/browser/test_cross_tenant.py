"""The same phish elsewhere: found by itself from an incident, and by a sweep."""

import re

from playwright.sync_api import Page, expect

from graph.simulator.world import story
from tests.browser.conftest import Reader, violations
from tests.browser.test_six_steps import SLOW, expand, open_incident, wait_for_all_traces
from tests.fixtures.stack import ADMIN, Stack


def others() -> dict[str, list[str]]:
    """Who got the phish in the other tenants, by the tenant's name."""
    return {one.name: sorted(story.LURE_COPIES[one.key]) for one in story.TENANTS if one is not story.ACME}


def at_step_2(reader: Reader) -> Page:
    """The demo incident, once all is found, with step 2 open."""
    page = reader()
    open_incident(page)
    wait_for_all_traces(page)
    expand(page, 2)
    return page


def test_the_panel_finds_the_phish_in_the_other_tenants(fresh: Stack, reader: Reader):
    page = at_step_2(reader)
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
    box.get_by_role("link", name=story.NORTHGATE.name, exact=True).click()
    expect(page).to_have_url(re.compile(r"/t/northgate-logistics/logs/exchange/\?subject=Action.*&sender=no-reply"))


def test_the_link_of_the_phish_leads_to_a_sweep_for_it(fresh: Stack, reader: Reader):
    page = at_step_2(reader)
    tagged = page.locator("#step-2-tagged")
    tagged.get_by_text("Known also by 1 link").click()
    expect(tagged).to_contain_text(story.LURE.link)
    assert violations(page) == []
    tagged.get_by_role("link", name="Sweep for it").click()
    expect(page.get_by_label("Link")).to_have_value(story.LURE.link)
    page.locator("#sweep-press").click()
    page.wait_for_url("**/phish-sweep/*/")
    for tenant in story.TENANTS:
        got = [who for who, (phish, *_) in story.LURE_COPIES[tenant.key].items() if phish is story.LURE]
        rows = page.locator(".sweep-part", has_text=tenant.name).locator("tbody tr")
        expect(rows).to_have_count(len(got), timeout=SLOW)


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


def lying(stack: Stack, tenant: story.DemoTenant) -> dict[str, bool]:
    """Who has a copy there, and whether Microsoft has it in Deleted Items."""
    found = {}
    for user in stack.control.objects(tenant.tenant_id, "users"):
        kept = stack.control.objects(tenant.tenant_id, "mailFolders", user["id"])
        deleted = {folder["id"] for folder in kept if folder.get("wellKnownName") == "deleteditems"}
        for mail in stack.control.objects(tenant.tenant_id, "messages", user["id"]):
            if mail["internetMessageId"] in {story.LURE.internet_message_id, story.LURE_SECOND.internet_message_id}:
                found[user["mail"].partition("@")[0]] = mail["parentFolderId"] in deleted
    return found


def test_copies_are_taken_out_elsewhere_once_a_second_member_approves(fresh: Stack, reader: Reader):
    page = at_step_2(reader)
    box = page.locator("#cross-tenant")
    harrow, northgate = (box.locator("li.item", has_text=one.name) for one in (story.HARROW, story.NORTHGATE))
    expect(harrow).to_contain_text("4 mails in 4 mailboxes", timeout=SLOW)
    harrow.locator("summary").click()
    for mailbox in ("edmund.harrow", "joao.teixeira"):
        harrow.locator("tr", has_text=mailbox).get_by_role("checkbox").check()
    expect(northgate).to_contain_text("3 mails in 3 mailboxes", timeout=SLOW)
    northgate.get_by_label("Whole tenant").check()
    page.locator("#retract-press").click()
    expect(page.locator("#plan")).to_contain_text("Retract 5 mails in 2 tenants", timeout=SLOW)
    expect(page.locator("#plan-title")).to_be_focused()
    assert violations(page) == []
    page.locator("#plan-press").dblclick()
    expect(box.locator(".retraction")).to_contain_text("Waits for the approval of a second member", timeout=SLOW)
    expect(box.locator(".retraction")).to_have_count(1)
    expect(box.get_by_role("button", name="Approve")).to_have_count(0)
    assert set(lying(fresh, story.NORTHGATE).values()) == {False}

    second = reader(ADMIN)
    second.goto("/phish-sweep/")
    second.locator("a.row-link").first.click()
    second.get_by_role("button", name="Approve").click()
    expect(second.locator(".retraction.is-done")).to_contain_text("5 done, 5 verified", timeout=SLOW)
    assert violations(second) == []
    assert set(lying(fresh, story.NORTHGATE).values()) == {True}
    taken = {"edmund.harrow": True, "joao.teixeira": True, "beatrix.finch": False, "accounts": False}
    assert lying(fresh, story.HARROW) == taken

    # The one who asked sees it without a reload, and puts one back.
    expect(box.locator(".retraction.is-done")).to_contain_text("5 done, 5 verified", timeout=SLOW)
    harrow.locator("tr", has_text="joao.teixeira").get_by_role("button", name="Undo").click()
    expect(box.locator(".retraction")).to_contain_text("4 done, 4 verified, 1 undone", timeout=SLOW)
    assert lying(fresh, story.HARROW) == taken | {"joao.teixeira": False}


def test_a_retraction_planned_in_one_tab_stays_what_it_was_while_another_tab_moves_on(fresh: Stack, reader: Reader):
    """The same member in two tabs: what is confirmed is the plan that was looked at, in the tenants that it names."""
    first = reader()
    first.goto("/phish-sweep/")
    first.get_by_label("Sender").fill(story.LURE.sender)
    first.locator("#sweep-press").click()
    harrow = first.locator(".sweep-part", has_text=story.HARROW.name)
    expect(harrow).to_contain_text("4 mails in 4 mailboxes", timeout=SLOW)
    second = first.context.new_page()
    second.goto(first.url)
    for page, tenant in ((first, story.HARROW), (second, story.BLUEWATER)):
        page.locator(".sweep-part", has_text=tenant.name).get_by_label("Whole tenant").check()
        page.locator("#retract-press").click()
        expect(page.locator("#plan")).to_contain_text(tenant.name, timeout=SLOW)
    second.locator("#plan-press").click()
    expect(second.locator(".retraction.is-done")).to_contain_text("2 done, 2 verified", timeout=SLOW)
    assert set(lying(fresh, story.HARROW).values()) == {False}
    first.locator("#plan-press").click()
    expect(first.locator(".retraction.is-done").first).to_contain_text("4 done, 4 verified", timeout=SLOW)
    assert set(lying(fresh, story.HARROW).values()) == {True}
    assert set(lying(fresh, story.NORTHGATE).values()) == {False}
    # What the first tab still shows of Bluewater is taken out already: nothing is done twice.
    expect(first.locator(".sweep-part", has_text=story.BLUEWATER.name).get_by_label("Whole tenant")).to_have_count(0)
