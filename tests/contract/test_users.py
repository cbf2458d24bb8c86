"""Users, as the documents say they behave."""

from __future__ import annotations

import re
from typing import Any

import pytest

from graph.simulator.control import SimulatorControl
from graph.simulator.users import SYNCED_MESSAGE, WEAK_MESSAGE
from tests.factories.world import ADMIN, ALICE, BOB, HELPDESK, SYNCED, TENANT_ID
from tests.fixtures.simulator import RawCloud

GOOD = "Correct-Horse-9-Battery"
DEFAULTS = {
    "@odata.context", "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone",
    "officeLocation", "preferredLanguage", "surname", "userPrincipalName",
}  # fmt: skip


def patch(cloud: RawCloud, user_id: str, body: dict[str, Any]) -> tuple[int, str]:
    """PATCH a user: status and error code."""
    answer = cloud.call("PATCH", f"/v1.0/users/{user_id}", body)
    return answer.status_code, answer.json()["error"]["code"] if answer.content else ""


def test_the_default_properties(raw_cloud: RawCloud) -> None:
    assert set(raw_cloud.get(f"/users/{ALICE}")) == DEFAULTS


def test_select_gives_exactly_what_was_asked(raw_cloud: RawCloud) -> None:
    answer = raw_cloud.get(f"/users/{ALICE}?$select=accountEnabled,onPremisesSyncEnabled")
    assert answer.pop("@odata.context").endswith("#users(accountEnabled,onPremisesSyncEnabled)/$entity")
    assert answer == {"accountEnabled": True, "onPremisesSyncEnabled": None}


def test_an_unknown_property_is_refused(raw_cloud: RawCloud) -> None:
    answer = raw_cloud.call("GET", f"/v1.0/users/{ALICE}?$select=nope")
    assert answer.status_code == 400
    assert "Could not find a property named 'nope'" in answer.json()["error"]["message"]


