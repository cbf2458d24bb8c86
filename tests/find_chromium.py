"""Find a Chromium for the browser tests, or install one: PETRA_CHROMIUM, PATH, Playwright's own, its installer, apt-get.

`python tests/find_chromium.py --install` prints the path, or says which tests will be left out. With
PETRA_REQUIRE_BROWSER set it fails instead.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_chromium() -> str | None:
    """Path of a Chromium that can be started, or None."""
    named = os.environ.get("PETRA_CHROMIUM")
    if named:
        return named if Path(named).exists() else None
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    return _playwrights_own()


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install_chromium() -> None:
    """Try the installers one after the other. What fails is told, and the next one is tried."""
    for command in _installers():
        print("Installing Chromium:", " ".join(command), flush=True)
        finished = subprocess.run(command, check=False)
        if finished.returncode == 0 and find_chromium():
            return


def _installers() -> list[list[str]]:
    installers = []
    if shutil.which("apt-get") and os.geteuid() == 0:
        installers.append(["sh", "-c", "apt-get update -qq && apt-get install -y -qq chromium >/dev/null"])
    installers.append([sys.executable, "-m", "playwright", "install", "chromium"])
    return installers


def main() -> int:
    if "--install" in sys.argv and not find_chromium():
        install_chromium()
    path = find_chromium()
    if path:
        print(f"Browser tests use {path}")
        return 0
    print("No Chromium could be found or installed: the tests in tests/browser are left out. Set PETRA_CHROMIUM.")
    return 1 if os.environ.get("PETRA_REQUIRE_BROWSER") else 0


if __name__ == "__main__":
    sys.exit(main())
