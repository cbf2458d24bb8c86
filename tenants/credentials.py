"""What Petra signs in with: read from what was typed or uploaded, refused in words, never shown again."""

from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.utils.dateparse import parse_date
from django.utils.timezone import get_default_timezone

from graph import Certificate
from tenants.enums import CloudName


class CredentialInvalid(Exception):
    """It cannot be used as it was given; the message says why, and repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret or a certificate, and when it ends where that is known."""

    secret: str = field(default="", repr=False)
    certificate: Certificate | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SharedApplication:
    """The one multi-tenant application of this installation."""

    client_id: str
    cloud: CloudName
    credential: Credential


def certificate_read(pem: str) -> Credential:
    """The certificate in a PEM text that holds a private key and its certificate, in any order.

    Raises:
        CredentialInvalid: when one of them is missing or cannot be read, they do not belong together, or it is not RSA.
    """
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CredentialInvalid("No private key in PEM form, without a password, was found in it.") from None
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise CredentialInvalid("No certificate in PEM form was found in it.") from None
    if not isinstance(key, RSAPrivateKey):
        raise CredentialInvalid("Microsoft takes RSA certificates only; this is another kind.")
    own = next((one for one in found if one.public_key() == key.public_key()), None)
    if own is None:
        raise CredentialInvalid("The certificate and the private key do not belong together.")
    certificate = Certificate(
        private_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        thumbprint=own.fingerprint(hashes.SHA1()).hex().upper(),  # noqa: S303  # Microsoft names it so  # nosec B303
        public_certificate=own.public_bytes(Encoding.PEM).decode(),
    )
    return Credential(certificate=certificate, expires_at=own.not_valid_after_utc)


def shared_application() -> SharedApplication | None:
    """The multi-tenant application that the environment names, or None.

    Raises:
        CredentialInvalid: when what it names cannot be used.
    """
    if not settings.APPLICATION_ID:
        return None
    if settings.APPLICATION_CLOUD not in CloudName.values:
        raise CredentialInvalid("PETRA_APPLICATION_CLOUD names none of Microsoft's clouds.")
    cloud = CloudName(settings.APPLICATION_CLOUD)
    return SharedApplication(settings.APPLICATION_ID, cloud, _shared_credential())


def _shared_credential() -> Credential:
    if settings.APPLICATION_CERTIFICATE:
        return certificate_read(settings.APPLICATION_CERTIFICATE)
    if not settings.APPLICATION_SECRET:
        raise CredentialInvalid("PETRA_APPLICATION_ID is set, and neither a secret nor a certificate for it.")
    return Credential(settings.APPLICATION_SECRET, expires_at=_end_of_secret())


def _end_of_secret() -> datetime | None:
    text = settings.APPLICATION_SECRET_EXPIRES
    if not text:
        return None
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise CredentialInvalid("PETRA_APPLICATION_SECRET_EXPIRES is no day such as 2027-03-31.")
    return datetime(day.year, day.month, day.day, tzinfo=get_default_timezone())
