"""The checklist, against the simulated cloud: each thing that is taken away shows as its item, and as no other."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph import AppCredentials, GraphClient, simulator_cloud
from graph.clouds import CLOUDS
from graph.permissions import REQUIRED_PERMISSIONS, REQUIRED_ROLES
from graph.simulator.control import SimulatorControl
from tenants.checklist import Item, Seen, checklist, credential_item, see
from tenants.enums import CheckState
from tests.factories.consent import GRAPH_PERMISSIONS, ROLES
from tests.factories.world import CLIENT_ID, CLIENT_SECRET, TENANT_ID

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WHOLE = {
    "grantedPermissions": GRAPH_PERMISSIONS,
    "exchangePermissions": ["Exchange.ManageAsApp"],
    "directoryRoles": ROLES,
}

# What cannot be looked at any more when something else is missing.
HIDDEN_BY = {
    "permission:AuditLog.Read.All": {"premium"},
    "permission:ExchangeMessageTrace.Read.All": {"message_trace"},
    "permission:Exchange.ManageAsApp": {"audit_log"},
    "role:Exchange Administrator": {"audit_log"},
}
INCLUDED = {"permission:User.Read.All", "permission:Mail.ReadBasic.All"}  # in others that are still granted
TAKEN: dict[str, dict[str, Any]] = {
    **{
        f"permission:{name}": {"grantedPermissions": [each for each in GRAPH_PERMISSIONS if each != name]}
        for name in GRAPH_PERMISSIONS
    },
    "permission:Exchange.ManageAsApp": {"exchangePermissions": []},
    **{f"role:{name}": {"directoryRoles": [each for each in ROLES if each != name]} for name in ROLES},
    "message_trace": {"licences": {"messageTrace": False}},
    "audit_log": {"unifiedAuditLog": False},
    "premium": {"licences": {"premium": False}},
}


def look(simulator: SimulatorControl, **changed: Any) -> list[Item]:
    simulator.configure(TENANT_ID, **(WHOLE | changed))
    cloud = simulator_cloud(simulator.url)
    client = GraphClient(credentials=AppCredentials(TENANT_ID, CLIENT_ID, CLIENT_SECRET), cloud=cloud)
    return checklist(see(client), cloud)


def keys(items: list[Item], state: CheckState) -> set[str]:
    return {item.key for item in items if item.state == state}


def test_where_nothing_is_missing_nothing_is_open(simulator: SimulatorControl):
    items = look(simulator)
    assert [item.key for item in items if item.is_open] == []
    assert {item.key for item in items} == {"token", *TAKEN}
    assert len(items) == 1 + len(REQUIRED_PERMISSIONS) + len(REQUIRED_ROLES) + 3


@pytest.mark.parametrize("key", TAKEN)
def test_what_is_taken_away_is_missing_and_nothing_else_is(simulator: SimulatorControl, key: str):
    items = look(simulator, **TAKEN[key])
    assert keys(items, CheckState.MISSING) == {key} - INCLUDED
    assert keys(items, CheckState.UNKNOWN) == HIDDEN_BY.get(key, set())


def test_each_item_says_what_does_not_work_and_what_to_do(simulator: SimulatorControl):
    items = look(simulator, grantedPermissions=["Directory.Read.All"], exchangePermissions=[], directoryRoles=[])
    wordless = [item.key for item in items if item.is_open and not (item.without.endswith(".") and item.fix)]
    assert wordless == []


@pytest.mark.parametrize(
    ("secret", "state", "words"),
    [
        (
            "wrong",
            CheckState.MISSING,
            "The client secret of Petra's application is wrong. Enter the current one for this",
        ),
        (CLIENT_SECRET, CheckState.MISSING, "The client secret of Petra's application has expired. Make a new one"),
    ],
)
def test_without_a_token_nothing_else_is_called_missing(simulator: SimulatorControl, secret, state, words):
    simulator.configure(TENANT_ID, secretExpired=secret == CLIENT_SECRET)
    cloud = simulator_cloud(simulator.url)
    client = GraphClient(credentials=AppCredentials(TENANT_ID, CLIENT_ID, secret), cloud=cloud)
    token, *others = checklist(see(client), cloud)
    assert (token.key, token.state, token.fix.startswith(words)) == ("token", state, True)
    assert token.note.startswith("AADSTS")
    assert {item.state for item in others} == {CheckState.UNKNOWN}


def test_a_cloud_that_does_not_answer_is_not_called_a_wrong_secret():
    cloud = simulator_cloud("http://127.0.0.1:9")
    client = GraphClient(
        credentials=AppCredentials(TENANT_ID, CLIENT_ID, "nobody-listens"), cloud=cloud, timeout=(0.2, 0.2)
    )
    assert {item.state for item in checklist(see(client), cloud)} == {CheckState.UNKNOWN}


def test_message_trace_is_not_offered_everywhere():
    items = {item.key: item for item in checklist(Seen(answers={}), CLOUDS["china"])}
    assert items["message_trace"].state == CheckState.UNKNOWN
    assert items["message_trace"].note == (
        "Microsoft does not offer message trace over Graph in China (operated by 21Vianet)."
    )


def test_items_are_stored_and_read(simulator: SimulatorControl):
    items = look(simulator, unifiedAuditLog=False)
    assert [Item.from_row(item.as_row()) for item in items] == items


@pytest.mark.parametrize(
    ("ends", "state", "note"),
    [
        (timedelta(days=31), CheckState.OK, "Until 01 April 2026, 31 days left."),
        (timedelta(days=30), CheckState.EXPIRING, "Until 31 March 2026, 30 days left."),
        (timedelta(days=1), CheckState.EXPIRING, "Until 02 March 2026, 1 day left."),
        (timedelta(hours=5), CheckState.EXPIRING, "Until 01 March 2026, less than a day is left."),
        (timedelta(), CheckState.MISSING, "It ended on 01 March 2026."),
        (
            None,
            CheckState.UNKNOWN,
            "When it ends is not known here. Where the day is entered with it, Petra warns in time.",
        ),
    ],
)
def test_a_secret_that_ends_is_told_from_thirty_days_before(ends, state, note):
    item = credential_item(NOON + ends if ends is not None else None, is_certificate=False, is_shared=False, now=NOON)
    assert (item.title, item.state, item.note) == ("Client secret", state, note)
