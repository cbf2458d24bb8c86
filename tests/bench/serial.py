"""The other way to do it: one call after the other, each waiting for the one before, with the reads that it needs."""

import time
from typing import Any

import requests

from tests.fixtures.simulator import RawCloud


class SerialCloud:
    """Counts and times plain calls. Tokens are got before the clock starts, as they are for Petra."""

    def __init__(self, raw: RawCloud) -> None:
        self._raw, self.round_trips, self._began = raw, 0, time.perf_counter()
        self._headers = raw.headers()
        self._session = requests.Session()
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        return round(time.perf_counter() - self._began, 3)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        self.round_trips += 1
        url = f"{self._raw.url}/v1.0{path}"
        answer = self._session.request(method, url, json=body, headers=self._headers, timeout=60)
        answer.raise_for_status()
        return answer.json() if answer.content else None


def lock_and_revoke(cloud: SerialCloud, user_id: str) -> None:
    """Disable needs to know whether the account is synchronized, so it reads first."""
    cloud.call("GET", f"/users/{user_id}?$select=id,accountEnabled,onPremisesSyncEnabled")
    cloud.call("PATCH", f"/users/{user_id}", {"accountEnabled": False})
    cloud.call("POST", f"/users/{user_id}/revokeSignInSessions")


def reset_password(cloud: SerialCloud, user_id: str, password: str) -> None:
    """So does a reset."""
    cloud.call("GET", f"/users/{user_id}?$select=id,onPremisesSyncEnabled")
    profile = {"password": password, "forceChangePasswordNextSignIn": True}
    cloud.call("PATCH", f"/users/{user_id}", {"passwordProfile": profile})


def remove_methods(cloud: SerialCloud, user_id: str, paths: list[str]) -> None:
    cloud.call("GET", f"/users/{user_id}/authentication/methods")
    for path in paths:
        cloud.call("DELETE", path)


def disable_rules(cloud: SerialCloud, user_id: str, rule_ids: list[str]) -> None:
    cloud.call("GET", f"/users/{user_id}/mailFolders/inbox/messageRules")
    for rule_id in rule_ids:
        cloud.call("PATCH", f"/users/{user_id}/mailFolders/inbox/messageRules/{rule_id}", {"isEnabled": False})
