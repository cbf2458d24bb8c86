"""The processes of docker-compose.yml on this machine: the very commands and environment, with the addresses of here."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.fixtures.services import Postgres, Redis, create_database
from tests.fixtures.simulator import ROOT, free_port

FILE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = FILE["services"]
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


@dataclass
class Compose:
    """Starts services by name. `places` leads from what the file names to what there is here."""

    folder: Path
    given: dict[str, str]  # what .env would say
    places: dict[str, str]
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, name: str) -> "subprocess.Popen[bytes]":
        """Start the command of a service; what it says stands in its log."""
        self.running[name] = self.run(name, SERVICES[name]["command"], self.log(name))
        return self.running[name]

    def run(self, name: str, command: list[str], log: Path) -> "subprocess.Popen[bytes]":
        """Start any command as in the container of a service, in a process group of its own."""
        translated = [self.here(word) for word in command]
        with log.open("ab") as output:
            return subprocess.Popen(
                translated,
                cwd=ROOT,
                env=self.environment(name),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def environment(self, name: str) -> dict[str, str]:
        """That of the service and of the image; nothing of this process but what finds programs."""
        asked = SERVICES[name].get("environment", {})
        image = {"PETRA_DATA_DIR": str(self.folder / "data"), "PETRA_STATIC_ROOT": str(self.folder / "static")}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        said = {key: self.here(self._interpolated(str(value))) for key, value in asked.items()}
        return {"PATH": path, "PYTHONUNBUFFERED": "1", "PETRA_PRODUCTION": "1", **image, **said}

    def is_healthy(self, name: str) -> bool:
        """What the service's health check says."""
        kind, *command = SERVICES[name]["healthcheck"]["test"]
        if kind == "CMD-SHELL":
            command = ["sh", "-c", command[0].replace("$$", "$")]
        return self.run(name, command, self.log("health")).wait(60) == 0

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def here(self, word: str) -> str:
        known = "|".join(re.escape(there) for there in self.places)  # in one go: what was put in is not looked at again
        return re.sub(known, lambda found: self.places[found[0]], word)

    def _interpolated(self, text: str) -> str:
        def value(found: "re.Match[str]") -> str:
            name, how, words = found.groups()
            assert name in self.given or how == "-", f"{name} is needed: {words}"
            return self.given.get(name) or words

        return _VARIABLE.sub(value, text)

    def stop(self) -> dict[str, int]:
        """Ask each to end, as compose does; returns how they did. Those that outlive their grace are killed."""
        for process in self.running.values():
            process.terminate()
        ended = {}
        for name, process in self.running.items():
            grace = int(SERVICES[name].get("stop_grace_period", "10s").removesuffix("s"))
            try:
                ended[name] = process.wait(grace)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                ended[name] = process.wait()
        return ended


def composed(folder: Path, postgres: Postgres, redis: Redis, secrets: dict[str, str]) -> Compose:
    """The services of the file, with a database of their own, secrets in files, and free ports."""
    (folder / "secrets").mkdir()
    for name, secret in secrets.items():
        (folder / "secrets" / name).write_text(f"{secret}\n")
    web, cloud = free_port(), free_port()
    database = create_database(postgres.url, f"compose_{web}")
    places = {
        "postgres://petra@db:5432/petra": database,
        "redis://redis:6379/0": redis.url,
        "/run/secrets/": f"{folder / 'secrets'}/",
        "/var/lib/petra/": f"{folder}/",
        "/tmp/": f"{folder}/",  # noqa: S108  # as the file says
        "simulator:8100": f"127.0.0.1:{cloud}",
        "0.0.0.0": "127.0.0.1",  # noqa: S104  # as the file says
        "8000": str(web),
        "8100": str(cloud),
    }
    given = {
        "PETRA_ALLOWED_HOSTS": "petra.example.com",
        "PETRA_TRUSTED_ORIGINS": "https://petra.example.com",
        "PETRA_SIMULATOR_URL": "http://simulator:8100",
        "PETRA_DEMO": "1",
    }
    return Compose(folder, given, places)
