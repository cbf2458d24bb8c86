"""The story as Petra's seeding reads it, against the world that the cloud serves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from graph.simulator.world import story
from tests.unit.world.reading import copies, moment, named, records, user

_INCIDENTS = {incident.key: incident for incident in story.INCIDENTS}
_DOMAINS = {tenant.key: tenant.domain for tenant in story.TENANTS}


def _tenant(tenants: dict[str, Any], incident: story.DemoIncident) -> dict[str, Any]:
    return tenants[_DOMAINS[incident.tenant]]


def test_tenants_are_served(tenants: dict[str, Any]) -> None:
    assert {each.domain: (each.name, each.tenant_id) for each in story.TENANTS} == {
        domain: (tenant["name"], tenant["tenantId"]) for domain, tenant in tenants.items()
    }
    assert [each.name for each in story.TENANTS if each.is_practice] == ["Acme Corp"]


def test_states() -> None:
    assert {key: each.state for key, each in _INCIDENTS.items()} == {
        "renee": "active", "tadhg": "unpublished", "mareike": "unpublished",
    }  # fmt: skip


@pytest.mark.parametrize("key", _INCIDENTS)
def test_times_are_in_order(key: str) -> None:
    incident = _INCIDENTS[key]
    acts = [act.before_now for act in incident.acts]
    assert acts == sorted(acts, reverse=True)
    mail = [each for each in (incident.phish_received, incident.phish_read) if each is not None]
    whole = [*mail, incident.first_access, acts[-1], incident.detected, timedelta()]
    assert whole == sorted(whole, reverse=True)
    assert acts[0] == incident.first_access


@pytest.mark.parametrize("key", _INCIDENTS)
def test_victims_exist_and_are_enabled(tenants: dict[str, Any], key: str) -> None:
    incident = _INCIDENTS[key]
    assert user(_tenant(tenants, incident), incident.victim)["accountEnabled"] is True


def test_kinds_of_account(tenants: dict[str, Any]) -> None:
    renee, tadhg, mareike = (user(_tenant(tenants, each), each.victim) for each in story.INCIDENTS)
    assert renee["onPremisesSyncEnabled"] is None
    assert (tadhg["onPremisesSyncEnabled"], tadhg["onPremisesSamAccountName"]) == (True, "tobriain")
    assert [role["displayName"] for role in mareike["_roles"]] == ["Global Administrator"]


@pytest.mark.parametrize("key", _INCIDENTS)
def test_first_access_is_a_sign_in_from_the_first_indicator(tenants: dict[str, Any], now: datetime, key: str) -> None:
    incident = _INCIDENTS[key]
    tenant = _tenant(tenants, incident)
    ips = {each.value for each in incident.indicators if each.kind == "ip"}
    victim = user(tenant, incident.victim)["id"]
    hostile = [each for each in tenant["signIns"] if each["userId"] == victim and each["ipAddress"] in ips]
    succeeded = [moment(each["createdDateTime"]) for each in hostile if each["status"]["errorCode"] == 0]
    assert min(succeeded) == now - incident.first_access


@pytest.mark.parametrize("key", _INCIDENTS)
def test_indicators_are_seen_in_the_logs_and_never_before(tenants: dict[str, Any], now: datetime, key: str) -> None:
    incident = _INCIDENTS[key]
    tenant = _tenant(tenants, incident)
    victim = user(tenant, incident.victim)["id"]
    own = [each for each in tenant["signIns"] if each["userId"] == victim]
    seen = {
        "ip": lambda row: row["ipAddress"],
        "network": lambda row: f"AS{row['autonomousSystemNumber']}",
        "country": lambda row: row["location"]["countryOrRegion"],
        "session": lambda row: row["sessionId"],
        "user_agent": lambda row: row["userAgent"],
    }
    for indicator in incident.indicators:
        if indicator.kind == "device":
            assert named(tenant, "devices", indicator.value)
        elif indicator.kind == "application":
            assert named(tenant, "servicePrincipals", indicator.value)
        else:
            rows = [moment(row["createdDateTime"]) for row in own if seen[indicator.kind](row) == indicator.value]
            assert rows
            assert min(rows) >= now - incident.first_access


@pytest.mark.parametrize("key", ["renee", "mareike"])
def test_one_session_is_used_from_two_networks(tenants: dict[str, Any], key: str) -> None:
    incident = _INCIDENTS[key]
    session = next(each.value for each in incident.indicators if each.kind == "session")
    rows = [each for each in _tenant(tenants, incident)["signIns"] if each["sessionId"] == session]
    assert len({each["autonomousSystemNumber"] for each in rows}) == 2
    assert len({each["location"]["countryOrRegion"] for each in rows}) == 2
    assert len({each["userAgent"] for each in rows}) == 2


@pytest.mark.parametrize("key", ["renee", "mareike"])
def test_the_phish_was_received_when_the_story_says_and_was_read(
    tenants: dict[str, Any], now: datetime, key: str
) -> None:
    incident = _INCIDENTS[key]
    assert incident.phish_received is not None
    copy = copies(_tenant(tenants, incident), incident.phish[0].internet_message_id)[incident.victim]
    assert moment(copy["receivedDateTime"]) == now - incident.phish_received
    assert copy["isRead"] is True


@pytest.mark.parametrize("phish", [each for incident in story.INCIDENTS for each in incident.phish])
def test_every_phish_is_served(tenants: dict[str, Any], phish: story.Phish) -> None:
    found = [copy for tenant in tenants.values() for copy in copies(tenant, phish.internet_message_id).values()]
    assert found
    assert {each["subject"] for each in found} == {phish.subject}
    assert {each["from"]["emailAddress"]["address"] for each in found} == {phish.sender}
    assert all(phish.link in each["body"]["content"] for each in found)


# Operations that the unified audit log knows by another name, or that stand in the directory log.
_ALSO = {
    "User registered security info": "Update user.",
    "SearchQueryInitiatedExchange": "SearchQueryInitiatedExchange",
}


@pytest.mark.parametrize(
    ("key", "act"), [(each.key, act) for each in story.INCIDENTS for act in each.acts], ids=lambda each: str(getattr(each, "key", each))
)  # fmt: skip
def test_every_act_is_in_the_unified_audit_log_at_its_minute(
    tenants: dict[str, Any], now: datetime, key: str, act: story.Act
) -> None:
    incident = _INCIDENTS[key]
    tenant = _tenant(tenants, incident)
    found = records(tenant, _ALSO.get(act.operation, act.operation), incident.victim)
    nearest = min(abs(moment(each["createdDateTime"]) - (now - act.before_now)) for each in found)
    assert nearest < timedelta(minutes=2)


def test_methods_stand_in_the_directory_log(tenants: dict[str, Any], now: datetime) -> None:
    for incident in story.INCIDENTS:
        tenant = _tenant(tenants, incident)
        registered = {
            moment(each["activityDateTime"])
            for each in tenant["directoryAudits"]
            if each["activityDisplayName"] == "User registered security info"
            and each["initiatedBy"]["user"]["userPrincipalName"] == incident.victim
        }
        acts = [act for act in incident.acts if act.operation == "User registered security info"]
        assert registered == {now - act.before_now for act in acts}


def test_protected_accounts_exist(tenants: dict[str, Any]) -> None:
    for account in story.PROTECTED_ACCOUNTS:
        found = user(tenants[_DOMAINS[account.tenant]], account.user_principal_name)
        roles = {role["displayName"] for role in found["_roles"]}
        assert (
            roles
            == {
                "break_glass": {"Global Administrator"},
                "service": set(),
                "directory_sync": {"Directory Synchronization Accounts"},
            }[account.kind]
        )


def test_the_same_phish_reached_every_tenant(tenants: dict[str, Any]) -> None:
    ids = {story.LURE.internet_message_id, story.LURE_SECOND.internet_message_id}
    counts = {
        tenant["name"]: sum(each["internetMessageId"] in ids for found in tenant["messages"].values() for each in found)
        for tenant in tenants.values()
    }
    assert counts == {"Acme Corp": 6, "Bluewater Dental": 2, "Harrow & Finch": 4, "Northgate Logistics": 3}
