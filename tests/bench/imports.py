"""Reading an exported log into PostgreSQL, against the least that could be done with it: a loop that parses the JSON
and copies (id, time, raw) into a table with a primary key. `BENCH_RECORDS` in the environment says how many records.
"""

import json
import os
import subprocess
import sys
import time
from io import StringIO
from itertools import islice
from pathlib import Path

import psycopg2

from tests.bench.records import record_lines
from tests.fixtures.services import Postgres

ROOT = Path(__file__).parents[2]
BATCH = 5000  # rows of one COPY, as many as Petra's
BARE = "CREATE TABLE bare (id text PRIMARY KEY, at timestamptz NOT NULL, raw bytea NOT NULL)"


def measure(folder: Path) -> dict[str, float]:
    """Records a second both ways, of the same file into the same server; Petra's with the start of its command.

    Raises:
        Missing: when PostgreSQL's programs are not on this machine.
    """
    count = int(os.environ.get("BENCH_RECORDS", "1000000"))
    path = folder / "audit.jsonl"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(record_lines(count))
    with Postgres() as postgres:
        bare = count / _bare(postgres.url, path, count)
        rate = count / _ours(postgres.url, path, count, folder / "data")
    path.unlink()
    return {
        "import_records": count,
        "import_rate": round(rate),
        "import_bare_rate": round(bare),
        "import_rate_ratio": round(rate / bare, 3),
    }


def _bare(url: str, path: Path, count: int) -> float:
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute(BARE)
    began = time.perf_counter()
    with path.open(encoding="utf-8") as file:
        while lines := list(islice(file, BATCH)):
            with connection, connection.cursor() as cursor:
                cursor.copy_expert("COPY bare FROM STDIN", StringIO("".join(map(_bare_row, lines))))
    seconds = time.perf_counter() - began
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM bare")
        assert cursor.fetchone() == (count,)
        cursor.execute("DROP TABLE bare")
    connection.close()
    return seconds


def _bare_row(line: str) -> str:
    record = json.loads(line)
    return f"{record['Id']}\t{record['CreationTime']}Z\t\\\\x{line.encode().hex()}\n"


def _ours(url: str, path: Path, count: int, data: Path) -> float:
    environment = os.environ | {"DATABASE_URL": url, "PETRA_PRODUCTION": "0"}
    environment |= {"PETRA_DATA_DIR": str(data), "PETRA_LOG_LEVEL": "ERROR"}
    command = [sys.executable, str(ROOT / "manage.py")]
    subprocess.run([*command, "migrate", "-v", "0"], env=environment, check=True)
    reading = [*command, "import_audit_log", str(path), "--tenant", "Bench", "--create", "--json"]
    began = time.perf_counter()
    told = subprocess.run(reading, env=environment, check=True, capture_output=True, text=True).stdout
    seconds = time.perf_counter() - began
    assert json.loads(told) == {"rows": count, "new": count, "duplicates": 0, "unreadable": 0}
    return seconds
