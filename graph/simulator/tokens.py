"""The login endpoint: discovery and client-credential tokens; and the check of a token that comes back.

Source: facts of the identity platform's v2.0 token endpoint, tried with msal 1.39.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

from graph.simulator import clock, roles
from graph.simulator.assertions import (
    ASSERTION_TYPE,
    AssertionRefused,
    check_assertion,
    decode_bytes,
    decode_part,
    encode_bytes,
    encode_part,
)
from graph.simulator.calls import EXCHANGE, GRAPH, Answer, PlainRefusal, Refusal
from graph.simulator.state import Store
from graph.simulator.tenants import Tenant

LOGIN = "https://login.microsoftonline.com"
# The cloud guards made-up people only: a key of its own would just invalidate every cached token on each new file.
_KEY = b"the simulated cloud signs with a key that everybody knows"
HOSTS = {
    "graph.microsoft.com": GRAPH,
    "graph.microsoft.us": GRAPH,
    "dod-graph.microsoft.us": GRAPH,
    "microsoftgraph.chinacloudapi.cn": GRAPH,
    "outlook.office365.com": EXCHANGE,
    "outlook.office365.us": EXCHANGE,
    "outlook-dod.office365.us": EXCHANGE,
    "outlook.office365.cn": EXCHANGE,
}
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def refused(status: int, error: str, number: int, text: str) -> Refusal:
    """An error of the token endpoint, in its shape."""
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    moment = clock.now().strftime("%Y-%m-%d %H:%M:%SZ")
    body = {
        "error": error,
        "error_description": (
            f"AADSTS{number}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {moment}"
        ),
        "error_codes": [number],
        "timestamp": moment,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"{LOGIN}/error?code={number}",
    }
    return PlainRefusal(status, body)


def tenant_of(store: Store, name: str) -> Tenant:
    """The tenant of a login address. Raises Refusal 400: AADSTS90002 or 900023."""
    tenant = store.tenant(name)
    if tenant is not None:
        return tenant
    if not _GUID.fullmatch(name) and "." not in name:
        text = f"Specified tenant identifier '{name}' is neither a valid DNS name, nor a valid external domain."
        raise refused(400, "invalid_request", 900023, text)
    text = f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID."
    raise refused(400, "invalid_tenant", 90002, text)


def discovery(store: Store, name: str) -> Answer:
    """GET /{tenant}/v2.0/.well-known/openid-configuration, advertising Microsoft's own host: msal insists on https."""
    tenant = tenant_of(store, name)
    base = f"{LOGIN}/{tenant.id}"
    body = {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
    }
    return Answer(200, body)


def instances(tenant_name: str) -> Answer:
    """GET /{tenant}/discovery/instance: which hosts are one cloud. msal asks after a token was refused."""
    hosts = ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"]
    cloud = {"preferred_network": hosts[0], "preferred_cache": hosts[1], "aliases": hosts}
    body = {
        "tenant_discovery_endpoint": f"{LOGIN}/{tenant_name}/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [cloud],
    }
    return Answer(200, body)


def issue(store: Store, name: str, form: Mapping[str, str]) -> Answer:
    """POST /{tenant}/oauth2/v2.0/token with grant_type client_credentials. Raises Refusal in the endpoint's shape."""
    tenant = tenant_of(store, name)
    if form.get("grant_type") != "client_credentials":
        text = "The app requested an unsupported grant type."
        raise refused(400, "unsupported_grant_type", 70003, text)
    client_id = form.get("client_id", "")
    registration = store.registration(client_id)
    is_admitted = client_id.lower() == tenant.client_id.lower() and tenant.is_consented
    if registration is not None and not is_admitted:
        text = (
            f"The client application {client_id} is missing service principal in the tenant {tenant.id}."
            " See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119"
        )
        raise refused(401, "invalid_client", 7000229, text)
    if not is_admitted:
        text = (
            f"Application with identifier '{client_id}' was not found in the directory"
            f" '{tenant.name}'. This can happen if the application has not been installed by the administrator of the"
            " tenant or consented to by any user in the tenant."
        )
        raise refused(400, "unauthorized_client", 700016, text)
    _check_credential(tenant, form, [tenant.client_secret, *([registration.secret] if registration else [])])
    token = _token(tenant, host_of(form.get("scope", "")), form.get("claims", ""))
    lifetime = tenant.settings.token_lifetime
    body = {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token}
    return Answer(200, body)


def _check_credential(tenant: Tenant, form: Mapping[str, str], secrets: list[str]) -> None:
    if form.get("client_assertion_type") == ASSERTION_TYPE:
        audiences = [f"{LOGIN}/{tenant.id}/oauth2/v2.0/token", f"{LOGIN}/{tenant.id}/v2.0"]
        certificates = tenant.settings.certificates
        try:
            check_assertion(form.get("client_assertion", ""), tenant.client_id, audiences, certificates)
        except AssertionRefused as refusal:
            raise refused(401, "invalid_client", refusal.number, refusal.message) from refusal
        return
    if "client_secret" not in form:
        text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        raise refused(401, "invalid_client", 7000218, text)
    if not any(hmac.compare_digest(form["client_secret"].encode(), each.encode()) for each in secrets):
        text = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value,"
            f" not the client secret ID, for a secret added to app '{tenant.client_id}'."
        )
        raise refused(401, "invalid_client", 7000215, text)
    if tenant.settings.secret_expired:
        text = f"The provided client secret keys for app '{tenant.client_id}' are expired."
        raise refused(401, "invalid_client", 7000222, text)


