"""The documents speak of what is there: variables, files, and one another."""

import re
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGES, ROOT

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
_VARIABLE = re.compile(r"env\.\w+\(\"(\w+)\"|environ(?:\.get\(|\[)\"(PETRA_\w+)\"")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#:]+)(?:#[^)]*)?\)")
_FILE = re.compile(rf"`((?:{'|'.join((*PACKAGES, 'templates', 'static', 'tests', 'docs'))})/[\w/.-]*)`")


def variables() -> set[str]:
    product = ("petra/settings.py", "petra/management/commands/demo.py")
    tests = ("tests/find_chromium.py", "tests/fixtures/services.py", "tests/fixtures/stack.py")
    files = [ROOT / name for name in (*product, *tests)]
    return {name for file in files for found in _VARIABLE.findall(file.read_text()) for name in found if name}


def test_every_variable_is_described():
    described = set(re.findall(r"^\| `(\w+)`", (ROOT / "docs/settings.md").read_text(), re.MULTILINE))
    assert described == variables()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path):
    assert [link for link in _LINK.findall(page.read_text()) if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_that_are_named_exist(page: Path):
    named = set(_FILE.findall(page.read_text()))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
