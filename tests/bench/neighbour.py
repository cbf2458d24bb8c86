"""Step 1 in one tenant while another tenant's cloud takes 30 seconds for each answer, against the same with it well."""

import statistics
from typing import Any

from graph.simulator.world import story
from tests.bench.contain import LATENCY, measure_presses, panel_address, press_key, wait_until_quiet
from tests.fixtures.stack import Stack, sign_in

SLOW = 30.0  # seconds
ROUNDS = 9
NEIGHBOUR = "northgate-logistics"


def measure(stack: Stack) -> dict[str, float]:
    """The ratio of the medians: how much slower step 1 gets by a neighbour's slow cloud."""
    session = sign_in(stack.url)
    stack.control.configure(story.ACME.tenant_id, latency=LATENCY)
    panel = panel_address(stack, session)
    wait_until_quiet(stack)
    alone = statistics.median(measure_presses(stack, session, panel, ROUNDS))
    stack.control.configure(story.NORTHGATE.tenant_id, latency=SLOW)
    _keep_busy(stack, session)
    beside = statistics.median(measure_presses(stack, session, panel, ROUNDS))
    return {
        "neighbour_latency": SLOW,
        "neighbour_contain_seconds_alone": round(alone, 3),
        "neighbour_contain_seconds": round(beside, 3),
        "neighbour_slowdown": round(beside / alone, 2),
    }


def _keep_busy(stack: Stack, session: Any) -> None:
    """Everything that can be ordered in the slow tenant: strike, password, searches, evidence; many bells for each."""
    panel = panel_address(stack, session, NEIGHBOUR, "vogt")
    form = {"tenant": NEIGHBOUR}
    incident = panel.removesuffix("remediation/")
    _post(session, f"{incident}publish/", form)
    for step in (1, 4):
        _post(
            session, f"{panel}steps/{step}/press/", form | {"key": press_key(), "typed_address": story.MAREIKE.victim}
        )
    for step in (2, 3):
        _post(session, f"{panel}steps/{step}/scan/", form)


def _post(session: Any, address: str, form: dict[str, str]) -> None:
    answer = session.post(address, data=form, timeout=30)
    assert answer.status_code == 200, (address, answer.status_code)
