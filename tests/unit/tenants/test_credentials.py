"""Secrets and certificates as they are given, and the installation's one application as the environment names it."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tenants.credentials import CredentialInvalid, certificate_read, shared_application

ENDS = datetime(2027, 3, 31, 12, tzinfo=UTC)


def key_pem(key, password: bytes = b"") -> str:
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how).decode()


def certificate_pem(key) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Petra")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = builder.not_valid_before(ENDS - timedelta(days=365)).not_valid_after(ENDS).sign(key, hashes.SHA256())
    return made.public_bytes(Encoding.PEM).decode()


KEY, OTHER, CURVE = (
    rsa.generate_private_key(65537, 2048),
    rsa.generate_private_key(65537, 2048),
    ec.generate_private_key(ec.SECP256R1()),
)


@pytest.mark.parametrize(
    "pem",
    [
        key_pem(KEY) + certificate_pem(KEY),
        certificate_pem(KEY) + key_pem(KEY),
        certificate_pem(OTHER) + certificate_pem(KEY) + key_pem(KEY),
    ],
    ids=["key first", "certificate first", "chain"],
)
def test_key_and_certificate_are_found_in_any_order(pem: str):
    read = certificate_read(pem)
    own = x509.load_pem_x509_certificate(certificate_pem(KEY).encode())
    assert read.expires_at == ENDS
    assert len(read.certificate.thumbprint) == 40
    found = x509.load_pem_x509_certificate(read.certificate.public_certificate.encode())
    assert found.public_key() == own.public_key()


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        (key_pem(KEY), "No certificate in PEM form"),
        (certificate_pem(KEY), "No private key in PEM form"),
        (key_pem(KEY, b"pass") + certificate_pem(KEY), "No private key in PEM form, without a password"),
        (key_pem(KEY) + certificate_pem(OTHER), "do not belong together"),
        (key_pem(CURVE) + certificate_pem(CURVE), "RSA certificates only"),
        ("", "No private key"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "No private key"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(pem: str, words: str):
    with pytest.raises(CredentialInvalid, match=words) as refused:
        certificate_read(pem)
    assert "BEGIN" not in str(refused.value)


def test_no_shared_application(settings):
    settings.APPLICATION_ID = ""
    assert shared_application() is None


def test_a_shared_application_with_a_secret(settings):
    settings.APPLICATION_ID, settings.APPLICATION_SECRET, settings.APPLICATION_CLOUD = "app", "pw-1", "china"
    settings.APPLICATION_SECRET_EXPIRES = "2027-03-31"
    shared = shared_application()
    assert (shared.client_id, shared.cloud, shared.credential.secret) == ("app", "china", "pw-1")
    assert shared.credential.expires_at == datetime(2027, 3, 31, tzinfo=UTC)
    assert "pw-1" not in repr(shared)


def test_a_certificate_tells_its_own_end(settings):
    settings.APPLICATION_ID, settings.APPLICATION_CERTIFICATE = "app", key_pem(KEY) + certificate_pem(KEY)
    assert shared_application().credential.expires_at == ENDS


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"APPLICATION_SECRET": ""}, "neither a secret nor a certificate"),
        ({"APPLICATION_CLOUD": "https://evil.example"}, "names none of Microsoft's clouds"),
        ({"APPLICATION_SECRET_EXPIRES": "soon"}, "is no day such as 2027-03-31"),
        ({"APPLICATION_SECRET_EXPIRES": "2027-02-31"}, "is no day such as 2027-03-31"),
    ],
)
def test_a_wrong_environment_is_told(settings, changed, words):
    settings.APPLICATION_ID, settings.APPLICATION_SECRET = "app", "secret"
    for name, value in changed.items():
        setattr(settings, name, value)
    with pytest.raises(CredentialInvalid, match=words):
        shared_application()
