"""`manage.py demo_reset`: the demo back to its beginning."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from graph.simulator.control import SimulatorUnavailable
from petra.demo import DemoUnavailable, demo_reset


class Command(BaseCommand):
    help = "Rebuild the simulated cloud's world and the demo tenants' incidents. The audit trail is kept."

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            summary = demo_reset(by=None)
        except (DemoUnavailable, SimulatorUnavailable) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Demo reset: {summary.tenants} tenants, {summary.incidents} incidents.")
