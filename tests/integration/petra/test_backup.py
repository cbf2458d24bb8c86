"""A backup, made and restored by the commands themselves, on SQLite and on PostgreSQL."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection

from petra.backup import DATABASE, MANIFEST
from tenants.key_rotation import fingerprint
from tests.architecture.source import ROOT
from tests.fixtures.services import Postgres, create_database

KEY, OTHER = Fernet.generate_key().decode(), Fernet.generate_key().decode()

MIGRATE = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("createcachetable")
"""
SEED = """
from datetime import timedelta
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.utils import timezone
from remediation.enums import RunState
from remediation.models import ActionRun, WorkOrder
from tenants.scoping import unscoped
from tests.factories import rows
lantern = rows.organization("Lantern before")
client = rows.tenant(lantern, "First Client")
rows.connection(client, client_secret="hunter2")
incident = rows.incident(client)
now = timezone.now()
with unscoped(reason="a test's rows"):
    order = WorkOrder.objects.create(tenant=client, incident=incident, step=1, idempotency_key="k")
    ActionRun.objects.create(
        tenant=client, order=order, incident=incident, step=1, action_key="lock_account", target_key="t", target={},
        title="Alice", lane="directory", state=RunState.RUNNING, ordered_at=now, due_at=now, fence="f", tries=1,
        lease_until=now - timedelta(seconds=1),
    )
Session.objects.create(session_key="stolen-with-the-backup", session_data="x", expire_date=now + timedelta(hours=9))
cache.set("a-tick", 1)
"""
CHANGE = """
from tenants.models import Organization
Organization.objects.update(name="Lantern after")
Organization.objects.create(name="Younger than the backup")
"""
TELL = """
import hashlib
import json
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.utils import timezone
from remediation.models import ActionRun
from remediation.sweeper import resume_stalled
from tenants.models import AuditEvent, Connection, Organization
from tenants.scoping import unscoped
with unscoped(reason="a test reads all"):
    before = ActionRun.objects.get().state
    resume_stalled(now=timezone.now())
    print(json.dumps({
        "organizations": list(Organization.objects.values_list("name", flat=True)),
        "secret": Connection.objects.get().client_secret,
        "run": [before, ActionRun.objects.get().state],
        "sessions": Session.objects.count(),
        "cached": cache.get("a-tick"),
        "trail": list(AuditEvent.objects.values_list("verb", flat=True)),
    }))
"""
NAMES = "from tenants.models import Organization; print(sorted(Organization.objects.values_list('name', flat=True)))"
RESTORED = {
    "organizations": ["Lantern before"],
    "secret": "hunter2",
    "run": ["running", "queued"],
    "sessions": 0,
    "cached": None,
    "trail": ["restore_backup"],
}


@dataclass(frozen=True)
class Installation:
    """A data folder and a database of one's own, used through `manage.py`."""

    folder: Path
    database: str = ""
    keys: str = KEY

    def manage(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        environment = {
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "petra.settings",
            "PETRA_PRODUCTION": "0",
            "PETRA_LOG_LEVEL": "ERROR",
            "PETRA_DATA_DIR": str(self.folder),
            "PETRA_ENCRYPTION_KEYS": self.keys,
        } | ({"DATABASE_URL": self.database} if self.database else {})
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100
        )

    def run(self, *arguments: str) -> str:
        done = self.manage(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def script(self, code: str) -> str:
        return self.run("shell", "--no-imports", "-c", code)

    def migrated(self, then: str = "") -> "Installation":
        self.script(MIGRATE + then)
        return self


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def installations(request, tmp_path) -> Iterator[tuple[Installation, Installation]]:
    """Two empty ones on the same engine."""
    folders = [tmp_path / name for name in ("first", "second")]
    if request.param == "SQLite":
        yield tuple(Installation(folder) for folder in folders)
        return
    if not shutil.which("pg_dump"):
        pytest.skip(
            "pg_dump is not on the PATH: install PostgreSQL's client programs (apt-get install postgresql-client)."
        )
    server: Postgres = request.getfixturevalue("own_postgres")
    databases = [create_database(server.url, f"backup_{uuid.uuid4().hex[:10]}") for _ in folders]
    yield tuple(Installation(folder, database) for folder, database in zip(folders, databases, strict=True))


def test_there_and_back(installations, tmp_path):
    first, second = installations
    first.migrated(SEED)
    file = tmp_path / "petra.backup"

    said = first.run("backup", str(file))
    assert f"fingerprints {fingerprint(KEY)}\n" in said
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "petra.backup"]
    with zipfile.ZipFile(file) as archive:
        content = archive.read(DATABASE) + archive.read(MANIFEST)
    assert [word for word in (KEY, "hunter2", "stolen-with-the-backup") if word.encode() in content] == []
    assert "is there already" in first.manage("backup", str(file)).stderr

    # What holds something is not replaced by mistake, nor by what cannot be used.
    first.script(CHANGE)
    refused = first.manage("restore", str(file))
    assert (refused.returncode, "say --replace" in refused.stderr) == (1, True)
    refused = replace(first, keys=OTHER).manage("restore", str(file), "--replace")
    assert (refused.returncode, fingerprint(KEY) in refused.stderr) == (1, True)
    assert first.script(NAMES) == "['Lantern after', 'Younger than the backup']\n"

    first.run("restore", str(file), "--replace")
    assert json.loads(first.script(TELL)) == RESTORED
    first.run("restore", str(file), "--replace")  # a restored database can be restored into
    assert json.loads(first.script(TELL)) == RESTORED

    # On another machine, with a new key in front of the one that is needed.
    elsewhere = replace(second, keys=f"{OTHER},{KEY}")
    elsewhere.run("restore", str(file))
    assert json.loads(elsewhere.script(TELL)) == RESTORED


