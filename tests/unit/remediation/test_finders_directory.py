"""Applications, devices and sign-in methods, found in the simulated cloud over HTTP."""

from typing import Any

from graph.simulator.control import SimulatorControl
from remediation.actions.finders.app_usage import MICROSOFT_REFUSAL, OWN_REFUSAL, UNREAD_REFUSAL
from remediation.actions.finders.applications import find_applications
from remediation.actions.finders.auth_methods import find_auth_methods
from remediation.actions.finders.devices import find_devices
from remediation.actions.finding import FindScope, Found
from tests.factories import world
from tests.unit.remediation.finding import BEFORE, INSIDE, fault, look, scope, suspicious, titled

ALICE, TENANT = world.ALICE, world.TENANT_ID
MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"


def by_kind(simulator: SimulatorControl, where: FindScope) -> dict[str, Found]:
    return {found.kind: found for found in look(simulator, find_applications, where)}


def assignment(user_id: str, at: str, principal: str = world.EVIL_PRINCIPAL) -> dict[str, Any]:
    return {
        "id": f"assigned-{user_id[:4]}-{principal[-2:]}", "appRoleId": "00000000-0000-0000-0000-000000000000",
        "createdDateTime": at, "principalId": user_id, "principalType": "User", "resourceId": principal,
    }  # fmt: skip


def grant(client: str, **more: Any) -> dict[str, Any]:
    known = {"id": f"grant-{client[-2:]}", "clientId": client, "consentType": "Principal", "principalId": ALICE}
    return {**known, "resourceId": world.GRAPH_PRINCIPAL, "scope": " Mail.Read", **more}


def test_consent_during_the_attack(simulator: SimulatorControl) -> None:
    found = by_kind(simulator, scope())
    consent = titled(found["consent"], "eM Client")
    assert consent.is_suspicious
    assert consent.reasons[0] == "Consent was given on 2026-03-01 10:00 UTC, during the attack"
    assert consent.target == {
        "user_id": ALICE, "grant_id": "grant-alice", "client_id": world.EVIL_PRINCIPAL, "scope": " Mail.Read offline_access",
    }  # fmt: skip
    assert consent.before == {
        "exists": True, "clientId": world.EVIL_PRINCIPAL, "consentType": "Principal", "principalId": ALICE,
        "resourceId": world.GRAPH_PRINCIPAL, "scope": " Mail.Read offline_access",
    }  # fmt: skip
    assert consent.others_affected == 0


def test_what_everybody_may_use_concerns_everybody(simulator: SimulatorControl) -> None:
    principal = titled(by_kind(simulator, scope())["service_principal"], "eM Client")
    assert principal.target == {"service_principal_id": world.EVIL_PRINCIPAL}
    assert principal.others_affected == 5  # all of the tiny tenant but Alice
    assert dict(principal.facts)["Used by"] == "Everybody: an administrator consented for all (5 people)"


def test_how_many_others_use_it(simulator: SimulatorControl) -> None:
    simulator.uproot(TENANT, "oauth2PermissionGrants", "grant-all")
    simulator.plant(TENANT, "oauth2PermissionGrants", grant(world.EVIL_PRINCIPAL, id="bob", principalId=world.BOB))
    simulator.plant(TENANT, "appRoleAssignments", assignment(world.BOB, BEFORE))
    simulator.plant(TENANT, "appRoleAssignments", assignment(world.ADMIN, BEFORE))
    principal = titled(by_kind(simulator, scope())["service_principal"], "eM Client")
    assert principal.others_affected == 2  # Bob by consent and assignment, the admin by assignment
    assert dict(principal.facts)["Used by"] == "2 more people"


