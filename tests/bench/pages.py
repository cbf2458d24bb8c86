"""How long pages take with a tenant's log in PostgreSQL: over HTTP through uvicorn, warm, and how that grows with the log.

`BENCH_RECORDS` in the environment says how many records (1,000,000), `BENCH_REQUESTS` how often each page is asked for.
Growth is against a tenth of the records: both servers are asked in turn, so that what else the machine does meets both.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import requests

from tests.bench.records import BEGIN, SPAN, record_lines
from tests.fixtures.services import Postgres, create_database
from tests.fixtures.simulator import free_port
from tests.fixtures.stack import PASSWORD

ROOT = Path(__file__).parents[2]
WARM = 5  # requests before those that count
MIDDLE = BEGIN + SPAN / 2
# Filters by name: each alone, with values that much, little or nothing matches.
FILTERS = {
    "dates": f"since={MIDDLE:%Y-%m-%d}&until={MIDDLE:%Y-%m-%d}",
    "operation": "operation=HardDelete",
    "result": "result=failed",
    "country": "country=FR",
    "country_not": "country=FR&country_is=not",
    "network": "network=a",
    "hosting": "hosting=yes",
    "application": "application=outlook",
    "user": "user=person399",
    "subject": "subject=Quarterly+plan+77",
    "subject_none": "subject=in+no+mail+at+all",
    "sender": "sender=nobody%40nowhere.example",
    "ip": "ip=198.51.100.77",
    "attacker": "who=attacker",
}
Figures = dict[str, float]
Environment = dict[str, str]


@dataclass(frozen=True, slots=True)
class Site:
    """A server, a session signed in there, and the path of each page by name."""

    address: str
    session: requests.Session
    pages: dict[str, str]

    def ask(self, page: str) -> float:
        """How long a page takes, in ms."""
        path = self.pages[page]
        # The logs of an incident alone, as htmx asks for them; the whole page is a page of its own here.
        headers = {"HX-Request": "true"} if "/logs/" in path else {}
        began = time.perf_counter()
        answer = self.session.get(self.address + path, headers=headers, timeout=60)
        took = time.perf_counter() - began
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return took * 1000


def measure(folder: Path) -> dict[str, float]:
    """Per page the p95 of all requests at the full number of records, in ms, and its ratio to that at a tenth."""
    count = int(os.environ.get("BENCH_RECORDS", "1000000"))
    with Postgres() as postgres:
        small = filled(folder, create_database(postgres.url, "tenth"), count // 10)
        large = filled(folder, create_database(postgres.url, "whole"), count)
        with served(small) as tenth, served(large) as whole:
            return {"page_records": count, **figures_of(tenth, whole)}


def figures_of(tenth: Site, whole: Site) -> Figures:
    p95, growth = {}, {}
    for page in whole.pages:
        small, large = p95_of(page, tenth, whole)
        p95[f"page_p95_ms.{page}"] = round(large, 1)
        growth[f"page_growth.{page}"] = round(large / small, 2)
    return {
        **p95,
        **growth,
        "page_p95_ms": max(p95.values()),
        "page_growth": max(growth.values()),
    }


def filled(folder: Path, url: str, count: int) -> Environment:
    """The environment of a database with so many records."""
    environment = environment_of(folder / str(count), url)
    path = folder / "audit.jsonl"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(record_lines(count))
    manage = [sys.executable, str(ROOT / "manage.py")]
    subprocess.run([*manage, "prepare"], env=environment, check=True)
    reading = [*manage, "import_audit_log", str(path), "--tenant", "Bench", "--create", "--json"]
    subprocess.run(reading, env=environment, check=True, stdout=subprocess.DEVNULL)
    path.unlink()
    connection = psycopg2.connect(url)
    connection.autocommit = True
    connection.cursor().execute("VACUUM ANALYZE")  # as autovacuum does some minutes after an import
    connection.close()
    return environment


def environment_of(data: Path, url: str) -> Environment:
    return os.environ | {
        "DATABASE_URL": url,
        "PETRA_PRODUCTION": "0",
        "PETRA_DATA_DIR": str(data),
        "PETRA_LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "petra.settings",
    }


@contextmanager
def served(environment: Environment) -> Iterator[Site]:
    """A server of these records, and an analyst signed in there."""
    made = [sys.executable, "-m", "tests.bench.pages_desk"]
    told = subprocess.run(made, env=environment, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    with _server(environment) as address:
        yield Site(address, _sign_in(address), pages_of(json.loads(told.splitlines()[-1])))


def pages_of(desk: dict[str, str | int]) -> dict[str, str]:
    """Every page by name."""
    tenant = f"/t/{desk['tenant']}"
    incident, person = f"{tenant}/incidents/{desk['incident']}/", f"{tenant}/users/{desk['account']}/"
    deep = f"before={int(MIDDLE.timestamp()) * 1_000_000}-0"
    pages = {
        "incident": incident,
        "incident_logs": f"{incident}logs/?tab=exchange",
        "incident_logs_deep": f"{incident}logs/?tab=exchange&{deep}",
        "incident_record": f"{incident}logs/{desk['record']}/",
        "user": f"{person}?tab=exchange",
        "users": f"{tenant}/users/",
        "tenant_logins": f"{tenant}/logs/logins/",
        "tenant_exchange": f"{tenant}/logs/exchange/",
        "tenant_exchange_deep": f"{tenant}/logs/exchange/?{deep}",
    }
    pages |= {f"incident_logs_{name}": f"{incident}logs/?tab=exchange&{query}" for name, query in FILTERS.items()}
    return pages | {f"tenant_exchange_{name}": f"{tenant}/logs/exchange/?{query}" for name, query in FILTERS.items()}


def p95_of(page: str, *sites: Site) -> list[float]:
    """The p95 of a page at each site, in ms."""
    count = int(os.environ.get("BENCH_REQUESTS", "200"))
    times = [[site.ask(page) for site in sites] for _ in range(WARM + count)][WARM:]
    return [sorted(of_one)[int(count * 0.95) - 1] for of_one in zip(*times, strict=True)]


@contextmanager
def _server(environment: Environment) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "petra.asgi:application", "--port", str(port), "--no-access-log"]
    with subprocess.Popen([*command, "--log-level", "error"], env=environment, cwd=ROOT) as process:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while not _answers(address):
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise RuntimeError("The server did not start.")
            time.sleep(0.1)
        try:
            yield address
        finally:
            process.terminate()


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/healthz", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def _sign_in(address: str) -> requests.Session:
    session = requests.Session()
    form = session.get(f"{address}/sign-in/", timeout=30).text
    (token,) = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', form))
    data = {"login": "analyst@petra.example", "password": PASSWORD, "csrfmiddlewaretoken": token}
    answer = session.post(f"{address}/sign-in/", data=data, timeout=30)
    assert "sign-out" in answer.text, answer.status_code
    return session
