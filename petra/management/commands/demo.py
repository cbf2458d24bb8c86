"""`manage.py demo`: everything in one command, on SQLite and an embedded queue unless the environment names others.

Migrates, seeds, and runs the simulated Microsoft cloud, the worker and the web server as children. Ctrl-C ends all.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from graph.simulator.control import SimulatorControl
from graph.simulator.world.tenant import registration
from petra.celery import app
from petra.demo import MEMBERS, demo_reset, members_ensure
from tenants.enums import CloudName
from tenants.models import Tenant

HOST = "127.0.0.1"
GRACE = 8  # seconds that the children get to end by themselves
QUEUES = (settings.STRIKE_QUEUE, settings.WORK_QUEUE)
QUICK = ("--without-mingle", "--without-gossip", "--without-heartbeat")


class Command(BaseCommand):
    help = "Run the whole demo: simulated Microsoft cloud, worker and web server."
    requires_system_checks: list[str] = []  # the database may not be there yet

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--reload", action="store_true", help="Restart the web server when code changes.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not settings.DEMO or not settings.SIMULATOR_URL:
            self._again_with_simulator(options)
        port, simulator_port = settings.PORT, int(settings.SIMULATOR_URL.rsplit(":", 1)[1])
        for wanted, variable in ((port, "PORT"), (simulator_port, "PETRA_SIMULATOR_PORT")):
            _check_free(wanted, variable)
        os.umask(0o077)  # queue messages, database and keys are nobody else's business
        with _children() as start:
            start("simulator", [sys.executable, "-m", "graph.simulator", *_simulator_options(simulator_port)])
            password = self._prepare()
            start("worker", _worker())
            web = start("web", _web(port, reload=options["reload"]))
            _wait_for_web(web, port)
            self._tell(port, password)
            _wait_for_end(start)

    def _again_with_simulator(self, options: dict[str, Any]) -> None:
        """Start anew with the simulator's address in the environment: settings are read only once."""
        port = os.environ.get("PETRA_SIMULATOR_PORT", "8100")
        os.environ["PETRA_SIMULATOR_URL"] = f"http://{HOST}:{port}"
        os.environ.setdefault("PETRA_LOG_LEVEL", "WARNING")  # the address should stay in sight
        shared = registration()
        os.environ.setdefault("PETRA_APPLICATION_CLOUD", CloudName.SIMULATOR)
        os.environ.setdefault("PETRA_APPLICATION_ID", shared["clientId"])
        os.environ.setdefault("PETRA_APPLICATION_SECRET", shared["clientSecret"])
        ends = timezone.now() + timedelta(days=300)
        os.environ.setdefault("PETRA_APPLICATION_SECRET_EXPIRES", ends.date().isoformat())
        command = [sys.executable, "manage.py", "demo", *(["--reload"] if options["reload"] else [])]
        os.chdir(settings.BASE_DIR)
        os.execv(sys.executable, command)  # noqa: S606  # our own interpreter and our own file  # nosec B606

    def _prepare(self) -> str:
        """Migrate and, the first time, seed. Returns the password of the demo's sign-ins."""
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        password = os.environ.get("PETRA_DEMO_PASSWORD") or _kept_password(settings.DATA_DIR)
        members_ensure(password=password)
        _declare_queue()
        SimulatorControl(settings.SIMULATOR_URL).wait_until_up()
        if not Tenant.objects.filter(is_demo=True).exists():
            demo_reset(by=None)
        return password

    def _tell(self, port: int, password: str) -> None:
        lines = [
            "",
            f"  Petra is ready:  http://{HOST}:{port}/",
            "",
            *(f"  {email:<26} {role.label}{', read-only' * read_only}" for email, _, role, read_only in MEMBERS),
            f"  Password: {password}",
            "",
            "  Ctrl-C ends everything.",
            "",
        ]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


class _Start:
    """Starts children, each in a process group of its own, so that all of it can be ended."""

    def __init__(self) -> None:
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def __call__(self, name: str, command: list[str]) -> "subprocess.Popen[bytes]":
        child = subprocess.Popen(command, cwd=settings.BASE_DIR, start_new_session=True)  # noqa: S603  # our own command  # nosec B603
        self.running[name] = child
        return child

    def end_all(self) -> None:
        for child in self.running.values():
            _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        for child in self.running.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(child, signal.SIGKILL)
                child.wait()


def _signal(child: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    if child.poll() is None:
        os.killpg(child.pid, number)


@contextmanager
def _children() -> Iterator[_Start]:
    start = _Start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        yield start
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        start.end_all()


def _wait_for_end(start: _Start) -> None:
    """Return when web or cloud has ended: without them the demo is none. A worker that died is replaced.

    Raises:
        CommandError: when one of them ended by itself.
    """
    while True:
        for name, child in list(start.running.items()):
            if child.poll() is None:
                continue
            if name != "worker":
                raise CommandError(f"The {name} process ended with status {child.returncode}; see its output above.")
            start(name, _worker())  # what it was at stands in the database; the next one finds it
        time.sleep(0.5)


def _wait_for_web(web: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and web.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.1)
    raise CommandError("The web server did not start; see its output above.")


def _check_free(port: int, variable: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CommandError(f"Port {port} is taken. Set {variable} to a free one, and try again.") from error


def _kept_password(folder: Path) -> str:
    """The password made at the first start, kept in the data folder so that the next start prints the same."""
    path = folder / "demo_password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(12), encoding="ascii")
    return path.read_text(encoding="ascii").strip()


def _declare_queue() -> None:
    """Make the queues' tables before anybody uses them: two processes that make one at once read it half written."""
    with app.connection_for_write() as connection:
        for name in QUEUES:
            app.amqp.queues[name].bind(connection.default_channel).declare()


def _simulator_options(port: int) -> list[str]:
    return ["--port", str(port), "--database", str(settings.DATA_DIR / "simulator.sqlite3")]


def _worker() -> list[str]:
    """One worker process with threads: the file queue does not bear several."""
    celery = [sys.executable, "-m", "celery", "-A", "petra", "--quiet", "worker"]
    beat = ["-B", "--schedule", str(settings.DATA_DIR / "beat")]
    pool = ["-P", "threads", "-c", "12", "-Q", ",".join(QUEUES)]
    return [*celery, *pool, *beat, *QUICK, "-l", "WARNING"]


def _web(port: int, *, reload: bool) -> list[str]:
    server = [sys.executable, "-m", "uvicorn", "petra.asgi:application", "--host", HOST, "--port", str(port)]
    quiet = ["--log-level", "warning", "--no-access-log", "--timeout-graceful-shutdown", "2"]
    return [*server, *quiet, *(["--reload"] if reload else [])]
