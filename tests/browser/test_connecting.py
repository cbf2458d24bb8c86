"""A tenant is added by clicking: name, consent page, answer, checklist; and what is wrong there is told and mended."""

from playwright.sync_api import Page, expect

from graph.simulator.world import story
from tests.browser.conftest import Reader, violations
from tests.fixtures.stack import ADMIN, Stack

NAME = story.LARKSPUR.name


def consent(page: Page, service: str, decision: str) -> None:
    """Make a link, open Microsoft's page and press there, as the administrator who stands first."""
    page.locator(f"#consent-shared-{service}").click()
    page.locator("#open-consent").click()
    expect(page.get_by_role("heading", name="Permissions requested")).to_be_visible()
    page.get_by_label(NAME).check()
    page.get_by_role("button", name=decision).click()


def keys(page: Page, state: str) -> set[str]:
    found = page.locator(f'.check-item[data-state="{state}"]')
    return {str(item.get_attribute("data-key")) for item in found.all()}


def test_a_tenant_is_added_end_to_end(reader: Reader, fresh: Stack):
    page = reader(ADMIN)
    page.locator("#add-tenant").click()
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("A tenant of the demo cloud").check()
    page.get_by_role("button", name="Add tenant").click()
    expect(page.get_by_text("is not connected to Microsoft yet")).to_be_visible()
    assert violations(page) == []

    consent(page, "graph", "Cancel")
    expect(page.get_by_text("User declined to consent to access the app.")).to_be_visible()
    page.get_by_role("link", name="Back to the connection").click()

    consent(page, "graph", "Accept")
    assert violations(page) == []
    page.get_by_role("button", name="Check and connect").click()
    expect(page.locator("#check-summary")).to_have_text("3 missing, 1 could not be checked, 2 optional missing")
    assert keys(page, "missing") == {
        "permission:Exchange.ManageAsApp",
        "role:User Administrator",
        "role:Exchange Administrator",
        "role:Privileged Authentication Administrator",
        "message_trace",
    }
    assert violations(page) == []

    consent(page, "exchange", "Accept")
    page.get_by_role("button", name="Check and connect").click()
    roles = ["User Administrator", "Exchange Administrator"]
    fresh.control.configure(story.LARKSPUR.tenant_id, directoryRoles=roles)
    page.get_by_role("button", name="Test again").click()
    expect(page.locator("#check-summary")).to_have_text("2 optional missing")
    assert fresh.control.tenant(story.LARKSPUR.tenant_id)["exchangePermissions"] == ["Exchange.ManageAsApp"]

    page.goto("/")
    expect(page.locator('[id^="tenant-larkspur-training-"]')).to_contain_text("Connected")


def test_a_reset_takes_an_added_tenant_away(reader: Reader, fresh: Stack):
    page = reader(ADMIN)
    page.goto("/settings/tenants/")
    page.get_by_label("Name").fill("Somebody Else")
    page.get_by_label("A tenant of the demo cloud").check()
    page.get_by_role("button", name="Add tenant").click()
    page.goto("/")
    page.locator("#demo-reset-ask").click()
    page.locator("#demo-reset-press").click()
    expect(page.get_by_text("Demo reset: 4 tenants")).to_be_visible()
    expect(page.locator('[id^="tenant-somebody-else"]')).to_have_count(0)


def test_paused_and_resumed(reader: Reader, fresh: Stack):
    page = reader(ADMIN)
    page.goto("/t/bluewater-dental/connection/")
    page.locator("#pause-ask").click()
    page.locator("#pause").click()
    expect(
        page.get_by_text("Nothing is read from Microsoft and nothing is sent, a test on this page apart.")
    ).to_be_visible()
    page.locator("#resume").click()
    expect(page.locator("#pause-ask")).to_be_visible()