def test_where_usage_cannot_be_read_somebody_may_use_it(simulator: SimulatorControl) -> None:
    simulator.uproot(TENANT, "oauth2PermissionGrants", "grant-all")
    simulator.configure(TENANT, faults=[fault("appRoleAssignedTo")])
    simulator.plant(
        TENANT,
        "servicePrincipals",
        {
            "id": world.EVIL_PRINCIPAL,
            "appId": world.EVIL_APP_ID,
            "displayName": "eM Client",
            "accountEnabled": True,
            "_owners": [ALICE],
        },
    )
    found = by_kind(simulator, scope())["service_principal"]
    principal = titled(found, "eM Client")
    assert (principal.others_affected, dict(principal.facts)["Used by"]) == (1, "Not known")
    assert not found.is_checked


def test_what_is_never_touched(simulator: SimulatorControl) -> None:
    simulator.plant(TENANT, "servicePrincipals", {
        "id": world.GRAPH_PRINCIPAL, "appId": "14d82eec-204b-4c2f-b7e8-296a70dab67e", "displayName": "Microsoft Graph Command Line Tools",
        "appOwnerOrganizationId": MICROSOFT, "accountEnabled": True,
    })  # fmt: skip
    simulator.plant(TENANT, "oauth2PermissionGrants", grant(world.GRAPH_PRINCIPAL))
    simulator.plant(TENANT, "oauth2PermissionGrants", grant(world.PRINCIPAL_ID))
    simulator.plant(TENANT, "appRoleAssignments", assignment(ALICE, INSIDE, world.GRAPH_PRINCIPAL))
    found = by_kind(simulator, scope())
    tools, petra = titled(found["consent"], "Microsoft Graph Command Line Tools"), titled(found["consent"], "Petra")
    assert (tools.refusal, petra.refusal) == (MICROSOFT_REFUSAL, OWN_REFUSAL)
    assert not tools.is_suspicious
    assert tools.reasons == ("Consent was given on 2026-03-01 10:00 UTC, during the attack",)
    assert [each.title for each in found["service_principal"].candidates] == ["eM Client"]


def test_petra_is_known_by_its_id_where_nothing_else_can_be_read(simulator: SimulatorControl) -> None:
    petra = simulator.objects(TENANT, "applications")[0] | {
        "id": "own",
        "appId": world.CLIENT_ID,
        "displayName": "Petra",
    }
    simulator.plant(TENANT, "applications", petra)
    simulator.plant(TENANT, "oauth2PermissionGrants", grant(world.PRINCIPAL_ID))
    simulator.configure(TENANT, faults=[fault("servicePrincipals")])
    found = by_kind(simulator, scope())
    assert titled(found["application"], "Petra").refusal == OWN_REFUSAL
    assert titled(found["consent"], world.PRINCIPAL_ID).refusal == UNREAD_REFUSAL


def test_an_application_that_cannot_be_read_is_left_alone(simulator: SimulatorControl) -> None:
    simulator.configure(TENANT, faults=[fault("servicePrincipals")])
    found = by_kind(simulator, scope())
    (consent,) = found["consent"].candidates
    assert (consent.refusal, consent.is_suspicious) == (UNREAD_REFUSAL, False)
    assert not found["consent"].is_checked
    assert found["service_principal"].candidates == []
    assert titled(found["application"], "Backdoor").refusal == ""  # the registration itself was read


def test_a_registration_made_during_the_attack(simulator: SimulatorControl) -> None:
    app = simulator.objects(TENANT, "applications")[0] | {"createdDateTime": INSIDE}
    app["passwordCredentials"][0]["startDateTime"] = INSIDE
    simulator.plant(TENANT, "applications", app)
    principal = {
        "id": "cccccccc-0000-4000-8000-0000000000bd",
        "appId": app["appId"],
        "displayName": "Backdoor",
        "accountEnabled": True,
    }
    simulator.plant(TENANT, "servicePrincipals", principal)
    found = by_kind(simulator, scope())
    registration = titled(found["application"], "Backdoor")
    assert registration.is_suspicious
    assert registration.target == {"application_id": world.APPLICATION}
    assert registration.before == {"exists": True, "isDisabled": False}
    assert registration.reasons == (
        "Registered on 2026-03-01 10:00 UTC, during the attack",
        "A secret was added on 2026-03-01 10:00 UTC, during the attack",
    )
    assert titled(found["service_principal"], "Backdoor").is_suspicious


