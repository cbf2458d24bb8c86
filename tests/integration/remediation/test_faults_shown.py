"""Every fault of Microsoft's, on its way through client and engine: sentence, code and request id on the page."""

import html
import re

import pytest
from django.test import Client
from django.urls import reverse

from graph import PermissionDenied
from graph.simulator.control import SimulatorControl
from remediation.enums import RunState, Step
from tests.factories import world
from tests.integration.remediation.desk import Desk
from tests.unit.graph.test_fault_sentences import FAULTS, Fault, name_of

LOCK = {"method": "PATCH", "path": "^/users/[^/]+$"}
NEEDED = (
    "Microsoft refused: Petra's application needs the application permissions User.EnableDisableAccount.All and "
    "User.Read.All, and the Entra role User Administrator (Privileged Authentication Administrator when the account "
    "holds an admin role) on its service principal. Grant what is missing in this tenant and try again."
)
# The client itself waits as long as Microsoft asks it to: a second is long enough here.
OF_WRITES = [
    fault
    for fault in FAULTS
    if not fault.details and (fault.is_write or fault.status < 500) and fault.headers.get("Retry-After", "1") == "1"
]


def rule(fault: Fault) -> dict[str, object]:
    """The fault as the simulated cloud makes it, on the write of the lock."""
    told = {"match": LOCK, "answer": fault.status, "code": fault.code or "none", "message": fault.message}
    return told | ({"retryAfter": 1} if fault.headers.get("Retry-After") else {})


def panel(desk: Desk) -> str:
    """The panel as a browser gets it, entities decoded."""
    client = Client()
    client.force_login(desk.analyst, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.get(reverse("remediation:panel", args=["tiny", desk.incident.pk]))
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


@pytest.mark.parametrize("fault", OF_WRITES, ids=name_of)
def test_the_panel_says_what_happened_with_code_and_request_id(fault: Fault, desk: Desk, simulator: SimulatorControl):
    simulator.configure(world.TENANT_ID, faults=[rule(fault)])
    desk.press(Step.CONTAIN)
    desk.work()
    run = desk.run(action_key="lock_account")
    error = fault.error()
    passes = error.is_transient or error.outcome_unknown
    assert run.state == (RunState.QUEUED if passes else RunState.FAILED)
    said = NEEDED if type(error) is PermissionDenied and "lacks a permission" in fault.sentence else fault.sentence
    assert (run.message, run.code) == (said, fault.code or str(fault.status))
    log = simulator.requests()
    # An answer without a body has no id of its own; its batch's is the one to quote.
    assert run.request_id in {each["requestId"] for each in [*log["requests"], *log["batches"]]}
    page = panel(desk)
    assert said in page
    assert re.search(rf"^\s*{re.escape(run.code)}$", page, re.MULTILINE)
    assert run.request_id in page
