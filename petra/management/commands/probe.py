"""`manage.py probe PART…`: what /readyz tells, for processes that have no address."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from petra.readiness import ASKED, parts


class Command(BaseCommand):
    help = "End with status 0 if these parts are there: for health checks of containers and supervisors."
    requires_system_checks: list[str] = []  # asked every few seconds

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("parts", nargs="+", choices=sorted(ASKED))

    def handle(self, *_args: Any, **options: Any) -> None:
        found = parts(options["parts"])
        missing = [name for name, part in found.items() if not part.is_ready]
        if missing:
            raise CommandError(f"Not ready: {', '.join(missing)}.")
        self.stdout.write(f"Ready: {', '.join(found)}.")