def test_an_old_registration_is_shown_and_left_alone(simulator: SimulatorControl) -> None:
    found = by_kind(simulator, scope())["application"]
    assert [each.title for each in found.candidates] == ["Backdoor"]
    assert suspicious(found) == []


def test_a_consent_to_what_is_gone(simulator: SimulatorControl) -> None:
    simulator.plant(TENANT, "oauth2PermissionGrants", grant("cccccccc-0000-4000-8000-0000000000ff"))
    found = by_kind(simulator, scope())["consent"]
    assert found.is_checked
    assert not titled(found, "An application that is gone (cccccccc-0000-4000-8000-0000000000ff)").is_suspicious


def test_without_the_permission_nothing_about_applications_is_clean(simulator: SimulatorControl) -> None:
    simulator.configure(TENANT, grantedPermissions=["User.Read.All"])
    found = by_kind(simulator, scope())
    assert not found["consent"].is_checked
    assert not found["service_principal"].is_checked
    assert "Microsoft refused" in found["consent"].note


def test_devices(simulator: SimulatorControl) -> None:
    laptop = {
        "id": "de000000-0000-4000-8000-000000000002",
        "displayName": "Laptop",
        "accountEnabled": True,
        "registrationDateTime": BEFORE,
        "_registeredOwners": [ALICE],
    }
    simulator.plant(TENANT, "devices", laptop)
    found = look(simulator, find_devices, scope())
    assert (found.rows, found.is_checked) == (2, True)  # each is registered and owned, and counted once
    assert suspicious(found) == ["DESKTOP-EVIL"]
    evil = titled(found, "DESKTOP-EVIL")
    assert evil.target == {"device_id": world.DEVICE}
    assert evil.before == {"exists": True, "accountEnabled": True}


def test_a_disabled_device_is_not_suspicious_any_more(simulator: SimulatorControl) -> None:
    device = simulator.objects(TENANT, "devices")[0] | {"accountEnabled": False}
    simulator.plant(TENANT, "devices", device)
    (candidate,) = look(simulator, find_devices, scope()).candidates
    assert not candidate.is_suspicious
    assert candidate.reasons[0] == "Disabled already"


def test_sign_in_methods(simulator: SimulatorControl) -> None:
    found = look(simulator, find_auth_methods, scope())
    assert [each.title for each in found.candidates] == ["Telephone: +31 612345678", "Microsoft Authenticator: Pixel"]
    assert suspicious(found) == ["Microsoft Authenticator: Pixel"]
    assert found.candidates[1].target == {
        "user_id": ALICE, "odata_type": "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod",
        "method_id": "6a7b0000-0000-4000-8000-000000000001",
    }  # fmt: skip


def test_a_telephone_from_a_new_country(simulator: SimulatorControl) -> None:
    phone = {
        "@odata.type": "#microsoft.graph.phoneAuthenticationMethod", "id": "b6332ec1-7057-4abe-9331-3d72feddfe41",
        "createdDateTime": INSIDE, "phoneNumber": "+1 2025550143", "phoneType": "alternateMobile",
    }  # fmt: skip
    simulator.plant(TENANT, "authenticationMethods", phone, owner=ALICE)
    new = titled(look(simulator, find_auth_methods, scope()), "Telephone: +1 2025550143")
    assert new.reasons[-1] == "A number with country code +1; the person's other numbers have +31"


def test_methods_that_could_not_be_read(simulator: SimulatorControl) -> None:
    simulator.configure(TENANT, faults=[fault("authentication/methods")])
    found = look(simulator, find_auth_methods, scope())
    assert (found.is_checked, found.candidates) == (False, [])
    assert found.note
