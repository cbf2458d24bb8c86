"""Tokens, with msal itself asking a cloud on loopback."""

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from graph import (
    AppCredentials,
    AuthenticationFailed,
    Certificate,
    ConnectionFailed,
    Service,
    ServiceFailed,
    auth,
    simulator_cloud,
)
from graph.auth import REFUSAL_SECONDS, Authenticator
from tests.unit.graph.conftest import FakeTime
from tests.unit.graph.tiny_cloud import TENANT, Reply, TinyCloud, in_turn, jwt

CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'
SECRET = AppCredentials(tenant_id=TENANT, client_id="petra", secret="hush")


def authenticator(
    cloud: TinyCloud, credentials: AppCredentials = SECRET, time: FakeTime | None = None
) -> Authenticator:
    clock = (time or FakeTime()).clock
    return Authenticator(credentials, cloud.cloud, timeout=(2, 5), clock=clock)


def together(count: int, call: Callable[[int], str]) -> list[str]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


def refuse(description: str, error: str = "invalid_client", status: int = 400) -> Reply:
    return Reply(status, {"error": error, "error_description": description, "trace_id": "t-1", "correlation_id": "c-1"})


def test_many_threads_and_two_services_ask_once_each(tiny_cloud: TinyCloud) -> None:
    tokens = authenticator(tiny_cloud)
    services = list(Service) * 8

    got = together(16, lambda number: tokens.token(services[number]))

    assert len(set(got)) == 2
    assert sorted(form["scope"] for form in tiny_cloud.token_forms) == [
        "https://graph.microsoft.com/.default",
        "https://outlook.office365.com/.default",
    ]


def test_msal_asks_as_microsoft_wants_it(tiny_cloud: TinyCloud) -> None:
    authenticator(tiny_cloud).token(Service.GRAPH)

    form = tiny_cloud.token_forms[0]
    assert (form["grant_type"], form["client_id"], form["client_secret"]) == ("client_credentials", "petra", "hush")
    assert json.loads(form["claims"]) == {"access_token": {"xms_cc": {"values": ["CP1"]}}}


def test_clients_of_a_tenant_share_their_tokens(tiny_cloud: TinyCloud) -> None:
    first, second = (auth.shared_authenticator(SECRET, tiny_cloud.cloud) for _ in range(2))
    other = auth.shared_authenticator(AppCredentials(TENANT, "petra", secret="new"), tiny_cloud.cloud)

    assert first is second
    assert first is not other
    auth.forget_all_tokens()
    assert auth.shared_authenticator(SECRET, tiny_cloud.cloud) is not first


def test_a_certificate_signs_an_assertion(tiny_cloud: TinyCloud) -> None:
    credentials = AppCredentials(TENANT, "petra", certificate=make_certificate())

    authenticator(tiny_cloud, credentials).token(Service.GRAPH)

    form = tiny_cloud.token_forms[0]
    head, claims = (
        json.loads(base64.urlsafe_b64decode(part + "==")) for part in form["client_assertion"].split(".")[:2]
    )
    assert head["alg"] in {"RS256", "PS256"}
    assert claims["iss"] == "petra"
    assert "client_secret" not in form


def make_certificate() -> Certificate:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "petra")])
    today = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, today, today + timedelta(days=999))
    certificate = builder.sign(key, hashes.SHA256())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = certificate.public_bytes(serialization.Encoding.PEM).decode()
    thumbprint = certificate.fingerprint(hashes.SHA1()).hex()  # noqa: S303 - Microsoft names certificates by it
    return Certificate(private_key=pem, thumbprint=thumbprint, public_certificate=public)


def test_credentials_never_show_their_secret() -> None:
    certificate = Certificate(private_key="-----KEY", thumbprint="ab", public_certificate="-----PUBLIC")
    shown = repr(SECRET) + repr(AppCredentials(TENANT, "petra", certificate=certificate))

    assert "hush" not in shown
    assert "-----" not in shown


def test_without_a_credential_nothing_is_asked(tiny_cloud: TinyCloud) -> None:
    with pytest.raises(AuthenticationFailed) as caught:
        authenticator(tiny_cloud, AppCredentials(TENANT, "petra")).token(Service.GRAPH)

    assert caught.value.code == "NoCredential"
    assert tiny_cloud.token_forms == []


@pytest.mark.parametrize(
    ("description", "error", "code"),
    [
        ("AADSTS7000215: Invalid client secret provided.\r\nTrace ID: x", "invalid_client", "AADSTS7000215"),
        ("AADSTS700016: Application was not found.", "unauthorized_client", "AADSTS700016"),
        ("", "access_denied", "access_denied"),
    ],
)
def test_a_refusal_carries_microsofts_number(tiny_cloud: TinyCloud, description: str, error: str, code: str) -> None:
    tiny_cloud.issue = lambda _: refuse(description, error)

    with pytest.raises(AuthenticationFailed) as caught:
        authenticator(tiny_cloud).token(Service.GRAPH)

    assert (caught.value.code, caught.value.status, caught.value.request_id) == (code, 401, "t-1")
    assert "Trace ID" not in caught.value.message


