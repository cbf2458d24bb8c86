"""May this be done now? Without a database."""

import pytest

from incidents.models import Account, Incident
from remediation import policies
from remediation.enums import Step
from remediation.models import Finding
from remediation.policies import AddressNeeded, OpenItem, Refused
from tenants.models import Member

ANALYST = Member(email="ravi@lantern.example")


def incident(**account: object) -> Incident:
    values = {"user_principal_name": "dana@acme.example", "roles": []} | account
    return Incident(account=Account(**values), state="active")


@pytest.mark.parametrize(("state", "words"), [("unpublished", "Publish Incident"), ("dismissed", "dismissed")])
def test_steps_wait_for_an_open_incident(state: str, words: str):
    with pytest.raises(Refused, match=words):
        policies.check_incident_open(Incident(state=state))


@pytest.mark.parametrize("state", ["active", "remediated"])
def test_steps_can_be_taken(state: str):
    policies.check_incident_open(Incident(state=state))


@pytest.mark.parametrize(
    ("roles", "is_privileged"),
    [
        ([], False),
        (["Directory Readers"], False),
        (["Global Administrator"], True),
        (["Directory Readers", "Helpdesk Administrator"], True),
    ],
)
def test_admin_roles_are_told(roles: list[str], is_privileged: bool):
    assert policies.is_privileged(Account(roles=roles)) is is_privileged


@pytest.mark.parametrize(
    "account",
    [
        {"user_principal_name": "Sync_DC01_1@acme.example"},
        {"roles": ["Directory Synchronization Accounts"]},
    ],
)
def test_the_sync_account_is_never_acted_on(account: dict[str, object]):
    one = incident(**account)
    with pytest.raises(Refused, match="directory-sync account"):
        policies.check_account(one, protected=frozenset(), by=ANALYST, typed=one.account.user_principal_name)


@pytest.mark.parametrize(
    ("account", "protected", "by"),
    [
        ({}, frozenset({"dana@acme.example"}), ANALYST),
        ({"roles": ["Global Administrator"]}, frozenset(), ANALYST),
        ({}, frozenset(), Member(email="DANA@acme.example")),
    ],
)
def test_the_address_has_to_be_typed(account: dict[str, object], protected: frozenset[str], by: Member):
    one = incident(**account)
    for typed in ("", "dana", "x@acme.example"):
        with pytest.raises(AddressNeeded) as raised:
            policies.check_account(one, protected=protected, by=by, typed=typed)
        assert raised.value.address == "dana@acme.example"
    policies.check_account(one, protected=protected, by=by, typed=" Dana@Acme.example ")


def test_an_ordinary_account_needs_no_question():
    policies.check_account(incident(), protected=frozenset(), by=ANALYST, typed="")


def test_a_refused_finding_outweighs_a_typed_address():
    findings = [Finding(title="Scanner", protected_address="s@acme.example"), Finding(title="Petra", refusal="Never.")]
    with pytest.raises(Refused, match=r"Petra: Never\."):
        policies.check_findings(findings, protected=(), typed="s@acme.example")
    policies.check_findings(findings[:1], protected=(), typed="S@acme.example")


def test_open_items_want_a_reason():
    items = [OpenItem(Step.PASSWORD, "the password was not reset")]
    with pytest.raises(Refused, match="the password was not reset"):
        policies.check_reason(items, "  ")
    policies.check_reason(items, "The person left the company.")
    policies.check_reason([], "")


def test_step_six_tells_everything_that_is_open():
    one = incident()
    one.steps_done = 0
    words = [item.words for item in policies.open_items(one, open_findings={2: 1, 3: 4}, before=Step.REMEDIATED)]
    assert words == [
        "sessions were not ended and the account was not locked",
        "1 phishing mail not dealt with",
        "4 persistence items not dealt with",
        "the password was not reset",
        "the account was not re-enabled",
    ]
    one.steps_done = 0b11001
    assert policies.open_items(one, open_findings={}, before=Step.REMEDIATED) == []


@pytest.mark.parametrize(
    ("changes", "is_meant"),
    [
        ({}, True),
        ({"is_suspicious": False}, False),
        ({"verdict": "legitimate"}, False),
        ({"is_suspicious": False, "verdict": "malicious"}, True),
        ({"refusal": "Never."}, False),
        ({"protected_address": "x"}, False),
        ({"others_affected": 9}, False),
        ({"gone_at": "2026-01-01"}, False),
    ],
)
def test_what_all_means(changes: dict[str, object], is_meant: bool):
    assert Finding(**({"is_suspicious": True} | changes)).is_meant_by_all is is_meant
