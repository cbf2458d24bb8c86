"""The demo world, seen through the simulated cloud, is judged by Microsoft's metadata too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from graph.simulator.control import SimulatorControl
from graph.simulator.world import build_world
from tests.contract.judge import answer_problems, properties_of
from tests.contract.operations import ANSWERS
from tests.fixtures.simulator import RawCloud

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COLLECTIONS = [
    "/users?$top=999&$select={user}",
    "/servicePrincipals",
    "/applications",
    "/devices",
    "/oauth2PermissionGrants",
    "/auditLogs/signIns",
    "/auditLogs/directoryAudits",
    "/admin/exchange/tracing/messageTraces",
    "/identityProtection/riskDetections",
    "/organization",
]
OF_A_USER = [
    "/messages?$top=1000",
    "/mailFolders?$top=100",
    "/mailFolders/inbox/messageRules",
    "/authentication/methods",
    "/appRoleAssignments",
    "/registeredDevices",
    "/ownedObjects",
]


@pytest.fixture(scope="module")
def world() -> dict[str, Any]:
    """The demo world at a fixed moment."""
    return build_world(NOW)


def test_everything_it_shows_is_in_the_metadata(simulator: SimulatorControl, world: dict[str, Any]) -> None:
    simulator.load_world(world)
    found: list[str] = []
    for tenant in world["tenants"]:
        cloud = RawCloud(simulator.url, tenant["tenantId"], tenant["clientSecret"], tenant["clientId"])
        simulator.configure(tenant["tenantId"], throttling={"reports": 0, "identityProtection": 0}, traceDays=0)
        paths = [path.format(user=",".join(properties_of("user"))) for path in COLLECTIONS]
        mailboxes = [user for user in tenant["users"] if user.get("_hasMailbox")]
        paths += [f"/users/{user['id']}{path}" for user in mailboxes for path in OF_A_USER]
        for start in range(0, len(paths), 20):
            found += problems_at(cloud, paths[start : start + 20])
    assert found == []


def problems_at(cloud: RawCloud, paths: list[str]) -> list[str]:
    """What is wrong with the answers; tenants without a licence or a permission may refuse."""
    answers = cloud.answers(*({"method": "GET", "url": path} for path in paths))
    found = []
    for number, path in enumerate(paths, 1):
        status, body = answers[str(number)]["status"], answers[str(number)]["body"]
        if status not in (200, 401, 403):
            found.append(f"{path}: {body}")
        elif status == 200:
            found += [f"{path}: {each}" for each in answer_problems(body, ANSWERS[f"GET {template_of(path)}"][1])]
    return found


def template_of(path: str) -> str:
    """The path as the judge knows it."""
    template = path.partition("?")[0]
    return "/users/{id}/" + template.split("/", 3)[3] if template.startswith("/users/") else template
