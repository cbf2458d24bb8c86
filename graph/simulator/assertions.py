"""Client assertions: the JWT that an application signs with its certificate instead of sending a secret."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from graph.simulator import clock

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class AssertionRefused(Exception):
    """Why an assertion is not accepted: an AADSTS number and a sentence."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number
        self.message = message


def encode_part(value: Any) -> str:
    """JSON as base64url without padding."""
    return encode_bytes(json.dumps(value, separators=(",", ":")).encode())


def encode_bytes(raw: bytes) -> str:
    """Bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_bytes(text: str) -> bytes:
    """base64url with or without padding. Raises ValueError."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error


def decode_part(text: str) -> dict[str, Any]:
    """A JSON object of a JWT. Raises ValueError."""
    value = json.loads(decode_bytes(text))
    if isinstance(value, dict):
        return value
    raise ValueError("not an object")


def check_assertion(text: str, client_id: str, audiences: Sequence[str], certificates: Iterable[str]) -> None:
    """Is this assertion good for the client and the token endpoint? Signed by one of the certificates, if any is known.

    Raises AssertionRefused.
    """
    try:
        signed, _, signature = text.rpartition(".")
        header, claims = (decode_part(part) for part in signed.split("."))
        raw_signature = decode_bytes(signature)
    except ValueError as error:
        raise AssertionRefused(50027, "JWT token is invalid or malformed.") from error
    _check_claims(claims, client_id, audiences)
    known = [x509.load_pem_x509_certificate(pem.encode()) for pem in certificates]
    if known and not any(_is_signed_by(each, header, signed.encode(), raw_signature) for each in known):
        message = "The certificate with identifier used to sign the client assertion is not registered on application."
        raise AssertionRefused(700027, message)


def _check_claims(claims: dict[str, Any], client_id: str, audiences: Sequence[str]) -> None:
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise AssertionRefused(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
    if claims.get("aud") not in audiences:
        raise AssertionRefused(700023, "Client assertion audience claim does not match Realm issuer.")
    if not isinstance(claims.get("exp"), int | float) or claims["exp"] <= clock.seconds():
        raise AssertionRefused(700024, "Client assertion is not within its valid time range.")


def _is_signed_by(certificate: x509.Certificate, header: dict[str, Any], signed: bytes, signature: bytes) -> bool:
    key = certificate.public_key()
    schemes: dict[str, padding.AsymmetricPadding] = {
        "RS256": padding.PKCS1v15(),
        "PS256": padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.AUTO),
    }
    scheme = schemes.get(str(header.get("alg")))
    if scheme is None or not isinstance(key, rsa.RSAPublicKey) or not _names(certificate, header):
        return False
    try:
        key.verify(signature, signed, scheme, hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _names(certificate: x509.Certificate, header: dict[str, Any]) -> bool:
    """Whether the assertion's header names this certificate, by either of the thumbprints."""
    thumbprints = {
        "x5t": certificate.fingerprint(hashes.SHA1()),  # noqa: S303 - the claim is defined so  # nosec B303
        "x5t#S256": certificate.fingerprint(hashes.SHA256()),
    }
    named = [name for name in thumbprints if name in header]
    return bool(named) and all(decode_bytes(header[name]) == thumbprints[name] for name in named)
