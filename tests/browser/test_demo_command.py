"""`manage.py demo`: two side by side, and no process left when it ends."""

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

from tests.fixtures.stack import ANALYST, Stack, sign_in, start_stack, stop_stack


def is_listening(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(url).port or 0)) == 0


def processes_of(folder: Path) -> list[str]:
    """The command lines of processes that work in a demo's folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environment = (entry / "environ").read_bytes()
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if os.fsencode(str(folder)) in environment and "pytest" not in command:
            found.append(command)
    return found


def test_two_demos_side_by_side_and_ctrl_c_ends_all_of_one(stack: Stack, tmp_path: Path):
    second = start_stack(tmp_path)
    assert second.url != stack.url
    both = sign_in(stack.url, ANALYST), sign_in(second.url, ANALYST)
    assert [session.get(f"{url}/").status_code for session, url in zip(both, (stack.url, second.url), strict=True)] == [
        200,
        200,
    ]
    assert processes_of(tmp_path)
    stop_stack(second)
    assert processes_of(tmp_path) == []
    assert not is_listening(second.url)
    assert not is_listening(second.control.url)
    assert is_listening(stack.url), "the other demo goes on"


def test_the_password_stands_in_no_log(stack: Stack):
    log = stack.log.read_text(errors="replace")
    shown = [line for line in log.splitlines() if "Password:" in line]
    assert len(shown) == 1, "printed once, for the one who started the demo"
    secrets = [tenant["clientSecret"] for tenant in stack.control.tenants()]
    assert not any(secret in log for secret in secrets)
