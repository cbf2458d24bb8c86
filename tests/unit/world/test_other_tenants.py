from __future__ import annotations

from typing import Any

from graph.simulator.world import story
from tests.unit.world.reading import folder_of, messages, user


def test_small_tenants_have_eight_to_fifteen_people(tenants: dict[str, Any]) -> None:
    for each in (story.BLUEWATER, story.HARROW, story.NORTHGATE):
        people = [person for person in tenants[each.domain]["users"] if person["_kind"] == "person"]
        assert 8 <= len(people) <= 15


def test_each_has_its_own_obstacle(tenants: dict[str, Any]) -> None:
    connections = {
        each.key: (
            tenants[each.domain]["licences"]["premium"],
            tenants[each.domain]["exchangePermissions"],
            tenants[each.domain]["directoryRoles"],
        )
        for each in story.TENANTS
    }
    roles = ["User Administrator", "Exchange Administrator"]
    assert connections == {
        "acme": (True, ["Exchange.ManageAsApp"], [*roles, "Cloud Application Administrator"]),
        "bluewater": (False, ["Exchange.ManageAsApp"], roles),
        "harrow": (True, [], roles),
        "northgate": (True, ["Exchange.ManageAsApp"], roles),
    }


def test_what_petra_may_do(tenants: dict[str, Any]) -> None:
    for tenant in tenants.values():
        assert {"User.RevokeSessions.All", "User.EnableDisableAccount.All", "User.Read.All", "Mail.ReadWrite"} <= set(
            tenant["grantedPermissions"]
        )


def test_the_administrator_reads_german(tenants: dict[str, Any]) -> None:
    tenant = tenants[story.NORTHGATE.domain]
    victim = user(tenant, story.MAREIKE.victim)
    folders = {each["id"]: each["displayName"] for each in tenant["mailFolders"][victim["id"]]}
    (rule,) = tenant["messageRules"][victim["id"]]
    assert (rule["displayName"], folders[rule["actions"]["moveToFolder"]]) == ("..", "RSS-Feeds")
    lure = next(
        each
        for each in messages(tenant, story.MAREIKE.victim)
        if each["from"]["emailAddress"]["address"] == story.LURE.sender
    )
    assert folder_of(tenant, story.MAREIKE.victim, lure) == "Posteingang"


def test_one_directory_is_not_connected(world: dict[str, Any]) -> None:
    (larkspur,) = world["unconnected"]
    assert (larkspur["name"], larkspur["tenantId"]) == (story.LARKSPUR.name, story.LARKSPUR.tenant_id)
    held = [larkspur[name] for name in ("isConsented", "grantedPermissions", "exchangePermissions", "directoryRoles")]
    assert held == [False, [], [], []]
    (registration,) = world["registrations"]
    admitted = [each["appId"] for each in larkspur["servicePrincipals"]]
    assert (registration["clientId"] in admitted, registration["clientId"]) == (False, larkspur["clientId"])
