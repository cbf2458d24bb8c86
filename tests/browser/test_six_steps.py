"""All six steps of the Acme incident, by pressing the labelled buttons; then the simulated cloud is asked what is true."""

import re

from playwright.sync_api import Page, expect

from graph.simulator.world import story
from tests.browser.conftest import Reader
from tests.fixtures.stack import READ_ONLY, Stack

SLOW = 20_000  # ms
TRACES = 30  # suspicious things that step 3 finds at Acme, once the logs have been read


def open_incident(page: Page, name: str = "Renée Castellane") -> None:
    page.goto("/incidents/")
    page.get_by_role("link", name=name).first.click()
    expect(page.locator("#remediation-panel")).to_be_visible(timeout=SLOW)


def step(page: Page, number: int):
    return page.locator(f"#step-{number}")


def expand(page: Page, number: int) -> None:
    fold = page.locator(f"#step-{number}-fold")
    if fold.get_attribute("open") is None:
        page.locator(f"#step-{number}-head").click()


def expect_done(page: Page, number: int) -> None:
    expect(step(page, number)).to_have_class(re.compile(r"\bis-done\b"), timeout=SLOW)


def wait_for_scan(page: Page, number: int) -> None:
    expand(page, number)
    expect(page.locator(f"#step-{number}-all")).to_be_visible(timeout=SLOW)


def wait_for_all_traces(page: Page) -> None:
    """Until the logs have been read, and what they point to has been found."""
    wait_for_scan(page, 3)
    expect(page.locator("#step-3-head")).to_contain_text(f"{TRACES} suspicious", timeout=SLOW)


def victim(stack: Stack) -> dict:
    select = "id,accountEnabled,signInSessionsValidFromDateTime,lastPasswordChangeDateTime"
    return stack.cloud(f"/users/{story.RENEE.victim}?$select={select}")


def object_id(stack: Stack, address: str) -> str:
    return stack.cloud(f"/users/{address}?$select=id")["id"]


def in_deleted_items(stack: Stack, address: str, message_id: str) -> list[bool]:
    user = object_id(stack, address)
    deleted = stack.cloud(f"/users/{user}/mailFolders/deleteditems?$select=id")["id"]
    quoted = message_id.replace("'", "''").replace("+", "%2B")
    found = stack.cloud(f"/users/{user}/messages?$filter=internetMessageId eq '{quoted}'&$select=id,parentFolderId")
    return [message["parentFolderId"] == deleted for message in found["value"]]


def press(page: Page, number: int) -> None:
    expand(page, number)
    page.locator(f"#step-{number}-press").click()


def test_all_six_steps(fresh: Stack, reader: Reader):
    page = reader()
    open_incident(page)
    wait_for_all_traces(page)
    page.evaluate("window.neverReloaded = true")
    before = victim(fresh)

    press(page, 1)
    expect_done(page, 1)
    locked = victim(fresh)
    assert locked["accountEnabled"] is False
    assert locked["signInSessionsValidFromDateTime"] > before["signInSessionsValidFromDateTime"]

    wait_for_scan(page, 2)
    page.locator("#step-2-all").click()
    expect_done(page, 2)
    assert in_deleted_items(fresh, story.RENEE.victim, story.LURE.internet_message_id) == [True]

    wait_for_scan(page, 3)
    page.locator("#step-3-all").click()
    expect_done(page, 3)
    check_persistence_is_off(fresh)
    check_what_must_stay_stays(fresh)

    press(page, 4)
    page.locator("#step-4-reveal").click(timeout=SLOW)
    password = page.locator("#new-password").inner_text()
    assert fresh.control.password_matches(story.ACME.tenant_id, before["id"], password)
    assert victim(fresh)["lastPasswordChangeDateTime"] > before["lastPasswordChangeDateTime"]
    expect_done(page, 4)

    press(page, 5)
    expect_done(page, 5)
    unlocked = victim(fresh)
    assert unlocked["accountEnabled"] is True
    assert unlocked["signInSessionsValidFromDateTime"] > locked["signInSessionsValidFromDateTime"]

    press(page, 6)
    expect_done(page, 6)
    expect(page.get_by_text("Remediated").first).to_be_visible()
    assert page.evaluate("window.neverReloaded") is True, "no step may need a reload"
    assert password not in page.content() or page.locator("#new-password").count() == 1
    page.reload()
    assert password not in page.content()


