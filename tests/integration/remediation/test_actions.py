"""The same sentences for every action: does it · already so → skipped · passing fault → tried again · refused → failed
with code and request id · run twice → one effect · undo brings the state back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from graph.simulator.control import SimulatorControl
from remediation.actions.registry import ACTIONS
from remediation.enums import RunState, Step
from remediation.services import runs_undo
from tests.factories import world
from tests.fixtures.simulator import RawCloud
from tests.integration.remediation.desk import Desk

MAILBOX = "alice@tiny.example"
PIXEL = "6a7b0000-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class Case:
    key: str
    target: dict[str, Any]
    is_there: Callable[[RawCloud], bool]  # whether the attacker's thing still works
    writes: str  # pattern of the path, or the cmdlet, that acts
    name: str = ""
    before: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return self.name or self.key


def rows(raw: RawCloud, path: str) -> list[dict[str, Any]]:
    return list(raw.get(path)["value"])


def exchange(raw: RawCloud, cmdlet: str, **parameters: Any) -> list[dict[str, Any]]:
    answer = raw.cmdlet(cmdlet, **parameters)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["value"])


def rule_enabled(raw: RawCloud, name: str) -> bool:
    found = exchange(raw, "Get-InboxRule", Mailbox=MAILBOX, IncludeHidden=True)
    return next(rule["Enabled"] for rule in found if rule["Name"] == name)


def hidden_rule(raw: RawCloud) -> dict[str, Any]:
    found = exchange(raw, "Get-InboxRule", Mailbox=MAILBOX, IncludeHidden=True)
    rule = next(rule for rule in found if rule["Name"] == "Unseen")
    return {
        "user_id": world.ALICE,
        "mailbox": MAILBOX,
        "rule_id": str(rule["RuleIdentity"]),
        "identity": rule["Identity"],
        "is_hidden": True,
    }


def permission(right: str) -> dict[str, Any]:
    return {"user_id": world.ALICE, "mailbox": MAILBOX, "right": right, "trustee": "bob@tiny.example"}


GRANT = {
    "exists": True,
    "clientId": world.EVIL_PRINCIPAL,
    "consentType": "Principal",
    "principalId": world.ALICE,
    "resourceId": world.GRAPH_PRINCIPAL,
    "scope": " Mail.Read offline_access",
}

CASES = [
    Case(
        "lock_account",
        {"user_id": world.ALICE},
        lambda raw: raw.get(f"/users/{world.ALICE}?$select=accountEnabled")["accountEnabled"],
        r"^/users/[^/]+$",
    ),
    Case(
        "disable_inbox_rule",
        {"user_id": world.ALICE, "mailbox": MAILBOX, "rule_id": "AQAAAJ5dZp8=", "identity": "", "is_hidden": False},
        lambda raw: rule_enabled(raw, "Hide"),
        "messageRules/",
    ),
    Case(
        "clear_forwarding",
        {"user_id": world.ALICE, "mailbox": MAILBOX},
        lambda raw: (
            exchange(raw, "Get-Mailbox", Identity=MAILBOX)[0]["ForwardingSmtpAddress"] == "smtp:drop@evil.example"
        ),
        "Set-Mailbox",
    ),
    Case(
        "remove_mailbox_permission",
        permission("FullAccess"),
        lambda raw: any(
            r["User"] == "bob@tiny.example" for r in exchange(raw, "Get-MailboxPermission", Identity=MAILBOX)
        ),
        "Remove-MailboxPermission",
        name="remove_mailbox_permission full access",
    ),
    Case(
        "remove_mailbox_permission",
        permission("SendAs"),
        lambda raw: any(
            r["Trustee"] == "bob@tiny.example" for r in exchange(raw, "Get-RecipientPermission", Identity=MAILBOX)
        ),
        "Remove-RecipientPermission",
        name="remove_mailbox_permission send as",
    ),
    Case(
        "disable_application",
        {"application_id": world.APPLICATION},
        lambda raw: not rows(raw, f"/applications?$filter=id eq '{world.APPLICATION}'")[0].get("isDisabled"),
        r"^/applications/",
    ),
    Case(
        "disable_service_principal",
        {"service_principal_id": world.EVIL_PRINCIPAL},
        lambda raw: raw.get(f"/servicePrincipals/{world.EVIL_PRINCIPAL}")["accountEnabled"],
        r"^/servicePrincipals/",
    ),
    Case(
        "revoke_consent",
        {
            "user_id": world.ALICE,
            "grant_id": "grant-alice",
            "client_id": world.EVIL_PRINCIPAL,
            "scope": " Mail.Read offline_access",
        },
        lambda raw: len(rows(raw, f"/users/{world.ALICE}/oauth2PermissionGrants")) == 1,
        r"^/oauth2PermissionGrants",
        before=GRANT,
    ),
    Case(
        "disable_device",
        {"device_id": world.DEVICE},
        lambda raw: raw.get(f"/devices/{world.DEVICE}")["accountEnabled"],
        r"^/devices/",
    ),
    Case(
        "remove_auth_method",
        {
            "user_id": world.ALICE,
            "method_id": PIXEL,
            "odata_type": "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod",
        },
        lambda raw: any(m["id"] == PIXEL for m in rows(raw, f"/users/{world.ALICE}/authentication/methods")),
        "microsoftAuthenticatorMethods",
    ),
]
by_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)


def press(desk: Desk, case: Case) -> None:
    if case.key == "lock_account":
        desk.press(Step.CONTAIN)
        return
    finding = desk.find(case.key, case.target, before=case.before or {"exists": True})
    desk.press(Step.PERSISTENCE, finding_ids=[finding.pk])


def writes(simulator: SimulatorControl) -> int:
    """How many requests changed something, revocations apart."""
    seen = simulator.requests()["requests"]
    return sum(
        "revokeSignInSessions" not in request["path"] and request["method"] != "GET" and "Get-" not in str(request)
        for request in seen
    )


def fault(case: Case, answer: Any, **more: Any) -> list[dict[str, Any]]:
    if case.writes.startswith(("Set-", "Remove-")):
        return [{"match": {"cmdlet": case.writes}, "answer": answer, **more}]
    return [{"match": {"path": case.writes, "method": m}, "answer": answer, **more} for m in ("PATCH", "DELETE")]


@by_case
def test_does_it_and_verifies(case: Case, desk: Desk, raw_cloud: RawCloud):
    assert case.is_there(raw_cloud)
    press(desk, case)
    desk.work()
    run = desk.run(action_key=case.key)
    assert (run.state, run.message) == (RunState.SUCCEEDED, "")
    assert run.verified_at is not None
    assert run.request_id
    assert not case.is_there(raw_cloud)


@by_case
def test_run_twice_has_one_effect(case: Case, desk: Desk, simulator: SimulatorControl):
    press(desk, case)
    desk.work()
    count = writes(simulator)
    assert count == 1
    desk.work()
    assert writes(simulator) == count


@by_case
def test_already_so_is_skipped(case: Case, desk: Desk, simulator: SimulatorControl):
    if not ACTIONS[case.key].reads_first:
        return  # the strike does not look first; doing it again does no harm
    press(desk, case)
    desk.work()
    count = writes(simulator)
    run = desk.run(action_key=case.key)
    type(run).objects.filter(pk=run.pk).update(state=RunState.UNDONE)  # as if forgotten
    desk.press(Step.PERSISTENCE, finding_ids=[run.finding_id])
    desk.work()
    again = desk.runs(action_key=case.key)[-1]
    assert again.state == RunState.SKIPPED
    assert writes(simulator) == count


@by_case
def test_a_refusal_is_told_with_code_and_request_id(case: Case, desk: Desk, simulator: SimulatorControl):
    simulator.configure(world.TENANT_ID, faults=fault(case, 403))
    press(desk, case)
    desk.work()
    run = desk.run(action_key=case.key)
    assert run.state == RunState.FAILED
    assert run.code
    assert run.message
    assert run.request_id
    assert run.verified_at is None


@by_case
def test_an_unknown_outcome_is_tried_again_after_reading(case: Case, desk: Desk, simulator: SimulatorControl):
    simulator.configure(world.TENANT_ID, faults=fault(case, 503, times=1))
    press(desk, case)
    desk.work()
    assert desk.run(action_key=case.key).state == RunState.QUEUED
    desk.due_now()
    desk.work()
    run = desk.run(action_key=case.key)
    assert (run.state, run.tries) == (RunState.SUCCEEDED, 2)
    assert run.verified_at


@by_case
def test_undo_brings_it_back(case: Case, desk: Desk, raw_cloud: RawCloud):
    if not ACTIONS[case.key].can_undo:
        assert ACTIONS[case.key].undo_note, "what cannot be undone says so"
        return
    press(desk, case)
    desk.work()
    run = desk.run(action_key=case.key)
    assert runs_undo(incident=desk.incident, run_ids=[run.pk], by=desk.analyst) == 1
    desk.work()
    run.refresh_from_db()
    assert (run.state, run.code, run.message) == (RunState.UNDONE, "", "")
    assert run.verified_at
    assert case.is_there(raw_cloud)


def test_a_hidden_rule_is_switched_over_exchange(desk: Desk, raw_cloud: RawCloud):
    finding = desk.find("disable_inbox_rule", hidden_rule(raw_cloud))
    desk.press(Step.PERSISTENCE, finding_ids=[finding.pk])
    desk.work()
    assert desk.run().state == RunState.SUCCEEDED
    assert not rule_enabled(raw_cloud, "Unseen")
    runs_undo(incident=desk.incident, run_ids=[desk.run().pk], by=desk.analyst)
    desk.work()
    assert rule_enabled(raw_cloud, "Unseen")


def test_the_default_method_fails_in_plain_words_and_the_others_go_on(desk: Desk):
    phone = {
        "user_id": world.ALICE,
        "method_id": "3179e48a-750b-4051-897c-87b9720928f7",
        "odata_type": "#microsoft.graph.phoneAuthenticationMethod",
    }
    findings = [desk.find("remove_auth_method", phone), desk.find("remove_auth_method", CASES[-1].target)]
    desk.press(Step.PERSISTENCE, finding_ids=[finding.pk for finding in findings])
    desk.work()
    first, second = desk.runs()
    assert (first.state, second.state) == (RunState.FAILED, RunState.SUCCEEDED)
    assert "default sign-in method" in first.message


def test_findings_of_another_incident_or_refused_ones_do_nothing(desk: Desk, simulator: SimulatorControl):
    from remediation.policies import AddressNeeded, Refused

    refused = desk.find("disable_device", {"device_id": world.DEVICE}, refusal="Never.")
    protected = desk.find("disable_device", {"device_id": "x"}, protected_address="scan@tiny.example")
    simulator.clear_requests()
    with pytest.raises(Refused, match=r"Never\."):
        desk.press(Step.PERSISTENCE, finding_ids=[refused.pk])
    with pytest.raises(Refused, match="does not belong"):
        desk.press(Step.PERSISTENCE, finding_ids=[refused.pk + 1000])
    with pytest.raises(Refused, match="does not belong"):
        desk.press(Step.RETRACT, finding_ids=[refused.pk])
    with pytest.raises(AddressNeeded):
        desk.press(Step.PERSISTENCE, finding_ids=[protected.pk])
    assert desk.press(Step.PERSISTENCE, all_suspicious=True).order is None, "all means neither of them"
    assert desk.work() == 0
    assert simulator.requests()["requests"] == []
