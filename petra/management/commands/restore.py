"""`manage.py restore FILE`: a backup in the place of the database."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from petra.backup import BackupRefused, backup_restore
from petra.snapshots import SnapshotFailed


class Command(BaseCommand):
    help = "Put a backup in the place of the database. End web, workers and beat before, and start them afterwards."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("file", type=Path, help="the backup")
        parser.add_argument("--replace", action="store_true", help="also when the database holds something: it is lost")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            manifest = backup_restore(options["file"].expanduser(), may_replace=options["replace"])
        except (BackupRefused, SnapshotFailed) as error:
            raise CommandError(f"Nothing was restored. {error}") from error
        self.stdout.write(
            f"Restored: the state of {manifest.made_at}, made by Petra {manifest.version}, migrated to this version.\n"
            "Everybody signs in anew. What workers were at when the backup was made goes back to the queue within "
            "minutes, and is read at Microsoft before it is sent again. What was done since is not in it: look into "
            "the incidents that were open."
        )