def check_persistence_is_off(stack: Stack) -> None:
    rules = {
        rule["Name"]: rule["Enabled"]
        for rule in stack.cmdlet("Get-InboxRule", Mailbox=story.RENEE.victim, IncludeHidden=True)
    }
    assert (rules["."], rules[story.HIDDEN_RULE]) == (False, False)
    mailbox = stack.cmdlet("Get-Mailbox", Identity=story.RENEE.victim)[0]
    assert mailbox["ForwardingSmtpAddress"] is None
    user = object_id(stack, story.RENEE.victim)
    devices = stack.cloud(f"/users/{user}/registeredDevices")["value"]
    assert {each["displayName"]: each["accountEnabled"] for each in devices}[story.ATTACKER_DEVICE] is False
    apps = stack.cloud(f"/servicePrincipals?$filter=displayName eq '{story.MAIL_APP}'")["value"]
    assert [each["accountEnabled"] for each in apps] == [False]
    registered = stack.cloud("/applications")["value"]
    planted = [each for each in registered if each["displayName"] == story.PLANTED_REGISTRATION]
    assert [each["isDisabled"] for each in planted] == [True]
    methods = stack.cloud(f"/users/{user}/authentication/methods")["value"]
    recent = [
        each
        for each in methods
        if each.get("createdDateTime", "") > "2026-11-01" and "password" not in each["@odata.type"]
    ]
    assert len(methods) >= 3, "her own methods stay"
    assert recent == []
    for colleague in story.INTERNAL_RECIPIENTS:
        address = f"{colleague}@{story.ACME.domain}"
        assert in_deleted_items(stack, address, story.REMITTANCE.internet_message_id) == [True], colleague


def check_what_must_stay_stays(stack: Stack) -> None:
    rules = {
        rule["Name"]: rule["Enabled"]
        for rule in stack.cmdlet("Get-InboxRule", Mailbox=story.RENEE.victim, IncludeHidden=True)
    }
    assert rules["Newsletters"] is True
    trustees = {row["User"] for row in stack.cmdlet("Get-MailboxPermission", Identity=story.RENEE.victim)}
    assert story.SYNC_ACCOUNT in trustees, "the sync account is never touched"
    assert in_deleted_items(stack, story.SCANNER, story.REMITTANCE.internet_message_id) == [False], "protected"


def test_a_second_browser_sees_the_same_progress(fresh: Stack, reader: Reader):
    first, second = reader(), reader("admin@petra.example")
    open_incident(first)
    open_incident(second)
    second.evaluate("window.neverReloaded = true")
    press(first, 1)
    expect_done(first, 1)
    expect_done(second, 1)
    assert second.evaluate("window.neverReloaded") is True


def test_a_double_click_acts_once(fresh: Stack, reader: Reader):
    page = reader()
    open_incident(page)
    fresh.control.clear_requests()
    page.locator("#step-1-press").dblclick()
    expect_done(page, 1)
    assert fresh.control.requests()["byPath"]["POST /users/{id}/revokeSignInSessions"] == 1


def test_a_reader_sees_no_way_to_act(fresh: Stack, reader: Reader):
    page = reader(READ_ONLY)
    open_incident(page)
    expect(page.get_by_role("button", name="Revoke Sessions and Lock Account")).to_have_count(0)
    expect(page.locator("#remediation-panel form")).to_have_count(0)
    token = page.context.request.get("/sign-out/").text().split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    answer = page.context.request.post(
        page.url + "remediation/steps/1/press/",
        form={"tenant": "acme-corp", "key": "f" * 32, "csrfmiddlewaretoken": token},
    )
    assert answer.status == 403
    assert victim(fresh)["accountEnabled"] is True
