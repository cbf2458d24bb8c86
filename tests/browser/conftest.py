"""A real Chromium against the real processes of the demo."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.find_chromium import find_chromium
from tests.fixtures.stack import ANALYST, PASSWORD, Stack

AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser these tests are left out by name, with what to do about it."""
    if find_chromium():
        return
    reason = "No Chromium: install one, or name it in PETRA_CHROMIUM. `make test` tries to install it."
    for item in items:
        if "browser" in Path(item.path).parts:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, "executable_path": find_chromium(), "args": FLAGS, "headless": True}


Reader = Callable[..., Page]


@pytest.fixture
def reader(browser: Browser, stack: Stack) -> Iterator[Reader]:
    """Opens a signed-in page of its own; any error in its console fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(email: str = ANALYST, **options: Any) -> Page:
        context = browser.new_context(base_url=stack.url, viewport={"width": 1440, "height": 1000}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/sign-in/")
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(stack.url + "/")
        return page

    yield open_page
    for context in contexts:
        context.close()
    # What a test provokes on purpose (403, 404, 409, 422) the browser calls an error, too.
    assert [each for each in complaints if "responded with a status of 4" not in each] == []


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA: rule and where."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", tags)
    return [f"{each['id']}: {each['nodes'][0]['target']}" for each in found["violations"]]
