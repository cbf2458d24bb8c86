"""Step 1 from the press to the locked account: through web, queue and worker, with 200 ms latency at Microsoft."""

import re
import time
import uuid
from collections.abc import Iterable
from typing import Any

from graph.simulator.world import story
from tests.bench.serial import SerialCloud, lock_and_revoke
from tests.fixtures.simulator import RawCloud
from tests.fixtures.stack import Stack, sign_in

LATENCY = 0.2
ROUNDS = 5


def measure(stack: Stack) -> dict[str, float]:
    """Median of five presses, and the same two effects one call after the other."""
    wait_until_quiet(stack)
    stack.control.configure(story.ACME.tenant_id, latency=LATENCY)
    session = sign_in(stack.url)
    panel = panel_address(stack, session)
    seconds, round_trips = sorted(_rounds(stack, session, panel, ROUNDS))[ROUNDS // 2]
    serial = _serial(stack)
    return {
        "contain_latency": LATENCY,
        "contain_round_trips": round_trips,
        "contain_seconds": round(seconds, 3),
        "serial_contain_round_trips": serial.round_trips,
        "serial_contain_seconds": serial.seconds,
    }


def measure_presses(stack: Stack, session: Any, panel: str, count: int) -> list[float]:
    """Seconds from the press to the locked account, of so many presses."""
    return [seconds for seconds, _ in _rounds(stack, session, panel, count)]


def _rounds(stack: Stack, session: Any, panel: str, count: int) -> list[tuple[float, int]]:
    rounds = []
    for _ in range(count + 1):
        rounds.append(_press(stack, session, panel))
        _undo(stack, session, panel)
    return rounds[1:]  # the first one got the token


def wait_until_quiet(stack: Stack, seconds: float = 3) -> None:
    """Return when the evidence of the fresh demo is collected and searched: nothing was asked of Microsoft for a while."""
    seen, since = -1, time.monotonic()
    while time.monotonic() - since < seconds:
        counted = len(stack.control.requests(story.ACME.tenant_id)["requests"])
        if counted != seen:
            seen, since = counted, time.monotonic()
        time.sleep(0.1)


def panel_address(stack: Stack, session: Any, slug: str = "acme-corp", name: str = "castellane") -> str:
    """The address of the panel of the incident whose account has this name."""
    page = session.get(f"{stack.url}/t/{slug}/incidents/?q={name}", timeout=30).text
    number = re.findall(rf"/t/{slug}/incidents/(\d+)/", page)[0]
    return f"{stack.url}/t/{slug}/incidents/{number}/remediation/"


def _press(stack: Stack, session: Any, panel: str) -> tuple[float, int]:
    """Seconds from the press until the cloud says that the account is locked, and the round trips that took."""
    form = {"tenant": "acme-corp", "key": press_key(), "again": "on"}
    stack.control.clear_requests()
    began = time.perf_counter()
    answer = session.post(f"{panel}steps/1/press/", data=form, timeout=30)
    assert answer.status_code == 200, answer.status_code
    _wait(lambda: _is_enabled(stack) is False)
    seconds = time.perf_counter() - began
    _wait(lambda: _has_read_back(stack))
    return seconds, round_trips_of_writes(stack.control.requests(story.ACME.tenant_id)["requests"])


def round_trips_of_writes(requests: Iterable[dict[str, Any]]) -> int:
    """How many HTTP round trips the requests made up to and with the last write; reading back comes after it."""
    seen = list(requests)
    last = max(index for index, request in enumerate(seen) if request["method"] != "GET")
    return len({request["batchId"] or f"plain-{request['id']}" for request in seen[: last + 1]})


def _undo(stack: Stack, session: Any, panel: str) -> None:
    """Unlock again, once Petra has written down that it locked."""
    _wait(lambda: _undoable(session, panel))
    # Pressed so quickly, the state before the lock may not be known to Petra yet: then it asks, and this is the answer.
    form = {"tenant": "acme-corp", "runs": _undoable(session, panel), "confirmed": "on"}
    stack.control.clear_requests()
    answer = session.post(f"{panel}undo/", data=form, timeout=30)
    assert answer.status_code == 200, answer.status_code
    _wait(lambda: _is_enabled(stack) is True)
    _wait(lambda: _has_read_back(stack))


def _has_read_back(stack: Stack) -> bool:
    """Whether a read has followed the write: the last thing that a press asks of Microsoft."""
    methods = [request["method"] for request in stack.control.requests(story.ACME.tenant_id)["requests"]]
    return any(method != "GET" for method in methods) and methods[-1] == "GET"


def _undoable(session: Any, panel: str) -> list[str]:
    return re.findall(r'name="runs"\s+value="(\d+)"', session.get(panel, timeout=30).text)


def _is_enabled(stack: Stack) -> bool:
    users = stack.control.objects(story.ACME.tenant_id, "users")
    return next(user["accountEnabled"] for user in users if user["userPrincipalName"] == story.RENEE.victim)


def _serial(stack: Stack) -> SerialCloud:
    tenant = next(each for each in stack.control.tenants() if each["tenantId"] == story.ACME.tenant_id)
    raw = RawCloud(stack.control.url, tenant["tenantId"], tenant["clientSecret"], tenant["clientId"])
    users = stack.control.objects(story.ACME.tenant_id, "users")
    victim = next(user["id"] for user in users if user["userPrincipalName"] == story.RENEE.victim)
    cloud = SerialCloud(raw)
    lock_and_revoke(cloud, victim)
    return cloud


def press_key() -> str:
    """The key of a form of its own."""
    return uuid.uuid4().hex


def _wait(is_so: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("The demo did not do it in time.")
        time.sleep(0.005)
