"""Revoking ends a session, and not at once the access token that was got with it (facts of users-revoke-access)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph.simulator.control import SimulatorControl, SimulatorUnavailable
from tests.factories.world import ALICE, SYNCED, TENANT_ID
from tests.fixtures.simulator import RawCloud

USER = f"/v1.0/users/{ALICE}"


def ago(**span: float) -> str:
    """An ISO time in the past."""
    return (datetime.now(UTC) - timedelta(**span)).isoformat().replace("+00:00", "Z")


def way_in(simulator: SimulatorControl, user: str = ALICE, *, began: str = "", issued: str = "") -> tuple[Any, Any]:
    """Whether the session renews its token, and whether the token works."""
    found = simulator.session(TENANT_ID, user, began=began or ago(hours=5), issued=issued or ago(minutes=10))
    assert found["works"] == (found["canRenew"] or found["tokenWorks"])
    return found["canRenew"], found["tokenWorks"]


def test_a_session_lives_and_its_token_an_hour(simulator: SimulatorControl) -> None:
    assert way_in(simulator) == (True, True)
    assert way_in(simulator, issued=ago(minutes=61)) == (True, False)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"{USER}/revokeSignInSessions", None),
        ("PATCH", USER, {"accountEnabled": False}),
        ("PATCH", USER, {"passwordProfile": {"password": "Correct-Horse-9"}}),
    ],
    ids=["revoke", "lock", "password"],
)
def test_the_token_outlives_the_session_as_long_as_is_set(
    simulator: SimulatorControl, raw_cloud: RawCloud, method: str, path: str, body: Any
) -> None:
    issued = ago(minutes=10)
    assert raw_cloud.call(method, path, body).status_code < 300
    assert way_in(simulator, issued=issued) == (False, True)  # no continuous evaluation: until it expires
    simulator.configure(TENANT_ID, revocationDelay=0)
    assert way_in(simulator, issued=issued) == (False, False)


def test_the_word_spreads_within_the_delay(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, revocationDelay=2)
    issued = ago(minutes=10)
    raw_cloud.call("POST", f"{USER}/revokeSignInSessions")
    assert way_in(simulator, issued=issued) == (False, True)
    deadline = time.monotonic() + 10
    while way_in(simulator, issued=issued)[1]:
        assert time.monotonic() < deadline
    assert way_in(simulator, issued=issued) == (False, False)


def test_enabling_gives_back_a_session_that_was_not_revoked(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, revocationDelay=0)
    path = f"/v1.0/users/{SYNCED}"
    raw_cloud.call("PATCH", path, {"accountEnabled": False})
    assert way_in(simulator, SYNCED) == (False, False)
    simulator.sync_cycle(TENANT_ID)
    assert way_in(simulator, SYNCED) == (True, True)
    raw_cloud.call("POST", f"{path}/revokeSignInSessions")
    assert way_in(simulator, SYNCED) == (False, False)


def test_a_later_session_is_another_one(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    raw_cloud.call("POST", f"{USER}/revokeSignInSessions")
    later = ago(seconds=-2)
    assert way_in(simulator, began=later, issued=later) == (True, True)


def test_wrong_times_and_nobody(simulator: SimulatorControl) -> None:
    for user, began in ((ALICE, "yesterday"), ("nobody", ago(hours=1))):
        with pytest.raises(SimulatorUnavailable):
            simulator.session(TENANT_ID, user, began=began)
