"""`manage.py prepare`: the database as this version wants it, before the other processes start."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Migrate the database and make the table of the cache. Harmless when both is done already."

    def handle(self, *_args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=options["verbosity"], stdout=self.stdout)
        call_command("createcachetable", verbosity=options["verbosity"], stdout=self.stdout)
