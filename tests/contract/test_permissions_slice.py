"""Each operation is refused without a permission and allowed with the least one that Microsoft lists for it."""

from __future__ import annotations

from typing import Any

import pytest

from graph.simulator.control import SimulatorControl
from graph.simulator.permissions import ALLOWED
from graph.simulator.routes import ROUTES
from tests.contract.cut_metadata import NOT_SERVED
from tests.contract.metadata import metadata
from tests.contract.operations import ANSWERS, called, made_before, prepare
from tests.factories.world import TENANT_ID
from tests.fixtures.simulator import RawCloud

OPERATIONS: dict[str, Any] = metadata("permissions_slice.json")["operations"]
SERVED = {route.operation for route in ROUTES}
JUDGED = sorted(SERVED & set(OPERATIONS))
ROLE = "microsoft.graph.directoryRole"

# Operations that the slice lacks: their least permission in the whole of Microsoft's permissions.json, or, marked, on
# the reference page (learn.microsoft.com/graph/api/…) where that file leaves them out.
DOCUMENTED = {
    "GET /admin/exchange/tracing/messageTraces/{id}/getDetailsByRecipient(recipientAddress={id})": (
        "ExchangeMessageTrace.Read.All"
    ),
    "GET /applications/{id}": "Application.Read.All",
    "GET /devices": "Device.Read.All",
    "GET /devices/{id}/registeredOwners": "Device.Read.All",
    "GET /directory/deletedItems/{id}": "Application.Read.All",  # directory-deleteditems-get
    "GET /oauth2PermissionGrants/{id}": "Directory.Read.All",
    "PATCH /oauth2PermissionGrants/{id}": "DelegatedPermissionGrant.ReadWrite.All",
    "POST /oauth2PermissionGrants": "DelegatedPermissionGrant.ReadWrite.All",
    "POST /servicePrincipals": "Application.ReadWrite.OwnedBy",
    "GET /servicePrincipals/{id}/appRoleAssignedTo": "Application.Read.All",
    "GET /servicePrincipals/{id}/appRoleAssignments": "Application.Read.All",
    "GET /servicePrincipals/{id}/memberOf": "Application.Read.All",
    f"GET /servicePrincipals/{{id}}/memberOf/{ROLE}": "Application.Read.All",  # serviceprincipal-list-memberof
    "GET /servicePrincipals/{id}/transitiveMemberOf": "Application.Read.All",
    f"GET /servicePrincipals/{{id}}/transitiveMemberOf/{ROLE}": "Application.Read.All",  # …-list-transitivememberof
    "GET /servicePrincipals/{id}/oauth2PermissionGrants": "Directory.Read.All",
    "GET /users/{id}/authentication/emailMethods": "UserAuthMethod-Email.Read.All",
    "GET /users/{id}/authentication/fido2Methods": "UserAuthMethod-Passkey.Read.All",
    "GET /users/{id}/authentication/methods/{id}": "UserAuthenticationMethod.Read.All",
    "GET /users/{id}/authentication/microsoftAuthenticatorMethods": "UserAuthMethod-MicrosoftAuthApp.Read.All",
    "GET /users/{id}/authentication/platformCredentialMethods": "UserAuthMethod-PlatformCred.Read.All",
    "GET /users/{id}/authentication/softwareOathMethods": "UserAuthMethod-SoftwareOATH.Read.All",
    "GET /users/{id}/authentication/temporaryAccessPassMethods": "UserAuthMethod-TAP.Read.All",
    "GET /users/{id}/authentication/windowsHelloForBusinessMethods": "UserAuthMethod-WindowsHello.Read.All",
    "GET /users/{id}/messages/{id}/attachments": "Mail.Read",
    "GET /users/{id}/messages/{id}/attachments/{id}": "Mail.Read",
    "GET /users/{id}/mailFolders/inbox/messageRules/{id}": "MailboxSettings.Read",
    "GET /users/{id}/mailFolders/{id}/childFolders": "Mail.ReadBasic.All",
    "GET /users/{id}/mailFolders/{id}/messages": "Mail.ReadBasic.All",
    "GET /users/{id}/mailFolders/{id}/messages/{id}": "Mail.Read",
    "POST /users/{id}/mailFolders/{id}/messages/{id}/move": "Mail.ReadWrite",
    f"GET /users/{{id}}/memberOf/{ROLE}": "Directory.Read.All",  # user-list-memberof
    f"GET /users/{{id}}/transitiveMemberOf/{ROLE}": "Directory.Read.All",  # user-list-transitivememberof
    "POST /users/{id}/invalidateAllRefreshTokens": "User.RevokeSessions.All",
    "POST /identityProtection/riskyUsers/confirmSafe": "IdentityRiskyUser.ReadWrite.All",
}


def least_of(operation: str) -> list[str]:
    """The permissions marked as least, or any listed one where none is marked."""
    if operation not in OPERATIONS:
        return [DOCUMENTED[operation]]
    listed = [each for each in OPERATIONS[operation]["application"] if not each["name"].startswith("Agent")]
    return [each["name"] for each in listed if each["least"]] or [each["name"] for each in listed]


def test_every_operation_is_served_or_known_not_to_be() -> None:
    assert set(OPERATIONS) - SERVED == NOT_SERVED


def test_every_served_operation_asks_for_a_permission() -> None:
    assert SERVED - set(ALLOWED) == set()
    assert set(ALLOWED) - SERVED == set()


@pytest.mark.parametrize("operation", JUDGED)
def test_only_listed_permissions_allow(operation: str) -> None:
    listed = {each["name"] for each in OPERATIONS[operation]["application"]}
    documented = {"Mail.ReadWrite", "MailboxSettings.ReadWrite", "Directory.ReadWrite.All"}  # see permissions.py
    documented |= {"IdentityRiskyUser.ReadWrite.All", "IdentityRiskEvent.ReadWrite.All", "Application.ReadWrite.All"}
    if operation == "GET /users/{id}/authentication/fido2Methods":  # fido2authenticationmethod-list
        documented |= {"UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"}
        documented |= {"UserAuthMethod-Passkey.ReadWrite.All"}
    if operation == "POST /users/{id}/invalidateAllRefreshTokens":  # user-invalidateallrefreshtokens, beta
        documented |= {"User.ReadWrite.All"}
    assert ALLOWED[operation] - listed <= documented
    assert {each for each in listed - ALLOWED[operation] if not each.startswith("Agent")} == set()


@pytest.mark.parametrize("operation", sorted(SERVED))
def test_denied_without_and_allowed_with_the_least(
    simulator: SimulatorControl, raw_cloud: RawCloud, operation: str
) -> None:
    prepare(simulator, raw_cloud)
    made = made_before(raw_cloud, operation)
    simulator.configure(TENANT_ID, grantedPermissions=["Nothing.Read.All"])
    assert called(raw_cloud, operation, made).status_code == 403
    least = least_of(operation)
    if not least:  # no application permission exists
        assert operation == "POST /users/{id}/authentication/methods/{id}/resetPassword"
        return
    body_needs_more = ["User.Read.All"] if operation == "PATCH /users/{id}" else []
    simulator.configure(TENANT_ID, grantedPermissions=least[:1] + body_needs_more)
    answer = called(raw_cloud, operation, made)
    assert answer.status_code == ANSWERS[operation][0], answer.text
