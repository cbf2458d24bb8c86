"""Inbox rules over Graph and over Exchange."""

from __future__ import annotations

from graph.simulator.control import SimulatorControl
from tests.factories.world import ALICE, TENANT_ID
from tests.fixtures.simulator import RawCloud

RULES = f"/users/{ALICE}/mailFolders/inbox/messageRules"
HIDE, UNSEEN, FIXED = "AQAAAJ5dZp8=", "AQAAAJ5dZqA=", "AQAAAJ5dZqE="


def test_graph_does_not_show_hidden_rules(raw_cloud: RawCloud) -> None:
    assert [each["displayName"] for each in raw_cloud.get(RULES)["value"]] == ["Hide", "Fixed"]
    assert raw_cloud.call("GET", f"/v1.0{RULES}/{UNSEEN}").status_code == 404
    assert raw_cloud.call("PATCH", f"/v1.0{RULES}/{UNSEEN}", {"isEnabled": False}).status_code == 404


def test_exchange_shows_them_when_asked(raw_cloud: RawCloud) -> None:
    plain = raw_cloud.cmdlet("Get-InboxRule", Mailbox="alice@tiny.example").json()["value"]
    full = raw_cloud.cmdlet("Get-InboxRule", Mailbox="alice@tiny.example", IncludeHidden=True).json()["value"]
    assert [each["Name"] for each in plain] == ["Hide", "Fixed"]
    assert [each["Name"] for each in full] == ["Hide", "Unseen", "Fixed"]
    assert full[0]["MoveToFolder"] == "Deleted Items"
    assert full[0]["Identity"] == f"alice\\{full[0]['RuleIdentity']}"
    assert full[1]["DeleteMessage"] is True


def test_patch_answers_with_the_rule(raw_cloud: RawCloud) -> None:
    answer = raw_cloud.call("PATCH", f"/v1.0{RULES}/{HIDE}", {"isEnabled": False})
    assert (answer.status_code, answer.json()["isEnabled"], answer.json()["displayName"]) == (200, False, "Hide")
    assert raw_cloud.get(f"{RULES}/{HIDE}")["isEnabled"] is False


def test_a_read_only_rule(raw_cloud: RawCloud) -> None:
    answer = raw_cloud.call("PATCH", f"/v1.0{RULES}/{FIXED}", {"isEnabled": False})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "ErrorInvalidRequest")


def test_delete_and_make_again(raw_cloud: RawCloud) -> None:
    saved = raw_cloud.get(f"{RULES}/{HIDE}")
    assert raw_cloud.call("DELETE", f"/v1.0{RULES}/{HIDE}").status_code == 204
    assert raw_cloud.call("DELETE", f"/v1.0{RULES}/{HIDE}").status_code == 404
    body = {name: saved[name] for name in ("displayName", "sequence", "isEnabled", "conditions", "actions")}
    made = raw_cloud.call("POST", f"/v1.0{RULES}", body)
    assert made.status_code == 201
    assert made.json()["id"] != HIDE
    assert made.json()["conditions"] == {"subjectContains": ["invoice"]}


def test_exchange_switches_rules_by_identity(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    rules = raw_cloud.cmdlet("Get-InboxRule", Mailbox=ALICE, IncludeHidden=True).json()["value"]
    unseen = next(each for each in rules if each["Name"] == "Unseen")
    answer = raw_cloud.cmdlet(
        "Disable-InboxRule", Mailbox="alice@tiny.example", Identity=unseen["Identity"], Confirm=False, Force=True
    )
    assert (answer.status_code, answer.json()["value"]) == (200, [])
    state = {each["displayName"]: each["isEnabled"] for each in simulator.objects(TENANT_ID, "messageRules", ALICE)}
    assert state == {"Hide": True, "Unseen": False, "Fixed": True}
    raw_cloud.cmdlet("Enable-InboxRule", Identity=f"alice@tiny.example\\{unseen['RuleIdentity']}")
    raw_cloud.cmdlet("Remove-InboxRule", Mailbox=ALICE, Identity=str(rules[0]["RuleIdentity"]))
    state = {each["displayName"]: each["isEnabled"] for each in simulator.objects(TENANT_ID, "messageRules", ALICE)}
    assert state == {"Unseen": True, "Fixed": True}
    operations = [each["operation"] for each in simulator.objects(TENANT_ID, "auditRecords")[2:]]
    assert operations == ["Disable-InboxRule", "Enable-InboxRule", "Remove-InboxRule"]


def test_rules_that_only_outlook_runs_are_lost(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    rule = {"id": "client", "displayName": "Client", "sequence": 9, "isEnabled": True, "_clientSideOnly": True}
    simulator.plant(TENANT_ID, "messageRules", rule, owner=ALICE)
    raw_cloud.cmdlet("Disable-InboxRule", Mailbox=ALICE, Identity="Hide")
    assert "client" not in {each["id"] for each in simulator.objects(TENANT_ID, "messageRules", ALICE)}