def test_what_the_database_does_not_take_leaves_the_old_rows(installations, tmp_path):
    """The sum is right and the content is not: the database itself says no."""
    first, _ = installations
    first.migrated(SEED)
    file, broken = tmp_path / "petra.backup", tmp_path / "broken.backup"
    first.run("backup", str(file))
    rewrite(file, broken, content=b"PGDMP or SQLite, but not really")
    refused = first.manage("restore", str(broken), "--replace")
    assert (refused.returncode, "Nothing was restored" in refused.stderr) == (1, True), refused.stderr
    assert first.script(NAMES) == "['Lantern before']\n"


def rewrite(source: Path, target: Path, *, content: bytes | None = None, **changes: object) -> None:
    """A copy of a backup with other content (its sum made right), or with other words in its manifest."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        manifest = json.loads(old.read(MANIFEST))
        if content is not None:
            changes |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        new.writestr(DATABASE, old.read(DATABASE) if content is None else content)
        new.writestr(MANIFEST, json.dumps(manifest | changes))


# --- What is refused before anything is touched -----------------------------------------------------------------------
REFUSED = {
    "a sum that is not right": ({"sha256": "0" * 64}, "its SHA-256 is not the one in its manifest"),
    "another engine": ({"engine": "oracle"}, "This backup is of oracle"),
    "a newer schema": (
        {"version": "9.9", "migrations": [["tenants", "0099_later"]]},
        "does not know tenants.0099_later",
    ),
    "keys that are not here": ({"keys": ["0123456789abcdef"]}, "fingerprints 0123456789abcdef"),
    "another format": ({"format": 7}, "has format 7"),
    "a manifest of something else": ({"sizes": 7}, "no manifest of a backup of Petra"),
}


@pytest.fixture(scope="module")
def backup(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("backup")
    Installation(folder / "data").migrated().run("backup", str(folder / "petra.backup"))
    return folder / "petra.backup"


@pytest.mark.django_db
@pytest.mark.parametrize(("changes", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(backup, tmp_path, changes, words):
    file = tmp_path / "changed.backup"
    rewrite(backup, file, **{"engine": connection.vendor, **changes})  # that of this test run
    with pytest.raises(CommandError) as refused:
        call_command("restore", str(file), "--replace")
    assert words in str(refused.value)


@pytest.mark.django_db
@pytest.mark.parametrize("damage", ["cut off", "a bit fell over", "no zip", "not there"])
def test_a_damaged_file_is_refused(backup, tmp_path, damage):
    file = tmp_path / "damaged.backup"
    whole = bytearray(backup.read_bytes())
    whole[1000] ^= 1
    content = {"cut off": whole[:5000], "a bit fell over": whole, "no zip": b"hello", "not there": None}[damage]
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CommandError, match="Nothing was restored"):
        call_command("restore", str(file), "--replace")


@pytest.mark.django_db
def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CommandError, match="There is no folder"):
        call_command("backup", str(tmp_path / "nowhere" / "petra.backup"))
