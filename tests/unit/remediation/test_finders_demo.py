"""The whole scan of both takeovers at Acme Corp: everything planted is found, and nothing of her own is blamed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph import AppCredentials, GraphClient, simulator_cloud
from graph.simulator.control import SimulatorControl
from graph.simulator.world import story
from remediation.actions.finders import FINDERS
from remediation.actions.finding import FINDING_KINDS, AttackerAct, Candidate, FindScope, Found, TaggedPhish
from remediation.actions.registry import ACTIONS
from remediation.enums import Step
from remediation.stages import advance

# What the attacker's log rows name, by the acts of the story.
ITEMS = {
    "rule": ".", "forwarding": f"ForwardingSmtpAddress smtp:{story.FORWARDING_TARGET}, DeliverToMailboxAndForward True",
    "full_access": f"User {story.ATTACKER_GUEST}, AccessRights FullAccess", "send_as": f"Trustee {story.ATTACKER_GUEST}",
    "consent": story.MAIL_APP, "consent_shared": story.SHARED_APP, "registration": story.PLANTED_REGISTRATION,
    "device": story.ATTACKER_DEVICE, "internal_phish": story.REMITTANCE.subject,
}  # fmt: skip


class Acme:
    """Acme Corp in the simulated cloud, as of now."""

    def __init__(self, control: SimulatorControl) -> None:
        control.reset()
        self.control = control
        self.now = datetime.now(UTC)
        (self.tenant,) = [each for each in control.tenants() if each["name"] == story.ACME.name]
        self.tenant_id = self.tenant["tenantId"]
        credentials = AppCredentials(self.tenant_id, self.tenant["clientId"], self.tenant["clientSecret"], None)
        self.client = GraphClient(credentials=credentials, cloud=simulator_cloud(control.url))

    def scope(self, incident: story.DemoIncident) -> FindScope:
        users = self.control.objects(self.tenant_id, "users")
        (victim,) = [each for each in users if each["userPrincipalName"] == incident.victim]
        return FindScope(
            user_id=victim["id"],
            user_principal_name=incident.victim,
            mailbox=victim["mail"],
            display_name=victim["displayName"],
            since=self.now - incident.first_access - timedelta(minutes=1),
            until=self.now,
            asked_at=self.now,
            domains=frozenset({story.ACME.domain, "acmecorp.onmicrosoft.example"}),
            attacker_addresses=frozenset({story.REPLAY_IP}),
            attacker_acts=tuple(
                AttackerAct(act.operation, ITEMS.get(act.key, ""), self.now - act.before_now, story.REPLAY_IP)
                for act in incident.acts
            ),
            phish=tuple(
                TaggedPhish(internet_message_id=one.internet_message_id, subject=one.subject, sender_address=one.sender)
                for one in incident.phish
            ),
            own_client_id=self.tenant["clientId"],
            microsoft_tenant_id=self.tenant_id,
            protected_accounts=frozenset(one.user_principal_name.casefold() for one in story.PROTECTED_ACCOUNTS),
        )

    def scan(self, incident: story.DemoIncident, step: Step) -> dict[str, Found]:
        scope = self.scope(incident)
        self.control.clear_requests()
        results: list[Any] = advance(self.client, [finder(scope) for each, finder in FINDERS if each == step])
        found: list[Found] = []
        for result in results:
            assert not isinstance(result, Exception), result
            found += result if isinstance(result, list) else [result]
        return {one.kind: one for one in found}


@pytest.fixture(scope="module")
def acme(simulator_url: str) -> Acme:
    """Nothing in this file changes it, so it is built once."""
    return Acme(SimulatorControl(simulator_url))


@pytest.fixture(scope="module")
def persistence(acme: Acme) -> dict[str, Found]:
    return acme.scan(story.RENEE, Step.PERSISTENCE)


def verdicts(found: Found) -> dict[str, str]:
    return {each.title: _verdict(each) for each in found.candidates}


def _verdict(candidate: Candidate) -> str:
    return "refused" if candidate.refusal else "suspicious" if candidate.is_suspicious else "legitimate"


EXPECTED = {
    "inbox_rule": {"Newsletters": "legitimate", "From CEO": "legitimate", ".": "suspicious", story.HIDDEN_RULE: "suspicious"},
    "forwarding": {f"Forwards to {story.FORWARDING_TARGET}": "suspicious"},
    "mailbox_permission": {
        "Oluwaseun Adeyemi: Open the mailbox (FullAccess)": "legitimate",
        "Oluwaseun Adeyemi: Send on behalf": "legitimate",
        "On-Premises Directory Synchronization Service Account: Open the mailbox (FullAccess)": "refused",
        "Viktor Lanz (Audit): Open the mailbox (FullAccess)": "suspicious",
        "Viktor Lanz (Audit): Send as this person (SendAs)": "suspicious",
    },
    "consent": {
        "MeetLoop Scheduler": "legitimate", "Acme Stock Portal": "legitimate", "Finance Reporting": "legitimate",
        "Petra Incident Response": "refused", "Microsoft Graph Command Line Tools": "refused",
        story.MAIL_APP: "suspicious", story.SHARED_APP: "suspicious",
    },
    "service_principal": {story.MAIL_APP: "suspicious", story.SHARED_APP: "suspicious", story.PLANTED_REGISTRATION: "suspicious"},
    "application": {"Finance Reporting": "legitimate", story.PLANTED_REGISTRATION: "suspicious"},
}  # fmt: skip


@pytest.mark.parametrize("kind", EXPECTED)
def test_what_renees_attacker_left_and_what_is_her_own(persistence: dict[str, Found], kind: str) -> None:
    assert verdicts(persistence[kind]) == EXPECTED[kind]
    assert persistence[kind].is_checked


def test_what_the_log_says_stands_among_the_reasons(persistence: dict[str, Found]) -> None:
    said = {
        (kind, each.title)
        for kind, found in persistence.items()
        for each in found.candidates
        if any(" by the attacker on " in reason for reason in each.reasons)
    }
    assert {kind for kind, _ in said} == {
        "inbox_rule", "forwarding", "mailbox_permission", "consent", "service_principal", "application", "device",
        "internal_phish",
    }  # fmt: skip
    assert ("inbox_rule", "Newsletters") not in said


def test_one_device_and_two_methods_are_the_attackers(persistence: dict[str, Found]) -> None:
    devices, methods = verdicts(persistence["device"]), verdicts(persistence["auth_method"])
    assert [title for title, verdict in devices.items() if verdict == "suspicious"] == [story.ATTACKER_DEVICE]
    assert len(devices) == 4
    assert sorted(title for title, verdict in methods.items() if verdict == "suspicious") == [
        "Microsoft Authenticator: SM-A155F", "Telephone: +1 2025550143",
    ]  # fmt: skip
    assert len(methods) == 4


def test_an_application_that_others_use_says_how_many(persistence: dict[str, Found]) -> None:
    others = {each.title: each.others_affected for each in persistence["service_principal"].candidates}
    assert others == {story.MAIL_APP: 0, story.SHARED_APP: 9, story.PLANTED_REGISTRATION: 0}


def test_every_copy_of_the_internal_phish(persistence: dict[str, Found]) -> None:
    facts = {
        each.target["mailbox"].partition("@")[0]: (dict(each.facts)["Folder"], each)
        for each in persistence["internal_phish"].candidates
    }
    assert facts.keys() == {*story.INTERNAL_RECIPIENTS, "renee.castellane", "scan2mail"}
    for name, folder in story.INTERNAL_RECIPIENTS.items():
        assert facts[name][1].is_suspicious is (folder != "deleteditems")
    assert facts["ana.lucia.ferreira"][0] == "To do"
    assert facts["charlotte.beaumont"][0] == "Finance questions"
    assert facts["scan2mail"][1].protected_address == story.SCANNER
    assert not facts["renee.castellane"][1].is_suspicious  # the attacker put it into Deleted Items


@pytest.mark.parametrize(("step", "kind"), [(Step.RETRACT, "phish_copy"), (Step.PERSISTENCE, "remaining_phish")])
def test_every_copy_of_the_phish_from_outside(acme: Acme, step: Step, kind: str) -> None:
    found = acme.scan(story.RENEE, step)[kind]
    lure = [each for each in found.candidates if each.title in (story.LURE.subject, story.LURE_SECOND.subject)]
    copies = {
        each.target["mailbox"].partition("@")[0]: (each.title, dict(each.facts)["Read"] == "Yes") for each in lure
    }
    assert copies == {name: (phish.subject, is_read) for name, (phish, _, is_read) in story.LURE_COPIES["acme"].items()}
    is_everything = {each.title for each in found.candidates} == {story.LURE.subject, story.LURE_SECOND.subject}
    assert is_everything is (kind == "remaining_phish")  # step 2 has the internal phish too


def test_the_password_spray(acme: Acme) -> None:
    found = acme.scan(story.TADHG, Step.PERSISTENCE)
    suspicious = {
        kind: sorted({each.title for each in one.candidates if each.is_suspicious}) for kind, one in found.items()
    }
    assert suspicious == {
        "inbox_rule": ["orders"], "forwarding": [], "mailbox_permission": [], "consent": [], "service_principal": [],
        "application": [], "device": [story.SPRAY_DEVICE], "auth_method": ["Telephone: +1 3125550178"],
        "internal_phish": [story.COMMISSION.subject], "remaining_phish": [],
    }  # fmt: skip
    assert sum(each.is_suspicious for each in found["internal_phish"].candidates) == 2


def test_a_whole_scan_takes_few_round_trips(acme: Acme) -> None:
    acme.scan(story.RENEE, Step.PERSISTENCE)
    log = acme.control.requests(acme.tenant_id)
    assert log["roundTrips"] <= 8  # three stages: 16 + 4, 80, 2 requests
    assert log["peakMailboxConcurrency"] <= 4


@pytest.mark.parametrize("step", [Step.RETRACT, Step.PERSISTENCE])
def test_every_candidate_fits_its_action(acme: Acme, step: Step) -> None:
    for kind, found in acme.scan(story.RENEE, step).items():
        assert kind in FINDING_KINDS
        keys = [(each.action_key, ACTIONS[each.action_key].target_key(each.target)) for each in found.candidates]
        assert len(keys) == len(set(keys))
        for each in found.candidates:
            assert each.kind == kind
            assert ACTIONS[each.action_key].lane(each.target)
            assert list(next(ACTIONS[each.action_key].apply(each.target, each.before)))  # the requests can be built


def test_what_a_finder_says_is_the_state_agrees_with_what_the_action_reads(
    acme: Acme, persistence: dict[str, Found]
) -> None:
    candidates = [each for found in persistence.values() for each in found.candidates]
    by_action: dict[str, list[Candidate]] = {}
    for each in candidates:
        by_action.setdefault(each.action_key, []).append(each)
    readings = advance(
        acme.client, [ACTIONS[key].read([each.target for each in group]) for key, group in by_action.items()]
    )
    for group, read in zip(by_action.values(), readings, strict=True):
        assert [each.before for each in group] == read