def test_a_refusal_is_remembered_for_seconds_not_for_a_minute(tiny_cloud: TinyCloud, fake_time: FakeTime) -> None:
    tiny_cloud.issue = in_turn([refuse("AADSTS700016: no consent yet")], then=token_reply("t"))
    tokens = authenticator(tiny_cloud, time=fake_time)

    for _ in range(5):
        with pytest.raises(AuthenticationFailed):
            tokens.token(Service.GRAPH)
    assert len(tiny_cloud.token_forms) == 1

    fake_time.sleep(REFUSAL_SECONDS)
    assert tokens.token(Service.GRAPH) == "t"


def test_forgetting_asks_anew_at_once(tiny_cloud: TinyCloud) -> None:
    tiny_cloud.issue = in_turn([refuse("AADSTS700016: no consent yet"), token_reply("one")], then=token_reply("two"))
    tokens = authenticator(tiny_cloud)
    with pytest.raises(AuthenticationFailed):
        tokens.token(Service.GRAPH)

    tokens.forget()
    assert tokens.token(Service.GRAPH) == "one"
    tokens.forget()
    assert tokens.token(Service.GRAPH) == "two"


def token_reply(token: str) -> Reply:
    return Reply(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": token})


def test_an_unknown_tenant_is_told(tiny_cloud: TinyCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny_cloud, "serve", lambda _: refuse("AADSTS90002: Tenant not found.", "invalid_tenant"))

    with pytest.raises(AuthenticationFailed) as caught:
        authenticator(tiny_cloud).token(Service.GRAPH)

    assert caught.value.code == "TenantNotFound"


def test_a_key_that_is_no_key_is_told_without_repeating_it(tiny_cloud: TinyCloud) -> None:
    broken = Certificate(private_key="not a key", thumbprint="ab")

    with pytest.raises(AuthenticationFailed) as caught:
        authenticator(tiny_cloud, AppCredentials(TENANT, "petra", certificate=broken)).token(Service.GRAPH)

    assert caught.value.code == "BadCredential"
    assert "not a key" not in str(caught.value)


@pytest.mark.parametrize("reply", [Reply(503, None), Reply(200, b"<html>"), refuse("busy", "temporarily_unavailable")])
def test_a_fault_of_the_sign_in_service_passes(tiny_cloud: TinyCloud, reply: Reply) -> None:
    tiny_cloud.issue = lambda _: reply

    with pytest.raises(ServiceFailed) as caught:
        authenticator(tiny_cloud).token(Service.GRAPH)

    assert caught.value.is_transient
    assert not caught.value.outcome_unknown


def test_a_sign_in_service_out_of_reach_passes() -> None:
    tokens = Authenticator(SECRET, simulator_cloud("http://127.0.0.1:9"), timeout=(1, 1))

    with pytest.raises(ConnectionFailed) as caught:
        tokens.token(Service.GRAPH)

    assert caught.value.is_transient
    assert not caught.value.outcome_unknown


def test_a_claims_challenge_is_answered_with_the_claims(tiny_cloud: TinyCloud) -> None:
    tokens = authenticator(tiny_cloud)
    old = tokens.token(Service.GRAPH)

    new = tokens.renew(Service.GRAPH, rejected=old, claims=CLAIMS)

    assert new != old
    assert json.loads(tiny_cloud.token_forms[1]["claims"])["access_token"]["nbf"]["value"] == "1604106651"
    assert tokens.token(Service.GRAPH) == new
    assert len(tiny_cloud.token_forms) == 2


def test_threads_turned_away_together_renew_once(tiny_cloud: TinyCloud) -> None:
    tokens = authenticator(tiny_cloud)
    old = tokens.token(Service.GRAPH)

    got = together(8, lambda _: tokens.renew(Service.GRAPH, rejected=old, claims=CLAIMS))

    assert len(set(got)) == 1
    assert len(tiny_cloud.token_forms) == 2


def test_a_token_that_ran_out_early_is_replaced(tiny_cloud: TinyCloud) -> None:
    tokens = authenticator(tiny_cloud)
    old = tokens.token(Service.GRAPH)

    assert tokens.renew(Service.GRAPH, rejected=old) != old


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_the_challenge_is_read_from_the_header(encode: Callable[[bytes], bytes]) -> None:
    claims = '{"access_token":{"acrs":{"value":"c1?>~"}}}'
    header = f'Bearer realm="", error="insufficient_claims", claims="{encode(claims.encode()).decode().rstrip("=")}"'

    assert auth.claims_challenge({"Www-Authenticate": header}) == claims


@pytest.mark.parametrize("header", ["", 'Bearer realm=""', 'Bearer claims="%%%"', 'Bearer claims="bm90IGpzb24="'])
def test_no_challenge_where_there_is_none(header: str) -> None:
    assert auth.claims_challenge({"WWW-Authenticate": header}) is None


def test_permissions_and_roles_are_read_from_the_token() -> None:
    token = jwt(roles=["Mail.ReadWrite", "User.Read.All"], wids=["r1"])

    assert auth.roles_of(token) == {"Mail.ReadWrite", "User.Read.All"}
    assert auth.directory_roles_of(token) == {"r1"}


@pytest.mark.parametrize("token", ["opaque", "", "a.b.c", "e30.W10.x", jwt()])
def test_a_token_that_tells_nothing_grants_nothing(token: str) -> None:
    assert auth.roles_of(token) == frozenset()
