"""Sign-ins, directory audits, the unified audit log, message traces, risk."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from graph.simulator.control import SimulatorControl
from tests.factories.world import ALICE, BOB, OTHER_TENANT_ID, TENANT_ID, sign_in
from tests.fixtures.simulator import RawCloud

QUERIES = "/v1.0/security/auditLog/queries"
WINDOW = {"filterStartDateTime": "2026-03-01T00:00:00Z", "filterEndDateTime": "2026-03-02T00:00:00Z"}


def test_v1_shows_its_own_properties_and_interactive_sign_ins(raw_cloud: RawCloud) -> None:
    text = quote(f"userId eq '{ALICE}' and createdDateTime ge 2026-03-01T00:00:00Z")
    found = raw_cloud.get(f"/auditLogs/signIns?$filter={text}")["value"]
    assert [each["createdDateTime"] for each in found] == ["2026-03-01T08:01:00Z"]
    assert not {"sessionId", "authenticationProtocol"} & set(found[0])


def test_beta_tells_more_and_finds_the_others(raw_cloud: RawCloud) -> None:
    text = quote("signInEventTypes/any(t: t eq 'nonInteractiveUser')")
    found = raw_cloud.call("GET", f"/beta/auditLogs/signIns?$filter={text}").json()["value"]
    assert [each["id"][-1] for each in found] == ["2"]
    assert found[0]["sessionId"] == "00000000-aaaa-4000-8000-000000000001"
    assert raw_cloud.call("GET", f"/v1.0/auditLogs/signIns?$filter={text}").status_code == 400


def test_pages_of_sign_ins(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    for number in range(4, 8):
        simulator.plant(TENANT_ID, "signIns", sign_in(number, userId=BOB))
    simulator.configure(TENANT_ID, throttling={"reports": 0})
    page = raw_cloud.get("/auditLogs/signIns?$top=4")
    found = page["value"]
    while "@odata.nextLink" in page:
        page = raw_cloud.call("GET", page["@odata.nextLink"].removeprefix(raw_cloud.url)).json()
        found += page["value"]
    assert [each["id"][-1] for each in found] == ["7", "6", "5", "4", "3", "1"]


def test_reports_are_throttled(raw_cloud: RawCloud) -> None:
    answers = [raw_cloud.call("GET", "/v1.0/auditLogs/signIns?$top=1") for _ in range(6)]
    assert [each.status_code for each in answers] == [200] * 5 + [429]
    assert 1 <= int(answers[5].headers["Retry-After"]) <= 10


def test_without_a_premium_licence(simulator: SimulatorControl) -> None:
    cloud = RawCloud(simulator.url, OTHER_TENANT_ID, "other-secret")
    simulator.configure(OTHER_TENANT_ID, grantedPermissions=["AuditLog.Read.All"])
    refused = cloud.call("GET", "/v1.0/auditLogs/signIns")
    assert (refused.status_code, refused.json()["error"]["code"]) == (
        403,
        "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
    )
    assert cloud.call("GET", "/v1.0/auditLogs/directoryAudits").status_code == 200


def test_directory_audits_are_filtered_newest_first(raw_cloud: RawCloud) -> None:
    for user in (ALICE, BOB):
        raw_cloud.call("PATCH", f"/v1.0/users/{user}", {"accountEnabled": False})
    text = quote(f"activityDisplayName eq 'Disable account' and targetResources/any(t: t/id eq '{BOB}')")
    found = raw_cloud.get(f"/auditLogs/directoryAudits?$filter={text}")["value"]
    assert [each["targetResources"][0]["id"] for each in found] == [BOB]
    newest = raw_cloud.get("/auditLogs/directoryAudits?$top=1")["value"][0]
    assert newest["targetResources"][0]["id"] == BOB


def records_of(cloud: RawCloud, **filters: Any) -> list[str]:
    """The operations that a finished query finds."""
    made = cloud.call("POST", QUERIES, {"displayName": "case", **WINDOW, **filters}).json()
    for _ in range(2):
        cloud.call("GET", f"{QUERIES}/{made['id']}")
    found = cloud.call("GET", f"{QUERIES}/{made['id']}/records").json()["value"]
    return [each["operation"] for each in found]


def test_a_query_takes_its_time_and_finds_nothing_before(raw_cloud: RawCloud) -> None:
    made = raw_cloud.call("POST", QUERIES, {"displayName": "case", **WINDOW})
    path = f"{QUERIES}/{made.json()['id']}"
    assert (made.status_code, made.json()["status"]) == (201, "notStarted")
    assert raw_cloud.call("GET", f"{path}/records").json()["value"] == []
    assert [raw_cloud.call("GET", path).json()["status"] for _ in range(2)] == ["running", "succeeded"]
    records = raw_cloud.call("GET", f"{path}/records").json()["value"]
    assert [each["operation"] for each in records] == ["MailItemsAccessed", "New-InboxRule"]
    assert records[1]["auditData"]["Workload"] == "Exchange"


def test_a_query_runs_at_least_so_long(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, auditQuerySeconds=3600)
    made = raw_cloud.call("POST", QUERIES, WINDOW).json()
    states = [raw_cloud.call("GET", f"{QUERIES}/{made['id']}").json()["status"] for _ in range(4)]
    assert states == ["running"] * 4


def test_filters_of_a_query(raw_cloud: RawCloud) -> None:
    assert records_of(raw_cloud, operationFilters=["new-inboxrule"]) == ["New-InboxRule"]
    assert records_of(raw_cloud, userPrincipalNameFilters=["bob@tiny.example"]) == []
    assert len(records_of(raw_cloud, userPrincipalNameFilters=["ALICE@tiny.example"])) == 2
    assert records_of(raw_cloud, keywordFilter="MAILITEMS") == ["MailItemsAccessed"]
    assert len(records_of(raw_cloud, serviceFilters=["Exchange"], ipAddressFilters=["203.0.113.7"])) == 2
    refused = raw_cloud.call("POST", QUERIES, {**WINDOW, "nonsense": 1})
    assert refused.status_code == 400


def test_a_narrow_permission_shows_its_own_service(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, grantedPermissions=["AuditLogsQuery-Entra.Read.All"])
    assert records_of(raw_cloud) == []
    simulator.configure(TENANT_ID, grantedPermissions=["AuditLogsQuery-Exchange.Read.All"])
    assert len(records_of(raw_cloud)) == 2


def test_message_traces(raw_cloud: RawCloud) -> None:
    path = "/admin/exchange/tracing/messageTraces"
    text = quote(
        "messageId eq '<phish+1=x@evil.example>' and receivedDateTime ge 2026-03-01T00:00:00Z"
        " and receivedDateTime le 2026-03-02T00:00:00Z"
    )
    row = raw_cloud.get(f"{path}?$filter={text}&$top=5000")["value"][0]
    assert (row["recipientAddress"], row["status"]) == ("alice@tiny.example", "delivered")
    details = raw_cloud.get(f"{path}/{row['id']}/getDetailsByRecipient(recipientAddress='alice@tiny.example')")
    assert [each["event"] for each in details["value"]] == ["Receive", "Deliver"]


def test_risk_is_decided_once_a_second_and_nobody_says_when(raw_cloud: RawCloud) -> None:
    path = "/v1.0/identityProtection/riskyUsers"
    answers = [raw_cloud.call("POST", f"{path}/confirmCompromised", {"userIds": [ALICE]}) for _ in range(2)]
    assert [each.status_code for each in answers] == [204, 429]
    assert "Retry-After" not in answers[1].headers


def test_a_confirmed_user_is_at_high_risk(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, throttling={"identityProtection": 0})
    path = "/v1.0/identityProtection/riskyUsers"
    assert raw_cloud.call("GET", f"{path}/{ALICE}").status_code == 404
    raw_cloud.call("POST", f"{path}/confirmCompromised", {"userIds": [ALICE]})
    risky = raw_cloud.call("GET", f"{path}/{ALICE}").json()
    assert (risky["riskLevel"], risky["riskState"]) == ("high", "confirmedCompromised")
