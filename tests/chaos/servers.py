"""A PostgreSQL and a Redis of the run's own, on free ports: what is restarted and emptied here is nobody else's."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fixtures.simulator import free_port


def _unprivileged() -> str | None:
    """PostgreSQL does not start as root: the user to start it as, None for the present one."""
    if os.geteuid():
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _binaries() -> Path:
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not places:
        raise LookupError("PostgreSQL's server programs were not found: install postgresql, or put initdb on the PATH.")
    return places[-1]


class OwnPostgres:
    def __init__(self, folder: Path) -> None:
        self._folder, self._user, self._port = folder, _unprivileged(), free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgres://petra@127.0.0.1:{self._port}/postgres"

    def make(self) -> None:
        if self._user:
            shutil.chown(self._folder, self._user)
        options = ["-D", str(self._folder / "rows"), "-U", "petra", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([_binaries() / "initdb", *options], check=True, capture_output=True, user=self._user)
        self.start()

    def start(self) -> None:
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self._folder), "fsync": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(_binaries() / "postgres"), "-D", str(self._folder / "rows"), "-p", str(self._port), *options]
        log = (self._folder / "log").open("ab")
        with log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, user=self._user)
        _wait_for(self._port)

    def stop(self) -> None:
        """A fast shutdown: connections are cut."""
        if self._process:
            self._process.send_signal(2)
            self._process.wait(30)

    def restart(self) -> None:
        self.stop()
        self.start()


class OwnRedis:
    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        command = ["redis-server", "--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--dir"]
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen([*command, str(self._folder)], stdout=log, stderr=log)
        _wait_for(self._port)

    def flush(self) -> None:
        with socket.create_connection(("127.0.0.1", self._port), timeout=5) as connection:
            connection.sendall(b"FLUSHALL\r\n")
            assert connection.recv(100).startswith(b"+OK")

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(10)


@contextmanager
def own_servers() -> Iterator[tuple[OwnPostgres, OwnRedis]]:
    with tempfile.TemporaryDirectory(prefix="petra-chaos-pg-", ignore_cleanup_errors=True) as folder:
        postgres, redis = OwnPostgres(Path(folder)), OwnRedis(Path(folder))
        try:
            postgres.make()
            redis.start()
            yield postgres, redis
        finally:
            postgres.stop()
            redis.stop()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"Nothing listens on port {port} after 30 seconds.")
