"""Consents, assignments, applications, service principals, devices, authentication methods."""

from __future__ import annotations

from typing import Any

import pytest

from graph.simulator.control import SimulatorControl
from tests.factories.world import (
    ADMIN,
    ALICE,
    APPLICATION,
    DEVICE,
    EVIL_APP_ID,
    EVIL_PRINCIPAL,
    GRAPH_PRINCIPAL,
    OWN_PRINCIPAL,
    PASSWORD_METHOD,
    TENANT_ID,
)
from tests.fixtures.simulator import RawCloud

METHODS = f"/users/{ALICE}/authentication"
PHONE = "3179e48a-750b-4051-897c-87b9720928f7"
APP_METHOD = "6a7b0000-0000-4000-8000-000000000001"


def ids(answer: Any) -> list[str]:
    """The ids of a collection."""
    return [each["id"] for each in answer["value"]]


def test_a_users_consents_are_the_personal_ones(raw_cloud: RawCloud) -> None:
    assert ids(raw_cloud.get(f"/users/{ALICE}/oauth2PermissionGrants")) == ["grant-alice"]
    found = raw_cloud.get(f"/oauth2PermissionGrants?$filter=clientId eq '{EVIL_PRINCIPAL}'")
    assert ids(found) == ["grant-alice", "grant-all"]


