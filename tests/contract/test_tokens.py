"""The login endpoint, judged by msal and by the documents' error bodies."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from graph.simulator.control import SimulatorControl
from tests.factories.world import ALICE, CLIENT_ID, CLIENT_SECRET, TENANT_ID
from tests.fixtures.simulator import RawCloud

GRAPH = ["https://graph.microsoft.com/.default"]
UNKNOWN_TENANT = "99999999-9999-4999-8999-999999999999"


class Rewriting(requests.Session):
    """Sends what is meant for Microsoft's login host to the simulator; msal insists on https."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.target = url

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Any:
        return super().request(method, url.replace("https://login.microsoftonline.com", self.target), *args, **kwargs)


def msal_application(url: str, credential: Any = CLIENT_SECRET, tenant: str = TENANT_ID) -> Any:
    """A confidential client as Petra builds it."""
    return msal.ConfidentialClientApplication(
        CLIENT_ID,
        client_credential=credential,
        authority=f"https://login.microsoftonline.com/{tenant}",
        http_client=Rewriting(url),
        client_capabilities=["CP1"],
    )


def claims_in(token: str) -> dict[str, Any]:
    """The payload of a JWT."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def test_msal_gets_a_token_and_keeps_it(simulator: SimulatorControl) -> None:
    application = msal_application(simulator.url)
    first = application.acquire_token_for_client(GRAPH)
    again = application.acquire_token_for_client(GRAPH)
    claims = claims_in(first["access_token"])
    assert (claims["tid"], claims["appid"], claims["aud"]) == (TENANT_ID, CLIENT_ID, "https://graph.microsoft.com")
    assert "User.Read.All" in claims["roles"]
    assert again["token_source"] == "cache"
    assert simulator.requests(TENANT_ID)["tokenRequests"] == 1


def test_a_wrong_secret_is_an_invalid_client(simulator: SimulatorControl) -> None:
    answer = msal_application(simulator.url, "wrong").acquire_token_for_client(GRAPH)
    assert (answer["error"], answer["error_codes"]) == ("invalid_client", [7000215])
    assert answer["error_description"].startswith("AADSTS7000215: Invalid client secret provided")


def test_an_expired_secret(simulator: SimulatorControl) -> None:
    simulator.configure(TENANT_ID, secretExpired=True)
    answer = msal_application(simulator.url).acquire_token_for_client(GRAPH)
    assert answer["error_codes"] == [7000222]


@pytest.mark.parametrize(("name", "number"), [(UNKNOWN_TENANT, 90002), ("nonsense", 900023)])
def test_an_unknown_tenant(raw_cloud: RawCloud, name: str, number: int) -> None:
    discovery = f"{raw_cloud.url}/{name}/v2.0/.well-known/openid-configuration"
    answers = [requests.get(discovery, timeout=10)]
    raw_cloud.tenant_id = name
    answers.append(raw_cloud.token())
    assert [(each.status_code, each.json()["error_codes"]) for each in answers] == [(400, [number])] * 2


def test_an_application_without_consent(raw_cloud: RawCloud) -> None:
    answer = raw_cloud.token(client_id="bbbbbbbb-0000-4000-8000-000000000000")
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    assert "AADSTS700016" in answer.json()["error_description"]


def test_unsupported_grants_and_scopes(raw_cloud: RawCloud) -> None:
    assert raw_cloud.token(grant_type="password").json()["error_codes"] == [70003]
    assert raw_cloud.token(scope="https://graph.microsoft.com/User.Read").json()["error_codes"] == [1002012]
    assert raw_cloud.token("elsewhere.example").json()["error_codes"] == [500011]


def test_discovery_advertises_microsofts_own_host(raw_cloud: RawCloud) -> None:
    discovery = f"{raw_cloud.url}/{TENANT_ID}/v2.0/.well-known/openid-configuration"
    answer = requests.get(discovery, timeout=10).json()
    assert answer["token_endpoint"] == f"https://login.microsoftonline.com/{TENANT_ID}/oauth2/v2.0/token"


def certificate_and_key() -> tuple[str, str]:
    """A fresh certificate and its private key, both PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "petra")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


def test_msal_signs_in_with_a_certificate(simulator: SimulatorControl) -> None:
    certificate, key = certificate_and_key()
    other, _ = certificate_and_key()
    credential = {"private_key": key, "public_certificate": certificate}
    without_check = msal_application(simulator.url, credential).acquire_token_for_client(GRAPH)
    simulator.configure(TENANT_ID, certificates=[other])
    unknown = msal_application(simulator.url, credential).acquire_token_for_client(GRAPH)
    simulator.configure(TENANT_ID, certificates=[other, certificate])
    known = msal_application(simulator.url, credential).acquire_token_for_client(GRAPH)
    assert "access_token" in without_check
    assert unknown["error_codes"] == [700027]
    assert "access_token" in known


def test_a_forged_assertion_is_malformed(raw_cloud: RawCloud) -> None:
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    answer = raw_cloud.token(client_assertion_type=kind, client_assertion="a.b.c")
    assert (answer.status_code, answer.json()["error_codes"]) == (401, [50027])


def test_tokens_are_good_for_one_service_only(raw_cloud: RawCloud) -> None:
    exchange = raw_cloud.headers("outlook.office365.com")
    at_graph = requests.get(f"{raw_cloud.url}/v1.0/users", headers=exchange, timeout=10)
    address = f"{raw_cloud.url}/adminapi/beta/{TENANT_ID}/InvokeCommand"
    at_exchange = requests.post(address, headers=raw_cloud.headers(), json={}, timeout=10)
    assert (at_graph.status_code, at_exchange.status_code) == (401, 401)


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer x.y.z", "Basic abc"])
def test_no_token_or_a_false_one(raw_cloud: RawCloud, authorization: str) -> None:
    answer = requests.get(f"{raw_cloud.url}/v1.0/users", headers={"Authorization": authorization}, timeout=10)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert answer.headers["www-authenticate"].startswith('Bearer realm="", authorization_uri="https://login.')


def test_a_token_expires(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, tokenLifetime=0)
    answer = raw_cloud.call("GET", "/v1.0/users")
    assert answer.status_code == 401
    assert "has expired or is not yet valid" in answer.json()["error"]["message"]


def test_a_claims_challenge_is_met_by_a_token_got_with_it(simulator: SimulatorControl) -> None:
    application = msal_application(simulator.url)
    token = application.acquire_token_for_client(GRAPH)["access_token"]
    simulator.configure(TENANT_ID, claimsChallenge=True)
    address = f"{simulator.url}/v1.0/users/{ALICE}"
    refused = requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    header = refused.headers["www-authenticate"]
    assert refused.status_code == 401
    assert 'error="insufficient_claims"' in header
    claims = base64.b64decode(header.split('claims="')[1].split('"')[0]).decode()
    renewed = application.acquire_token_for_client(GRAPH, claims_challenge=claims)["access_token"]
    accepted = requests.get(address, headers={"Authorization": f"Bearer {renewed}"}, timeout=10)
    assert accepted.status_code == 200


def test_a_client_without_cp1_is_never_challenged(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    raw_cloud.headers()
    simulator.configure(TENANT_ID, claimsChallenge=True)
    assert raw_cloud.call("GET", f"/v1.0/users/{ALICE}").status_code == 200
