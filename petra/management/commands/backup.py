"""`manage.py backup FILE`: the whole installation in one file, keys excepted."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from petra.backup import BackupRefused, Manifest, backup_write
from petra.snapshots import SnapshotFailed


class Command(BaseCommand):
    help = "Write the database, as of one moment, to a new file. Petra may go on working meanwhile."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("file", type=Path, help="the file to make")

    def handle(self, *_args: Any, **options: Any) -> None:
        path: Path = options["file"].expanduser().absolute()
        try:
            manifest = backup_write(path)
        except (BackupRefused, SnapshotFailed) as error:
            raise CommandError(f"No backup was made. {error}") from error
        self.stdout.write(_told(path, manifest))


def _told(path: Path, manifest: Manifest) -> str:
    which = f"the keys with the fingerprints {', '.join(manifest.keys)}" if manifest.keys else "whose secrets come yet"
    return "\n".join(
        [
            f"Backup written: {path} ({path.stat().st_size:,} bytes, {manifest.engine}, Petra {manifest.version}).",
            f"SHA-256 of the database in it: {manifest.sha256}",
            "The keys are not in it; the clients' secrets are, encrypted. Keep in another place than this file:",
            f"  PETRA_ENCRYPTION_KEYS, {which}",
            "  PETRA_SECRET_KEY, which may also be made anew",
        ]
    )
