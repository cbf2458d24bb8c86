"""`manage.py rotate_encryption_keys`: everything under the first key, so that the others can go."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tenants.key_rotation import Rotation, fingerprint, rotate


class Command(BaseCommand):
    help = "Encrypt all stored secrets anew under the first of PETRA_ENCRYPTION_KEYS, and say which keys can go."

    def handle(self, *_args: Any, **_options: Any) -> None:
        found = rotate()
        total = sum(found.needed.values())
        self.stdout.write(
            f"Encrypted anew: {found.rotated}. Under the first key now: {_under_first(found)} of {total}."
        )
        for number, key in enumerate(settings.ENCRYPTION_KEYS, 1):
            self.stdout.write(f"Key {number} (fingerprint {fingerprint(key)}): {_verdict(found, number, key)}")
        if found.unreadable:
            raise CommandError(
                "No key opens these; the others were seen to. Keep older keys until they are found, or enter the "
                "secrets again:\n" + "\n".join(f"  {secret}" for secret in found.unreadable)
            )


def _under_first(found: Rotation) -> int:
    return found.needed[fingerprint(settings.ENCRYPTION_KEYS[0])]


def _verdict(found: Rotation, number: int, key: str) -> str:
    if number == 1:
        return "encrypts what is new."
    if count := found.needed[fingerprint(key)]:
        return f"still needed for {count}: somebody changed them meanwhile. Run this again."
    return "no longer needed here. Older backups need it: keep it with them."
