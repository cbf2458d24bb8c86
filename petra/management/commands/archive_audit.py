"""`manage.py archive_audit`: retention of the audit trail. The only thing that ever removes an entry."""

from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tenants.audit.archive import ArchiveRefused, archive_chain
from tenants.audit.names import chain_name
from tenants.audit.verification import chains


class Command(BaseCommand):
    help = (
        "Move entries that are older than so many days to closed segments in a folder, and remove them here. "
        "What is removed is in no later backup: keep the folder."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--older-than", type=int, required=True, metavar="DAYS", help="30 at least")
        parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="where the segments go")

    def handle(self, *_args: Any, **options: Any) -> None:
        days, folder = options["older_than"], options["to"].expanduser().absolute()
        if days < 30:
            raise CommandError("The last 30 days stay. Give 30 or more.")
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}. Make it, for its owner only.")
        before, count = timezone.now() - timedelta(days=days), 0
        for key in chains():
            try:
                for done in archive_chain(*key, before=before, folder=folder):
                    count += 1
                    first, last = done.segment.first, done.segment.last
                    self.stdout.write(
                        f"{chain_name(*key)}: entries {first} to {last} are in {done.path.name}, and removed here. "
                        f"Last hash {done.segment.hash}, SHA-256 of the file {done.segment.sha256}"
                    )
            except ArchiveRefused as error:
                raise CommandError(f"{chain_name(*key)}: {error}") from error
        if not count:
            self.stdout.write(f"No entry is older than {days} days. Nothing was changed.")
