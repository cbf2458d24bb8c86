"""Encrypts anew, under the first key, what older keys encrypted. Every encrypted column is found by itself.

Those of second factors are named here: allauth keeps them within a JSON column.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from tenants.encryption import EncryptedTextField, InvalidToken, encrypt
from tenants.scoping import unscoped

FACTOR_SECRETS = ("secret", "seed")  # of authenticator apps and of recovery codes, in Authenticator.data
TRIES = 5  # times that a row is looked at again which somebody else has just written


@dataclass(frozen=True, slots=True)
class Secret:
    """One encrypted value: where it stands; `key` within a JSON column."""

    model: type[models.Model]
    column: str
    pk: int
    key: str = ""

    def __str__(self) -> str:
        place = f"{self.column}.{self.key}" if self.key else self.column
        return f"{self.model._meta.label} {self.pk} ({place})"  # noqa: SLF001  # public, whatever its name


@dataclass(slots=True)
class Rotation:
    """What came of it. `unreadable`: no key opens it. `needed`: values by the fingerprint of the key they are under."""

    rotated: int = 0
    unreadable: list[Secret] = field(default_factory=list)
    needed: Counter[str] = field(default_factory=Counter)


def fingerprint(key: str) -> str:
    """What names a key without giving it away: 16 hexadecimal digits."""
    return sha256(b"petra encryption key " + key.encode()).hexdigest()[:16]


def encrypted_columns() -> list[tuple[type[models.Model], str]]:
    """Every encrypted column of every model."""
    return [
        (model, column.name)
        for model in apps.get_models(include_auto_created=True)
        for column in model._meta.concrete_fields  # noqa: SLF001  # public, whatever its name
        if isinstance(column, EncryptedTextField)
    ]


def keys_in_use() -> Rotation:
    """Which keys the stored values are under. Changes nothing."""
    found = Rotation()
    with unscoped(reason="keys concern the secrets of all tenants"):
        for secret in _secrets():
            _note(found, secret, _opened(_ciphertext(secret)))
    return found


def rotate() -> Rotation:
    """Put everything under the first key, value by value. Workers may go on meanwhile, if they know the same keys.

    A value is replaced only if it still is what was read: one that somebody changes at this moment is read again.
    """
    found = Rotation()
    with unscoped(reason="keys concern the secrets of all tenants"):
        for secret in _secrets():
            _rotate_one(found, secret)
    return found


def _rotate_one(found: Rotation, secret: Secret) -> None:
    for _ in range(TRIES):
        ciphertext = _ciphertext(secret)
        opened = _opened(ciphertext)
        if not ciphertext or opened is None or opened[0] == settings.ENCRYPTION_KEYS[0]:
            break
        found.rotated += _replaced(secret, ciphertext, opened[1])
    _note(found, secret, opened)


def _replaced(secret: Secret, ciphertext: str, text: str) -> int:
    """1 if it was replaced, 0 if it is not any more what was read."""
    if not secret.key:
        return _stored(secret).filter(ciphertext=ciphertext).update(**{secret.column: text})
    with transaction.atomic():
        # Locked: a recovery code may be used up at this moment, which is noted in the same column.
        factor = Authenticator.objects.select_for_update().filter(pk=secret.pk).first()
        if factor is None or factor.data.get(secret.key) != ciphertext:
            return 0
        factor.data[secret.key] = encrypt(text)
        factor.save(update_fields=["data"])
    return 1


def _note(found: Rotation, secret: Secret, opened: tuple[str, str] | None) -> None:
    if opened is not None:
        found.needed[fingerprint(opened[0])] += 1
    elif _ciphertext(secret):  # not one that was emptied, or whose row went, meanwhile
        found.unreadable.append(secret)


def _secrets() -> Iterator[Secret]:
    for model, column in encrypted_columns():
        stored = _rows(model).exclude(**{column: ""}).exclude(**{column: None})
        for pk in list(stored.order_by("pk").values_list("pk", flat=True)):
            yield Secret(model, column, pk)
    for factor in Authenticator.objects.order_by("pk"):
        yield from (Secret(Authenticator, "data", factor.pk, key) for key in FACTOR_SECRETS if key in factor.data)


def _stored(secret: Secret) -> models.QuerySet[models.Model]:
    """The row, with what is really stored beside what the column would decrypt."""
    as_text = KeyTextTransform(secret.key, "data") if secret.key else Cast(secret.column, models.TextField())
    stored: models.QuerySet[models.Model] = _rows(secret.model).filter(pk=secret.pk).annotate(ciphertext=as_text)
    return stored


def _rows(model: type[models.Model]) -> models.QuerySet[models.Model]:
    rows: models.QuerySet[models.Model] = model._default_manager.all()  # noqa: SLF001  # public, whatever its name
    return rows


def _ciphertext(secret: Secret) -> str | None:
    found: str | None = _stored(secret).values_list("ciphertext", flat=True).first()
    return found


def _opened(ciphertext: str | None) -> tuple[str, str] | None:
    """The key that opens it, and the text; None when no key does."""
    for key in settings.ENCRYPTION_KEYS if ciphertext else ():
        try:
            return key, Fernet(key).decrypt((ciphertext or "").encode()).decode()
        except InvalidToken:
            continue
    return None