def test_by_user_principal_name_and_unknown(raw_cloud: RawCloud) -> None:
    assert raw_cloud.get("/users/ALICE@tiny.example")["id"] == ALICE
    answer = raw_cloud.call("GET", "/v1.0/users/nobody@tiny.example")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "Request_ResourceNotFound")
    inner = answer.json()["error"]["innerError"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", inner["date"])
    assert inner["request-id"] == answer.headers["request-id"]


def test_the_callers_request_id_comes_back(raw_cloud: RawCloud) -> None:
    answer = raw_cloud.call("GET", "/v1.0/users/nobody", client_request_id="mine")
    assert answer.headers["client-request-id"] == "mine"
    assert answer.json()["error"]["innerError"]["client-request-id"] == "mine"


def test_list_filter_pages_and_count(raw_cloud: RawCloud) -> None:
    first = raw_cloud.get("/users?$select=id&$top=4&$count=true", ConsistencyLevel="eventual")
    second = raw_cloud.call("GET", first["@odata.nextLink"].removeprefix(raw_cloud.url)).json()
    assert (first["@odata.count"], len(first["value"]), len(second["value"])) == (6, 4, 2)
    assert not {"@odata.count", "@odata.nextLink"} & set(second)
    found = raw_cloud.get("/users?$filter=startswith(userPrincipalName,'bo') and accountEnabled eq true&$select=id")
    assert found["value"] == [{"id": BOB}]


def test_disable_leaves_the_audit_that_entra_leaves(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    body = {"@odata.type": "#microsoft.graph.user", "accountEnabled": False}
    answer = raw_cloud.call("PATCH", f"/v1.0/users/{ALICE}", body)
    assert (answer.status_code, answer.content) == (204, b"")
    assert raw_cloud.get(f"/users/{ALICE}?$select=accountEnabled")["accountEnabled"] is False
    audits = simulator.objects(TENANT_ID, "directoryAudits")
    assert [each["activityDisplayName"] for each in audits] == ["Update user", "Disable account"]
    changed = audits[1]["targetResources"][0]["modifiedProperties"]
    assert changed == [{"displayName": "AccountEnabled", "oldValue": "[true]", "newValue": "[false]"}]
    assert audits[1]["initiatedBy"]["app"]["displayName"] == "Petra"


def test_revoke_moves_the_moment(raw_cloud: RawCloud) -> None:
    answer = raw_cloud.call("POST", f"/v1.0/users/{ALICE}/revokeSignInSessions")
    assert answer.status_code == 200
    assert answer.json() == {
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Edm.Boolean",
        "value": True,
    }
    moved = raw_cloud.get(f"/users/{ALICE}?$select=signInSessionsValidFromDateTime")
    assert moved["signInSessionsValidFromDateTime"] > "2026-03-02"
    assert raw_cloud.call("POST", f"/beta/users/{ALICE}/invalidateAllRefreshTokens").status_code == 200
    assert raw_cloud.call("POST", f"/v1.0/users/{ALICE}/invalidateAllRefreshTokens").status_code == 400


@pytest.mark.parametrize(
    ("granted", "body", "status"),
    [
        (["User.EnableDisableAccount.All", "User.Read.All"], {"accountEnabled": False}, 204),
        (["User.EnableDisableAccount.All"], {"accountEnabled": False}, 403),
        (["User.Read.All"], {"accountEnabled": False}, 403),
        (["User.ReadWrite.All"], {"accountEnabled": False}, 204),
        (["User-PasswordProfile.ReadWrite.All"], {"accountEnabled": False}, 403),
        (["User-PasswordProfile.ReadWrite.All"], {"passwordProfile": {"password": GOOD}}, 204),
        (["User.EnableDisableAccount.All", "User.Read.All"], {"passwordProfile": {"password": GOOD}}, 403),
        (["User.EnableDisableAccount.All", "User.Read.All"], {"displayName": "New"}, 403),
        (["User-Phone.ReadWrite.All"], {"mobilePhone": "+31 6"}, 204),
        (["User-Mail.ReadWrite.All"], {"otherMails": []}, 204),
    ],
)
def test_permission_is_per_property(
    simulator: SimulatorControl, raw_cloud: RawCloud, granted: list[str], body: dict[str, Any], status: int
) -> None:
    simulator.configure(TENANT_ID, grantedPermissions=granted)
    assert patch(raw_cloud, ALICE, body)[0] == status


def test_a_broad_permission_sets_passwords_only_with_a_role(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, grantedPermissions=["User.ReadWrite.All"], directoryRoles=[])
    assert patch(raw_cloud, ALICE, {"passwordProfile": {"password": GOOD}}) == (403, "Authorization_RequestDenied")
    simulator.configure(TENANT_ID, directoryRoles=["User Administrator"])
    assert patch(raw_cloud, ALICE, {"passwordProfile": {"password": GOOD}})[0] == 204


@pytest.mark.parametrize(
    ("roles", "target", "status"),
    [
        ([], ALICE, 204),
        ([], HELPDESK, 403),
        (["User Administrator"], HELPDESK, 204),
        (["User Administrator"], ADMIN, 403),
        (["Privileged Authentication Administrator"], ADMIN, 204),
        (["62e90394-69f5-4237-9190-012177145e10"], ADMIN, 204),
    ],
)
def test_privileged_users_need_a_role_that_outranks_them(
    simulator: SimulatorControl, raw_cloud: RawCloud, roles: list[str], target: str, status: int
) -> None:
    simulator.configure(TENANT_ID, directoryRoles=roles)
    assert patch(raw_cloud, target, {"accountEnabled": False})[0] == status
    revoke = raw_cloud.call("POST", f"/v1.0/users/{target}/revokeSignInSessions")
    assert revoke.status_code == (200 if status == 204 else 403)


def test_a_new_password_is_the_current_one(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    profile = {"password": GOOD, "forceChangePasswordNextSignIn": True}
    assert patch(raw_cloud, ALICE, {"passwordProfile": profile})[0] == 204
    assert simulator.password_matches(TENANT_ID, ALICE, GOOD)
    assert not simulator.password_matches(TENANT_ID, ALICE, GOOD + "x")
    assert not simulator.password_matches(TENANT_ID, BOB, GOOD)
    assert raw_cloud.get(f"/users/{ALICE}?$select=lastPasswordChangeDateTime")["lastPasswordChangeDateTime"] > "2026-03"
    kept = next(each for each in simulator.objects(TENANT_ID, "users") if each["id"] == ALICE)
    assert kept["passwordProfile"]["forceChangePasswordNextSignIn"] is True
    assert GOOD not in str(kept)
    assert GOOD not in str(simulator.requests())


@pytest.mark.parametrize("weak", ["short1!", "alllowercaseletters", "Alice-2026-Password"])
def test_a_weak_password_is_refused(simulator: SimulatorControl, raw_cloud: RawCloud, weak: str) -> None:
    answer = raw_cloud.call("PATCH", f"/v1.0/users/{ALICE}", {"passwordProfile": {"password": weak}})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["message"]) == (400, "Request_BadRequest", WEAK_MESSAGE)
    assert not simulator.password_matches(TENANT_ID, ALICE, weak)


def test_a_synced_account(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    answer = raw_cloud.call("PATCH", f"/v1.0/users/{SYNCED}", {"passwordProfile": {"password": GOOD}})
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, SYNCED_MESSAGE)
    assert patch(raw_cloud, SYNCED, {"accountEnabled": False})[0] == 204
    simulator.sync_cycle(TENANT_ID)
    assert raw_cloud.get(f"/users/{SYNCED}?$select=accountEnabled")["accountEnabled"] is True


def test_reset_by_method_is_not_for_applications(raw_cloud: RawCloud) -> None:
    path = f"/v1.0/users/{ALICE}/authentication/methods/28c10230-6103-485e-b985-444c60001490/resetPassword"
    assert raw_cloud.call("POST", path, {"newPassword": GOOD}).status_code == 403


def test_roles_held(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    typed = raw_cloud.get(f"/users/{ADMIN}/transitiveMemberOf")["value"]
    cast = raw_cloud.get(f"/users/{ADMIN}/transitiveMemberOf/microsoft.graph.directoryRole")["value"]
    assert [each.pop("@odata.type") for each in typed] == ["#microsoft.graph.directoryRole"]
    assert typed == cast
    assert cast[0]["displayName"] == "Global Administrator"
    own = simulator.tenant(TENANT_ID)["servicePrincipalId"]
    held = raw_cloud.get(f"/servicePrincipals/{own}/memberOf/microsoft.graph.directoryRole")["value"]
    assert [each["displayName"] for each in held] == ["Exchange Administrator", "User Administrator"]
    assigned = raw_cloud.get(f"/roleManagement/directory/roleAssignments?$filter=principalId eq '{ADMIN}'")["value"]
    assert [each["roleDefinitionId"] for each in assigned] == [cast[0]["roleTemplateId"]]


def test_wrong_paths_and_methods(raw_cloud: RawCloud) -> None:
    nowhere = raw_cloud.call("GET", f"/v1.0/users/{ALICE}/nonsense")
    assert (nowhere.status_code, nowhere.json()["error"]["code"]) == (400, "BadRequest")
    assert nowhere.json()["error"]["message"] == "Resource not found for the segment 'nonsense'."
    wrong = raw_cloud.call("PUT", f"/v1.0/users/{ALICE}")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "Request_BadRequest")


def test_a_text_is_no_boolean(raw_cloud: RawCloud) -> None:
    assert patch(raw_cloud, ALICE, {"accountEnabled": "false"}) == (400, "BadRequest")
    assert patch(raw_cloud, ALICE, {"passwordProfile": GOOD}) == (400, "Request_BadRequest")


def test_advanced_queries_want_an_eventual_consistency(raw_cloud: RawCloud) -> None:
    path = "/users?$select=id&$filter=displayName ne 'not me'"
    refused = raw_cloud.call("GET", f"/v1.0{path}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "Request_UnsupportedQuery")
    assert len(raw_cloud.get(f"{path}&$count=true", ConsistencyLevel="eventual")["value"]) == 6
    assert raw_cloud.call("GET", "/v1.0/users?$filter=displayName eq 'ne not'").status_code == 200
