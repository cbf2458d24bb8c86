"""Pressed twice, posted twice, two analysts at once: one effect, and each is told what happened.

Real processes: on SQLite with the embedded queue, and once more on PostgreSQL with Redis (tests/on_services.py).
"""

import re
import uuid
from collections import Counter

import pytest

from graph.simulator.world import story
from tests.fixtures.analyst import Analyst, at_once, notice
from tests.fixtures.stack import ADMIN, Stack

RAVI, ADA = "Ravi Okonkwo", "Ada Moreau"
STEP_1 = "Revoke Sessions and Lock Account"
LOCK, REVOKE = "PATCH /users/{id}", "POST /users/{id}/revokeSignInSessions"


@pytest.fixture
def ravi(fresh: Stack) -> Analyst:
    analyst = Analyst(fresh.url)
    analyst.wait_for_scan(2)
    analyst.wait_for_scan(3)
    fresh.control.clear_requests()
    return analyst


@pytest.fixture
def ada(ravi: Analyst) -> Analyst:
    return Analyst(ravi.url, ADMIN)


def writes(stack: Stack) -> dict[str, int]:
    """How often each call that changes something reached the cloud."""
    return {path: count for path, count in stack.control.requests()["byPath"].items() if not path.startswith("GET ")}


def effects(stack: Stack, *paths: str) -> list[int]:
    counts = writes(stack)
    return [counts.get(path, 0) for path in paths]


def slow(stack: Stack, seconds: float) -> None:
    stack.control.configure(story.ACME.tenant_id, latency=seconds)


def test_one_form_posted_eight_times_at_once_acts_once(fresh: Stack, ravi: Analyst):
    key = uuid.uuid4().hex
    answers = at_once([lambda: ravi.press(1, key=key)] * 8)
    assert [answer.status_code for answer in answers] == [200] * 8
    told = [notice(answer) for answer in answers if notice(answer)]
    assert len(told) == 7
    for words in told:
        assert re.fullmatch(
            rf"{RAVI} pressed {STEP_1} with this very form at [0-9:]{{8}} UTC\. Nothing was done twice\.", words
        )
    ravi.wait_for(lambda: ravi.step_class(1) == "is-done", "step 1 is done")
    assert effects(fresh, LOCK, REVOKE) == [1, 1]


def test_two_analysts_press_step_1_at_the_same_moment(fresh: Stack, ravi: Analyst, ada: Analyst):
    answers = at_once([lambda: ravi.press(1), lambda: ada.press(1)])
    assert [answer.status_code for answer in answers] == [200, 200]
    told = [notice(answer) for answer in answers]
    winner = RAVI if told[0] == "" else ADA
    late = [words for words in told if words]
    assert len(late) == 1
    assert re.fullmatch(
        rf"{winner} pressed this a moment ago: it is running\. Nothing was done twice\."
        rf"|Already done by {winner} at [0-9:]{{8}} UTC\. Nothing was done twice\.",
        late[0],
    )
    ada.wait_for(lambda: ada.step_class(1) == "is-done", "step 1 is done")
    assert f"by {winner}" in ada.panel()
    assert effects(fresh, LOCK, REVOKE) == [1, 1]


def test_a_press_while_an_undo_runs_waits_for_it(fresh: Stack, ravi: Analyst, ada: Analyst):
    ravi.finish(1)
    runs = lock_run(ravi)
    slow(fresh, 3)
    assert ada.post("undo/", runs=runs, confirmed="on").status_code == 200
    pressed = ravi.press(1)
    assert pressed.status_code == 200
    assert notice(pressed) == f"{ADA} is undoing this right now. Press again when that is through. Nothing was done."
    again = ravi.post("undo/", runs=runs, confirmed="on")
    assert notice(again) == f"{ADA} is undoing this right now. Nothing was done twice."
    slow(fresh, 0)
    ravi.wait_for(lambda: "Undoing" not in ravi.panel(), "the undo is through")
    late = ravi.post("undo/", runs=runs, confirmed="on")
    assert re.fullmatch(rf"{ADA} has undone this at [0-9:]{{8}} UTC\. Nothing was done twice\.", notice(late))
    assert effects(fresh, LOCK, REVOKE) == [2, 1]
    assert fresh.cloud(f"/users/{story.RENEE.victim}?$select=accountEnabled")["accountEnabled"] is True


def lock_run(analyst: Analyst) -> str:
    found = re.search(r'name="runs"\s+value="(\d+)"', analyst.panel())
    assert found, "the lock can be undone"
    return found[1]


def test_retry_pressed_twice_retries_once(fresh: Stack, ravi: Analyst, ada: Analyst):
    refusal = {"match": {"method": "PATCH", "path": "/users/"}, "answer": 403, "times": 1}
    fresh.control.configure(story.ACME.tenant_id, faults=[refusal])
    ravi.press(1)
    ravi.wait_for(lambda: 'id="step-1-retry"' in ravi.panel(), "the lock has failed")
    answers = at_once([lambda: ravi.post("steps/1/retry/"), lambda: ada.post("steps/1/retry/")])
    assert [answer.status_code for answer in answers] == [200, 200]
    told = [notice(answer) for answer in answers]
    winner = RAVI if told[0] == "" else ADA
    late = [words for words in told if words]
    assert len(late) == 1
    assert re.fullmatch(
        rf"{winner} pressed Retry failed at [0-9:]{{8}} UTC: (it is running|nothing has failed since)\. "
        r"Nothing was done twice\.",
        late[0],
    )
    ada.wait_for(lambda: ada.step_class(1) == "is-done", "step 1 is done")
    assert effects(fresh, LOCK, REVOKE) == [2, 1], "the refused lock, its retry, and one revoke"


@pytest.mark.parametrize("step", [2, 3])
def test_overlapping_selections_of_two_analysts_act_once_on_each(fresh: Stack, ravi: Analyst, ada: Analyst, step: int):
    found = ravi.items(step)
    left, right = found[:-1] or found, found[1:] or found
    answers = at_once([lambda: ravi.press(step, items=left), lambda: ada.press(step, items=right)])
    assert [answer.status_code for answer in answers] == [200, 200]
    told = [notice(answer) for answer in answers]
    winner = RAVI if told[0] == "" else ADA
    late = [words for words in told if words]
    assert len(late) == 1
    assert winner in late[0]
    assert late[0].endswith("Nothing was done twice.")
    ravi.wait_for(lambda: ravi.step_class(step) == "is-done", f"step {step} is done")
    assert done_twice(fresh) == {}


def done_twice(stack: Stack) -> dict[str, int]:
    """The calls that changed the very same thing more than once."""
    lines = stack.control.requests(story.ACME.tenant_id)["requests"]
    calls = Counter(f"{line['method']} {line['path']} {line['body']}" for line in lines if changes(line))
    assert calls, "something was sent"
    return {call: count for call, count in calls.items() if count > 1}


def changes(line: dict) -> bool:
    if line["method"] == "GET":
        return False
    return "InvokeCommand" not in line["path"] or not line["body"]["CmdletInput"]["CmdletName"].startswith("Get-")
