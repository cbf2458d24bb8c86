"""Every operation that the simulated cloud serves is called, and its answer judged by Microsoft's metadata."""

from __future__ import annotations

import pytest

from graph.simulator.control import SimulatorControl
from graph.simulator.routes import ROUTES
from tests.contract.judge import BETA, TYPES, answer_problems, properties_of
from tests.contract.operations import ANSWERS, called, made_before, prepare
from tests.factories.world import ALICE, TENANT_ID
from tests.fixtures.simulator import RawCloud

SERVED = sorted(route.operation for route in ROUTES)


def test_no_route_is_without_judgement() -> None:
    assert set(ANSWERS) == set(SERVED)


@pytest.mark.parametrize("operation", SERVED)
def test_the_answer_is_as_the_metadata_says(simulator: SimulatorControl, raw_cloud: RawCloud, operation: str) -> None:
    status, returns = ANSWERS[operation]
    prepare(simulator, raw_cloud)
    response = called(raw_cloud, operation, made_before(raw_cloud, operation))
    assert response.status_code == status, response.text
    if status >= 400:
        assert set(response.json()["error"]) == {"code", "message", "innerError"}
        return
    if not returns:
        assert response.content == b""
        return
    answer = response.json()
    assert answer.get("value") != []  # an empty list would prove nothing
    version = "beta" if operation.endswith("invalidateAllRefreshTokens") else "v1.0"
    assert answer_problems(answer, returns, version) == []


def test_everything_selected_is_still_in_the_metadata(raw_cloud: RawCloud) -> None:
    names = ",".join(properties_of("user"))
    answer = raw_cloud.get(f"/users/{ALICE}?$select={names}".replace("signInActivity,", ""))
    assert answer_problems(answer, "user") == []


def test_beta_adds_to_sign_ins_what_its_page_lists_and_v1_does_not(
    simulator: SimulatorControl, raw_cloud: RawCloud
) -> None:
    simulator.configure(TENANT_ID, throttling={"reports": 0})
    beta = raw_cloud.call("GET", "/beta/auditLogs/signIns").json()
    stable = raw_cloud.get("/auditLogs/signIns")
    assert answer_problems(beta, "Collection(signIn)", "beta") == []
    assert set(beta["value"][0]) - set(stable["value"][0]) <= set(BETA["signIn"])
    assert {"sessionId", "signInEventTypes"} <= set(beta["value"][0])
    assert BETA["signIn"].keys() & TYPES["signIn"]["properties"].keys() == set()


def test_the_judge_itself_objects() -> None:
    """A checker that never objects proves nothing."""
    wrong = {"id": 1, "nonsense": 2, "riskState": "fine", "createdDateTime": "2026-03-01 09:00", "sessionId": "x"}
    assert answer_problems({"value": [wrong]}, "Collection(signIn)") == [
        "no context",
        "signIn[0].id: 1 is no Edm.String",
        "signIn[0].nonsense: unknown",
        "signIn[0].riskState: 'fine' is no riskState",
        "signIn[0].createdDateTime: '2026-03-01 09:00' is no Edm.DateTimeOffset",
        "signIn[0].sessionId: unknown",
    ]
    context = {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#x"}
    untyped = "directoryObject[0]: no @odata.type that is known"
    assert answer_problems(context | {"value": [{"id": "x"}]}, "Collection(directoryObject)") == [untyped]
    assert answer_problems(context | {"id": "x"}, "Collection(user)") == ["value: not a list"]
    assert answer_problems(context, "user", "beta") == ["no context"]
    assert answer_problems(context | {"value": "true"}, "Edm.Boolean") == ["value: 'true' is no Edm.Boolean"]
