"""Secrets at rest: text encrypted with the newest of the installation's keys, readable with any of them."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

__all__ = ["EncryptedTextField", "InvalidToken", "decrypt", "encrypt"]


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """Ciphertext of `text` under the newest key; url-safe ASCII."""
    return _box(tuple(settings.ENCRYPTION_KEYS)).encrypt(text.encode()).decode("ascii")


def decrypt(ciphertext: str) -> str:
    """The text behind a ciphertext of any of the configured keys.

    Raises:
        InvalidToken: when none of the keys fits.
    """
    return _box(tuple(settings.ENCRYPTION_KEYS)).decrypt(ciphertext.encode()).decode()


if TYPE_CHECKING:
    _TextField = models.TextField[str, str]  # Django's fields are generic to the type checker only
else:
    _TextField = models.TextField


class EncryptedTextField(_TextField):
    """Text that the database only ever sees encrypted. Empty stays empty. It cannot be searched."""

    def get_prep_value(self, value: Any) -> Any:
        return encrypt(value) if value else value

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> str | None:
        return decrypt(value) if value else value
