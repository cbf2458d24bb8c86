"""The consent pages of the simulated cloud, held against ENTRA docs/identity-platform/v2-admin-consent.md."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from graph.simulator.control import SimulatorControl
from tests.factories.consent import (
    EXCHANGE_SCOPE,
    FRESH_ID,
    GRAPH_PERMISSIONS,
    GRAPH_SCOPE,
    REDIRECT,
    SHARED_SECRET,
    answer_to,
    consent_world,
    decide,
)
from tests.factories.world import CLIENT_ID, TENANT_ID
from tests.fixtures.simulator import RawCloud


@pytest.fixture
def cloud(simulator: SimulatorControl) -> SimulatorControl:
    simulator.load_world(consent_world())
    return simulator


def page(cloud: SimulatorControl, path: str = "organizations/v2.0", **changed: Any) -> str:
    asked = {"client_id": CLIENT_ID, "redirect_uri": REDIRECT, "state": "a b&c", "scope": GRAPH_SCOPE} | changed
    return f"{cloud.url}/{path}/adminconsent?{urlencode({name: text for name, text in asked.items() if text})}"


def token(cloud: SimulatorControl, host: str = "graph.microsoft.com") -> dict[str, Any]:
    answer: dict[str, Any] = RawCloud(cloud.url, FRESH_ID, SHARED_SECRET).token(host).json()
    return answer


def test_before_consent_there_is_no_token_and_after_it_there_is(cloud: SimulatorControl) -> None:
    before = token(cloud)
    assert (before["error"], before["error_codes"]) == ("invalid_client", [7000229])
    assert answer_to(page(cloud)) == {
        "admin_consent": "True", "tenant": FRESH_ID, "state": "a b&c", "scope": GRAPH_SCOPE,
    }  # fmt: skip
    assert token(cloud)["token_type"] == "Bearer"
    principals = cloud.objects(FRESH_ID, "servicePrincipals")
    assert [each["appId"] for each in principals] == [CLIENT_ID]


def test_each_service_has_a_consent_of_its_own(cloud: SimulatorControl) -> None:
    def granted() -> tuple[list[str], list[str]]:
        shown = cloud.tenant(FRESH_ID)
        return shown["grantedPermissions"], shown["exchangePermissions"]

    answer_to(page(cloud))
    assert granted() == (sorted(GRAPH_PERMISSIONS), [])
    answer_to(page(cloud, scope=EXCHANGE_SCOPE))
    assert granted() == (sorted(GRAPH_PERMISSIONS), ["Exchange.ManageAsApp"])


def test_the_older_page_grants_all_that_is_registered(cloud: SimulatorControl) -> None:
    assert answer_to(page(cloud, "common", scope="")) == {"admin_consent": "True", "tenant": FRESH_ID, "state": "a b&c"}
    assert cloud.tenant(FRESH_ID)["exchangePermissions"] == ["Exchange.ManageAsApp"]


@pytest.mark.parametrize(
    ("path", "scope", "error", "more"),
    [
        ("organizations/v2.0", GRAPH_SCOPE, "consent_required", {"admin_consent"}),
        ("common", "", "access_denied", set()),
    ],
)
def test_declined(cloud: SimulatorControl, path: str, scope: str, error: str, more: set[str]) -> None:
    answer = answer_to(page(cloud, path, scope=scope), "cancel")
    assert (answer["error"], answer["state"]) == (error, "a b&c")
    assert answer["error_description"].startswith("AADSTS65004: User declined to consent to access the app.")
    assert set(answer) == {"error", "error_description", "state"} | more
    assert token(cloud)["error_codes"] == [7000229]


@pytest.mark.parametrize(
    ("path", "changed", "number"),
    [
        ("organizations/v2.0", {"redirect_uri": "https://evil.example/connect/answer/"}, "AADSTS50011"),
        ("organizations/v2.0", {"redirect_uri": "http://testserver:81/connect/answer/"}, "AADSTS50011"),
        ("organizations/v2.0", {"client_id": "nobody"}, "AADSTS700016"),
        ("organizations/v2.0", {"scope": ""}, "AADSTS900144"),
        ("organizations/v2.0", {"scope": "https://graph.microsoft.com/User.Read.All"}, "AADSTS1002012"),
        ("common/v2.0", {}, "AADSTS90130"),
        ("99999999-9999-4999-8999-999999999999/v2.0", {}, "AADSTS90002"),
    ],
)
def test_a_wrong_question_is_told_on_the_page_and_sent_nowhere(
    cloud: SimulatorControl, path: str, changed: dict[str, str], number: str
) -> None:
    for answer in (
        requests.get(page(cloud, path, **changed), timeout=10),
        decide(page(cloud, path, **changed), "accept"),
    ):
        assert (answer.status_code, number in answer.text) == (400, True)
    assert token(cloud)["error_codes"] == [7000229]


def test_any_port_of_this_machine_will_do(cloud: SimulatorControl) -> None:
    for port in (8000, 8090):
        redirect = f"http://127.0.0.1:{port}/connect/answer/"
        answer = decide(page(cloud, redirect_uri=redirect), "accept")
        assert answer.headers["Location"].startswith(redirect + "?admin_consent=True")
    assert decide(page(cloud, redirect_uri="http://127.0.0.1:8000/elsewhere/"), "accept").status_code == 400


def test_the_page_shows_who_asks_for_what_and_who_may_sign_in(cloud: SimulatorControl) -> None:
    shown = requests.get(page(cloud, state='"><script>'), timeout=10)
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert all(
        name in shown.text for name in ("Petra", "Lantern", "User.RevokeSessions.All", "Fresh", "Second", "Tiny")
    )
    assert "<script>" not in shown.text
    one = requests.get(page(cloud, f"{TENANT_ID}/v2.0"), timeout=10)
    assert ("Tiny" in one.text, "Fresh" in one.text) == (True, False)


def test_an_administrator_of_another_directory_cannot_answer_for_it(cloud: SimulatorControl) -> None:
    assert decide(page(cloud, f"{TENANT_ID}/v2.0"), "accept", FRESH_ID).status_code == 400
    assert token(cloud)["error_codes"] == [7000229]


def test_audit_logging_can_be_read(cloud: SimulatorControl) -> None:
    tiny = RawCloud(cloud.url)
    found = []
    for is_on in (True, False):
        cloud.configure(TENANT_ID, unifiedAuditLog=is_on)
        (config,) = tiny.cmdlet("Get-AdminAuditLogConfig").json()["value"]
        found.append(config["UnifiedAuditLogIngestionEnabled"])
    assert found == [True, False]