def test_a_consent_goes_and_comes_back_under_a_new_id(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    saved = raw_cloud.get("/oauth2PermissionGrants/grant-alice")
    path = "/v1.0/oauth2PermissionGrants"
    assert raw_cloud.call("DELETE", f"{path}/grant-alice").status_code == 204
    assert raw_cloud.call("DELETE", f"{path}/grant-alice").status_code == 404
    fields = ("clientId", "consentType", "principalId", "resourceId", "scope")
    made = raw_cloud.call("POST", path, {name: saved[name] for name in fields})
    assert made.status_code == 201
    assert made.json()["id"] != "grant-alice"
    assert made.json()["scope"] == " Mail.Read offline_access"
    assert raw_cloud.call("POST", path, {name: saved[name] for name in fields}).status_code == 409
    done = [each["activityDisplayName"] for each in simulator.objects(TENANT_ID, "directoryAudits")]
    assert done == ["Remove delegated permission grant", "Add delegated permission grant"]


def test_assignments_from_all_three_sides(raw_cloud: RawCloud) -> None:
    assert ids(raw_cloud.get(f"/users/{ALICE}/appRoleAssignments")) == ["assignment-alice"]
    assert ids(raw_cloud.get(f"/servicePrincipals/{EVIL_PRINCIPAL}/appRoleAssignedTo")) == ["assignment-alice"]
    assert ids(raw_cloud.get(f"/servicePrincipals/{EVIL_PRINCIPAL}/appRoleAssignments")) == ["assignment-evil"]
    for path in (
        f"/users/{ALICE}/appRoleAssignments/assignment-alice",
        f"/servicePrincipals/{GRAPH_PRINCIPAL}/appRoleAssignedTo/assignment-evil",
    ):
        assert raw_cloud.call("DELETE", f"/v1.0{path}").status_code == 204
        assert raw_cloud.call("DELETE", f"/v1.0{path}").status_code == 404


def test_a_service_principal_is_switched_off(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    found = raw_cloud.get(f"/servicePrincipals?$filter=appId eq '{EVIL_APP_ID}'")
    assert ids(found) == [EVIL_PRINCIPAL]
    assert raw_cloud.get(f"/servicePrincipals(appId='{EVIL_APP_ID}')")["id"] == EVIL_PRINCIPAL
    answer = raw_cloud.call("PATCH", f"/v1.0/servicePrincipals/{EVIL_PRINCIPAL}", {"accountEnabled": False})
    assert answer.status_code == 204
    assert raw_cloud.get(f"/servicePrincipals/{EVIL_PRINCIPAL}")["accountEnabled"] is False
    audit = simulator.objects(TENANT_ID, "directoryAudits")[-1]
    assert audit["activityDisplayName"] == "Update service principal"


def test_owned_by_reaches_only_what_is_owned(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, grantedPermissions=["Application.ReadWrite.OwnedBy"])
    body = {"accountEnabled": False}
    assert raw_cloud.call("PATCH", f"/v1.0/servicePrincipals/{EVIL_PRINCIPAL}", body).status_code == 403
    assert raw_cloud.call("PATCH", f"/v1.0/servicePrincipals/{OWN_PRINCIPAL}", body).status_code == 204


def test_an_application_is_deactivated_deleted_restored(raw_cloud: RawCloud) -> None:
    path = f"/v1.0/applications/{APPLICATION}"
    assert raw_cloud.call("PATCH", path, {"isDisabled": True}).status_code == 204
    assert raw_cloud.get(f"/applications/{APPLICATION}")["isDisabled"] is True
    key = {"keyId": "0e000000-0000-4000-8000-000000000001"}
    assert raw_cloud.call("POST", f"{path}/removePassword", key).status_code == 204
    assert raw_cloud.call("POST", f"{path}/removePassword", key).status_code == 400
    assert raw_cloud.call("DELETE", path).status_code == 204
    assert raw_cloud.call("GET", path).status_code == 404
    deleted = raw_cloud.get(f"/directory/deletedItems/{APPLICATION}")
    assert (deleted["@odata.type"], bool(deleted["deletedDateTime"])) == ("#microsoft.graph.application", True)
    restored = raw_cloud.call("POST", f"/v1.0/directory/deletedItems/{APPLICATION}/restore")
    assert (restored.status_code, restored.json()["id"]) == (200, APPLICATION)
    assert raw_cloud.get(f"/applications/{APPLICATION}")["isDisabled"] is True


def test_what_a_user_owns_and_made_is_typed(raw_cloud: RawCloud) -> None:
    owned = raw_cloud.get(f"/users/{ALICE}/ownedObjects")["value"]
    assert [(each["@odata.type"].rsplit(".")[-1], each["id"]) for each in owned] == [
        ("application", APPLICATION),
        ("servicePrincipal", EVIL_PRINCIPAL),
    ]
    assert ids(raw_cloud.get(f"/users/{ALICE}/createdObjects")) == [APPLICATION]
    owner = raw_cloud.get(f"/applications/{APPLICATION}/owners")["value"][0]
    assert (owner["@odata.type"], owner["id"]) == ("#microsoft.graph.user", ALICE)


def test_microsofts_trace_application_is_admitted(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, licences={"messageTrace": False})
    refused = raw_cloud.call("GET", "/v1.0/admin/exchange/tracing/messageTraces")
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "Unauthorized")
    assert "Provisioning may take several hours" in refused.json()["error"]["message"]
    body = {"appId": "8bd644d1-64a1-4d4b-ae52-2e0cbf64e373"}
    assert raw_cloud.call("POST", "/v1.0/servicePrincipals", body).status_code == 201
    assert raw_cloud.call("POST", "/v1.0/servicePrincipals", body).status_code == 409
    assert len(raw_cloud.get("/admin/exchange/tracing/messageTraces")["value"]) == 1


def test_devices(raw_cloud: RawCloud) -> None:
    found = raw_cloud.get(f"/users/{ALICE}/registeredDevices")["value"]
    assert [(each["@odata.type"], each["id"]) for each in found] == [("#microsoft.graph.device", DEVICE)]
    assert raw_cloud.call("PATCH", f"/v1.0/devices/{DEVICE}", {"accountEnabled": False}).status_code == 204
    by_device_id = raw_cloud.get(f"/devices(deviceId='{found[0]['deviceId']}')")
    assert (by_device_id["id"], by_device_id["accountEnabled"]) == (DEVICE, False)
    assert raw_cloud.call("GET", f"/v1.0/devices/{found[0]['deviceId']}").status_code == 404
    assert raw_cloud.call("DELETE", f"/v1.0/devices/{DEVICE}").status_code == 204
    assert raw_cloud.get(f"/users/{ALICE}/registeredDevices")["value"] == []


def test_methods_are_mixed_and_typed(raw_cloud: RawCloud) -> None:
    found = raw_cloud.get(f"{METHODS}/methods")["value"]
    kinds = [each["@odata.type"].removeprefix("#microsoft.graph.") for each in found]
    assert kinds == [
        "passwordAuthenticationMethod",
        "phoneAuthenticationMethod",
        "microsoftAuthenticatorAuthenticationMethod",
    ]
    assert found[2]["createdDateTime"] == "2026-03-01T10:05:00Z"
    assert raw_cloud.call("GET", f"/v1.0{METHODS}/methods?$select=id").status_code == 400
    assert ids(raw_cloud.get(f"{METHODS}/phoneMethods")) == [PHONE]


def test_the_default_method_goes_last(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    phone = f"/v1.0{METHODS}/phoneMethods/{PHONE}"
    refused = raw_cloud.call("DELETE", phone)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "badRequest")
    assert refused.json()["error"]["message"] == (
        f"The requested authentication method id of [{PHONE}] matches the user's current default authentication"
        " method, and cannot be deleted until the default authentication method is changed"
    )
    assert raw_cloud.call("DELETE", f"/v1.0{METHODS}/microsoftAuthenticatorMethods/{APP_METHOD}").status_code == 204
    assert raw_cloud.call("DELETE", phone).status_code == 204
    assert ids(raw_cloud.get(f"{METHODS}/methods")) == [PASSWORD_METHOD]
    done = [each["activityDisplayName"] for each in simulator.objects(TENANT_ID, "directoryAudits")]
    assert done == ["Admin deleted security info"] * 2


@pytest.mark.parametrize("path", [f"methods/{PHONE}", f"methods/{PASSWORD_METHOD}"])
def test_the_mixed_list_deletes_nothing(raw_cloud: RawCloud, path: str) -> None:
    assert raw_cloud.call("DELETE", f"/v1.0{METHODS}/{path}").status_code == 405


def test_a_method_of_another_type_is_not_found(raw_cloud: RawCloud) -> None:
    assert raw_cloud.call("DELETE", f"/v1.0{METHODS}/fido2Methods/{APP_METHOD}").status_code == 404


def test_methods_of_administrators(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    path = f"/v1.0/users/{ADMIN}/authentication/microsoftAuthenticatorMethods/{APP_METHOD}"
    refused = raw_cloud.call("DELETE", path)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "accessDenied")
    simulator.configure(TENANT_ID, directoryRoles=["Privileged Authentication Administrator"])
    assert raw_cloud.call("DELETE", path).status_code == 204


def test_organization_and_domains(raw_cloud: RawCloud) -> None:
    assert raw_cloud.get("/organization")["value"][0]["verifiedDomains"][0]["name"] == "tiny.example"
    kinds = {each["id"]: each["authenticationType"] for each in raw_cloud.get("/domains")["value"]}
    assert kinds == {"tiny.example": "Managed", "fed.example": "Federated"}
