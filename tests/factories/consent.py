"""A directory that nobody has connected yet, the application to be admitted there, and an administrator who decides."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from graph.permissions import EXCHANGE_APP_ID, REQUIRED_PERMISSIONS, REQUIRED_ROLES
from tests.factories.world import CLIENT_ID, tiny_world

FRESH_ID = "33333333-3333-4333-8333-333333333333"
SECOND_ID = "44444444-4444-4444-8444-444444444444"
SHARED_SECRET = "the-shared-application-secret"
REDIRECT = "http://testserver/connect/answer/"
GRAPH_SCOPE = "https://graph.microsoft.com/.default"
EXCHANGE_SCOPE = "https://outlook.office365.com/.default"
GRAPH_PERMISSIONS = [need.name for need in REQUIRED_PERMISSIONS if need.app_id != EXCHANGE_APP_ID]
ROLES = [role.name for role in REQUIRED_ROLES]


def directory(tenant_id: str, name: str, **more: Any) -> dict[str, Any]:
    """A directory without anybody in it, which has not admitted the application."""
    return {
        "name": name,
        "tenantId": tenant_id,
        "clientId": CLIENT_ID,
        "clientSecret": f"own secret of {name}",
        "servicePrincipalId": f"aaaaaaaa-0000-4000-8000-{tenant_id[:12].replace('-', '0')}",
        "domains": [{"id": f"{name.lower()}.example", "isDefault": True, "isVerified": True}],
        "directoryRoles": ROLES,
        "isConsented": False,
        **more,
    }


def consent_world() -> dict[str, Any]:
    """The tiny world, two directories more, and the application."""
    registration = {
        "clientId": CLIENT_ID,
        "name": "Petra",
        "publisher": "Lantern",
        "clientSecret": SHARED_SECRET,
        "redirectUris": [REDIRECT, "http://127.0.0.1/connect/answer/"],
        "grantedPermissions": GRAPH_PERMISSIONS,
        "exchangePermissions": ["Exchange.ManageAsApp"],
    }
    unconnected = [directory(FRESH_ID, "Fresh"), directory(SECOND_ID, "Second")]
    return tiny_world() | {"registrations": [registration], "unconnected": unconnected}


def decide(url: str, decision: str, directory_id: str = FRESH_ID) -> requests.Response:
    """Press Accept ("accept") or Cancel on the consent page, as an administrator of a directory."""
    return requests.post(url, data={"directory": directory_id, "decision": decision}, allow_redirects=False, timeout=10)


def answer_to(url: str, decision: str = "accept", directory_id: str = FRESH_ID) -> dict[str, str]:
    """What the consent page sends back with the browser."""
    response = decide(url, decision, directory_id)
    assert response.status_code == 303, response.text
    return dict(parse_qsl(urlsplit(response.headers["Location"]).query))