def host_of(scope: str) -> str:
    """The host that a scope of the form `https://<host>/.default` means. Raises Refusal 400."""
    match = re.fullmatch(r"https://([^/]+)/+\.default", scope.strip())
    if match is None:
        text = f"The provided value for the input parameter 'scope' is not valid: '{scope}'."
        raise refused(400, "invalid_scope", 1002012, text)
    if match[1] not in HOSTS:
        text = f"The resource principal named https://{match[1]} was not found in the tenant."
        raise refused(400, "invalid_resource", 500011, text)
    return match[1]


def _token(tenant: Tenant, host: str, requested: str) -> str:
    settings = tenant.settings
    granted = settings.granted_permissions if HOSTS[host] == GRAPH else settings.exchange_permissions
    moment = int(clock.seconds())
    asked = _requested_claims(requested)
    claims: dict[str, Any] = {
        "aud": f"https://{host}",
        "iss": f"https://sts.windows.net/{tenant.id}/",
        "iat": moment,
        "nbf": moment,
        "exp": moment + settings.token_lifetime,
        "app_displayname": "Petra",
        "appid": tenant.client_id,
        "idtyp": "app",
        "oid": tenant.service_principal_id,
        "roles": sorted(granted),
        "sub": tenant.service_principal_id,
        "tid": tenant.id,
        "uti": uuid.uuid4().hex,
        "ver": "1.0",
        "wids": [role["roleTemplateId"] for role in roles.own_roles(tenant)],
        "xms_cc": asked.get("xms_cc", {}).get("values", []),
        "answers_challenge": str(asked.get("nbf", {}).get("value", "")),
    }
    signed = f"{encode_part({'typ': 'JWT', 'alg': 'HS256', 'kid': 'simulator'})}.{encode_part(claims)}"
    return f"{signed}.{_signature(signed)}"


def _requested_claims(text: str) -> dict[str, Any]:
    """What the `claims` parameter wants in the access token; null members mean "please" and ask for no value."""
    try:
        wanted = json.loads(text or "{}").get("access_token") or {}
    except (ValueError, AttributeError) as error:
        raise refused(400, "invalid_request", 900971, "The claims parameter is not valid JSON.") from error
    return {name: value for name, value in wanted.items() if isinstance(value, dict)}


def _signature(signed: str) -> str:
    return encode_bytes(hmac.digest(_KEY, signed.encode(), hashlib.sha256))


def claims_of(store: Store, authorization: str, service: str) -> tuple[Tenant, dict[str, Any]]:
    """Whose token this is. Raises Refusal 401: missing, forged, expired, challenged, or for another service."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthorized("Access token is empty.")
    claims = _verified(token.strip())
    if claims["exp"] <= clock.seconds():
        raise unauthorized(
            "Lifetime validation failed, the token is expired. Access token has expired or is not yet valid."
        )
    tenant = store.tenant(claims["tid"])
    if tenant is None or HOSTS.get(claims["aud"].removeprefix("https://")) != service:
        raise unauthorized("Access token validation failure. Invalid audience.")
    _check_challenge(tenant, claims)
    return tenant, claims


def _verified(token: str) -> dict[str, Any]:
    signed, _, signature = token.rpartition(".")
    try:
        if not hmac.compare_digest(decode_bytes(signature), decode_bytes(_signature(signed))):
            raise ValueError("forged")
        return decode_part(signed.partition(".")[2])
    except ValueError as error:
        raise unauthorized("CompactToken parsing failed with error code: 80049217") from error


def _check_challenge(tenant: Tenant, claims: dict[str, Any]) -> None:
    """Continuous access evaluation. Only clients that said cp1 are challenged; others keep their token till it ends."""
    if not tenant.settings.claims_challenge or "cp1" not in map(str.lower, claims.get("xms_cc", [])):
        return
    if claims.get("answers_challenge") == tenant.challenge:
        return
    wanted = {"access_token": {"nbf": {"essential": True, "value": tenant.challenge}}}
    encoded = base64.b64encode(json.dumps(wanted, separators=(",", ":")).encode()).decode()
    message = (
        "Continuous access evaluation resulted in challenge with result: InteractionRequired and code:"
        " TokenIssuedBeforeRevocationTimestamp"
    )
    raise unauthorized(message, f', error="insufficient_claims", claims="{encoded}"')


def unauthorized(message: str, challenge: str = "") -> Refusal:
    """401 with the header that tells where tokens come from, and which claims are wanted."""
    header = f'Bearer realm="", authorization_uri="{LOGIN}/common/oauth2/authorize"'
    header += f', client_id="00000003-0000-0000-c000-000000000000"{challenge}'
    return Refusal(401, "InvalidAuthenticationToken", message, {"www-authenticate": header})
