"""Calls about sign-in methods and risk."""

from graph.odata import path, query
from graph.request import Request

PASSWORD_METHOD_ID = "28c10230-6103-485e-b985-444c60001490"  # noqa: S105 - Microsoft's well-known id, no secret

# A method is deleted through the collection of its type; the mixed collection refuses.
_COLLECTIONS = {
    "phoneAuthenticationMethod": "phoneMethods",
    "microsoftAuthenticatorAuthenticationMethod": "microsoftAuthenticatorMethods",
    "fido2AuthenticationMethod": "fido2Methods",
    "softwareOathAuthenticationMethod": "softwareOathMethods",
    "emailAuthenticationMethod": "emailMethods",
    "temporaryAccessPassAuthenticationMethod": "temporaryAccessPassMethods",
    "windowsHelloForBusinessAuthenticationMethod": "windowsHelloForBusinessMethods",
    "platformCredentialAuthenticationMethod": "platformCredentialMethods",
}
REMOVABLE_METHOD_TYPES = frozenset(_COLLECTIONS)


def method_type(odata_type: str) -> str:
    """Return the bare type of a sign-in method: "#microsoft.graph.phoneAuthenticationMethod" is cut to its end."""
    return odata_type.rsplit(".", 1)[-1]


def authentication_methods(user_id: str) -> Request:
    """GET /users/{id}/authentication/methods: all sign-in methods. Permission: UserAuthenticationMethod.Read.All.

    Takes no query options. https://learn.microsoft.com/graph/api/authentication-list-methods
    """
    return Request("GET", path("/users/{}/authentication/methods", user_id))


def delete_authentication_method(user_id: str, odata_type: str, method_id: str) -> Request:
    """DELETE /users/{id}/authentication/{type}Methods/{id}: remove one sign-in method, for good.

    Permission: UserAuthMethod-{type}.ReadWrite.All. The account's default method is refused while others exist.
    https://learn.microsoft.com/graph/api/phoneauthenticationmethod-delete and its siblings

    Raises:
        ValueError: for a type that cannot be removed, such as the password.
    """
    collection = _COLLECTIONS.get(method_type(odata_type))
    if collection is None:
        raise ValueError(f"cannot be removed: {odata_type}")
    return Request("DELETE", path(f"/users/{{}}/authentication/{collection}/{{}}", user_id, method_id))


def risky_user(user_id: str) -> Request:
    """GET /identityProtection/riskyUsers/{id}. Permission: IdentityRiskyUser.Read.All; needs Entra ID P2.

    One request a second per tenant, and a 429 without Retry-After.
    https://learn.microsoft.com/graph/api/riskyuser-get
    """
    return Request("GET", path("/identityProtection/riskyUsers/{}", user_id))


def risk_detections(filter: str = "", top: int = 500) -> Request:  # noqa: A002 - OData's own word
    """GET /identityProtection/riskDetections. Permission: IdentityRiskEvent.Read.All; needs Entra ID P2.

    https://learn.microsoft.com/graph/api/riskdetection-list
    """
    return Request("GET", query("/identityProtection/riskDetections", filter=filter, top=top))


def confirm_compromised(*user_ids: str) -> Request:
    """POST /identityProtection/riskyUsers/confirmCompromised: raise the users' risk to high.

    Permission: IdentityRiskyUser.ReadWrite.All; needs Entra ID P2.
    https://learn.microsoft.com/graph/api/riskyuser-confirmcompromised
    """
    return _risk_decision("confirmCompromised", user_ids)


def dismiss_risk(*user_ids: str) -> Request:
    """POST /identityProtection/riskyUsers/dismiss: take the users' risk back.

    Permission: IdentityRiskyUser.ReadWrite.All; needs Entra ID P2.
    https://learn.microsoft.com/graph/api/riskyuser-dismiss
    """
    return _risk_decision("dismiss", user_ids)


def _risk_decision(decision: str, user_ids: tuple[str, ...]) -> Request:
    return Request("POST", f"/identityProtection/riskyUsers/{decision}", body={"userIds": list(user_ids)})
