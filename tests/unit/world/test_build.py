from __future__ import annotations

import ipaddress
import json
import re
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from graph.simulator.world import build_world

_RESERVED = [
    ipaddress.ip_network(each) for each in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]


def test_the_same_moment_gives_the_same_world(world: dict[str, Any], now: datetime) -> None:
    assert build_world(now) == world


def test_it_survives_json(world: dict[str, Any]) -> None:
    assert json.loads(json.dumps(world)) == world


def test_a_naive_or_foreign_time_means_the_same_moment(world: dict[str, Any], now: datetime) -> None:
    assert build_world(now.replace(tzinfo=None)) == world
    assert build_world(now.astimezone(timezone(timedelta(hours=9)))) == world


def test_it_is_built_in_under_two_seconds(now: datetime) -> None:
    # The fastest of three: the machine may be busy with something else.
    times = []
    for _ in range(3):
        begun = time.process_time()
        build_world(now)
        times.append(time.process_time() - begun)
    assert min(times) < 2


@pytest.mark.parametrize("hours", [11, 71, 24 * 5 + 3])
def test_nothing_happens_after_now(now: datetime, hours: int) -> None:
    then = now + timedelta(hours=hours)
    limit = then.strftime("%Y-%m-%dT%H:%M:%SZ")
    times = {
        "messages": "receivedDateTime", "signIns": "createdDateTime", "directoryAudits": "activityDateTime",
        "auditRecords": "createdDateTime", "messageTraces": "receivedDateTime", "devices": "registrationDateTime",
    }  # fmt: skip
    late = []
    for tenant in build_world(then)["tenants"]:
        for collection, name in times.items():
            found = tenant[collection]
            rows = [row for rows in found.values() for row in rows] if isinstance(found, dict) else found
            late += [(collection, row[name]) for row in rows if row[name] > limit]
    assert late == []


def test_ids_outlive_a_reset(world: dict[str, Any], now: datetime) -> None:
    later = build_world(now + timedelta(days=2))
    for before, after in zip(world["tenants"], later["tenants"], strict=True):
        assert (before["tenantId"], before["clientId"], before["clientSecret"]) == (
            after["tenantId"], after["clientId"], after["clientSecret"],
        )  # fmt: skip
        assert [each["id"] for each in before["users"]] == [each["id"] for each in after["users"]]


@pytest.mark.parametrize(
    "collection", ["users", "servicePrincipals", "applications", "oauth2PermissionGrants", "appRoleAssignments", "devices",
                   "signIns", "directoryAudits", "auditRecords"],
)  # fmt: skip
def test_ids_are_unique(world: dict[str, Any], collection: str) -> None:
    for tenant in world["tenants"]:
        ids = [each["id"] for each in tenant[collection]]
        assert len(set(ids)) == len(ids)


def test_message_ids_are_unique_within_a_mailbox(world: dict[str, Any]) -> None:
    for tenant in world["tenants"]:
        for found in tenant["messages"].values():
            for name in ("id", "_immutableId"):
                assert len({each[name] for each in found}) == len(found)


def test_every_message_lies_in_a_folder_of_its_mailbox(world: dict[str, Any]) -> None:
    for tenant in world["tenants"]:
        for owner, found in tenant["messages"].items():
            folders = {each["id"] for each in tenant["mailFolders"][owner]}
            assert {each["parentFolderId"] for each in found} <= folders


def test_every_reference_leads_somewhere(world: dict[str, Any]) -> None:
    for tenant in world["tenants"]:
        users = {each["id"] for each in tenant["users"]}
        principals = {each["id"] for each in tenant["servicePrincipals"]}
        for owned in ("mailFolders", "messages", "messageRules", "mailboxes", "authenticationMethods"):
            assert tenant[owned].keys() <= users
        assert tenant["servicePrincipalId"] in principals
        assert {each["principalId"] for each in tenant["oauth2PermissionGrants"]} <= users
        assert {each["clientId"] for each in tenant["oauth2PermissionGrants"]} <= principals
        assert {each["resourceId"] for each in tenant["oauth2PermissionGrants"]} <= principals
        assert {owner for each in tenant["devices"] for owner in each["_registeredOwners"]} <= users
        assert {each["userId"] for each in tenant["signIns"]} <= users
        assert {each["_managerId"] for each in tenant["users"]} - {None} <= users


def test_only_reserved_names_and_addresses_are_used(world: dict[str, Any]) -> None:
    text = json.dumps([world["tenants"], world["unconnected"]], ensure_ascii=False)
    domains = set(re.findall(r"[\w.+#-]+@([\w-]+(?:\.[\w-]+)+)", text)) | set(re.findall(r"https?://([\w.-]+)", text))
    assert {each for each in domains if not each.endswith(".example")} == set()
    seen = {
        row[name]
        for tenant in world["tenants"]
        for collection, name in (("signIns", "ipAddress"), ("messageTraces", "fromIP"))
        for row in tenant[collection]
        if row[name]
    }
    seen |= {each["clientIp"] for tenant in world["tenants"] for each in tenant["auditRecords"]}
    assert {each for each in seen if not any(ipaddress.ip_address(each) in network for network in _RESERVED)} == set()
