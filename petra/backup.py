"""A backup: one zip file with the database as of one moment, and a manifest that says what is needed to use it."""

import hashlib
import json
import os
import shutil
import tomllib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from petra import snapshots
from tenants import audit
from tenants.audit import PETRA, Act, Actor
from tenants.key_rotation import fingerprint, keys_in_use
from tenants.models import AuditEvent, Member, Organization

FORMAT = 1
MANIFEST, DATABASE = "manifest.json", "database"


class BackupRefused(Exception):
    """It cannot be written or used. The message says why; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself. `keys`: fingerprints of the encryption keys that open the secrets in it."""

    format: int
    version: str
    made_at: str
    engine: str
    migrations: list[list[str]]
    keys: list[str]
    bytes: int
    sha256: str


# --- Writing ----------------------------------------------------------------------------------------------------------
def backup_write(path: Path) -> Manifest:
    """Write a backup of the database to a new file, readable by its owner only.

    Raises:
        BackupRefused: when the file is there already, or its folder is not.
        SnapshotFailed: when the database cannot be read.
    """
    if path.exists():
        raise BackupRefused(f"{path} is there already. Name a new file.")
    if not path.parent.is_dir():
        raise BackupRefused(f"There is no folder {path.parent}. Make it, for its owner only.")
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            manifest = _write(file, path.parent)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except OSError as error:
        raise BackupRefused(f"{path} cannot be written: {error}") from error
    except DatabaseError as error:
        raise BackupRefused(f"The database cannot be read; has it been migrated? {error}") from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


def _write(file: IO[bytes], folder: Path) -> Manifest:
    keys = sorted(keys_in_use().needed)
    migrations = sorted(list(applied) for applied in MigrationRecorder(connection).applied_migrations())
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(DATABASE, "w", force_zip64=True) as stream:
            summing = _Summing(stream)
            snapshots.dump(summing, folder=folder)  # type: ignore[arg-type]  # it is only written to
        manifest = Manifest(
            format=FORMAT,
            version=_version(),
            made_at=timezone.now().isoformat(timespec="seconds"),
            engine=connection.vendor,
            migrations=migrations,
            keys=keys,
            bytes=summing.bytes,
            sha256=summing.sha256.hexdigest(),
        )
        archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))
    return manifest


class _Summing:
    """Passes bytes on, counts them and adds them up."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.sha256 = hashlib.sha256()
        self.bytes = 0

    def write(self, data: bytes) -> int:
        self.sha256.update(data)
        self.bytes += len(data)
        return self._stream.write(data)


def _version() -> str:
    text = (settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])


# --- Restoring --------------------------------------------------------------------------------------------------------
def backup_restore(path: Path, *, may_replace: bool) -> Manifest:
    """Put a backup in the place of the database, and migrate it to this version.

    Raises:
        BackupRefused: when it is damaged, of another engine or a newer version, its keys are missing here, or the
            database holds something and `may_replace` is not given.
        SnapshotFailed: when the database does not take it; the old rows are there still.
    """
    with _opened(path) as archive:
        manifest = _manifest(archive)
        for check in (_check_sum, _check_engine, _check_schema, _check_keys):
            check(archive, manifest)
        if not may_replace and not is_database_empty():
            raise BackupRefused(
                "The database holds an organization, people or an audit trail. Make a backup of it, end all processes "
                "of Petra, and say --replace if all of that may go."
            )
        with archive.open(DATABASE) as stream:
            snapshots.load(stream)
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    _note(manifest)
    return manifest


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise BackupRefused(f"{path} cannot be read as a backup of Petra: {error}") from error
    with archive:
        yield archive


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    try:
        told: dict[str, Any] = json.loads(archive.read(MANIFEST))
        if told["format"] != FORMAT:
            raise BackupRefused(
                f"This backup has format {told['format']}; this version of Petra reads format {FORMAT}."
            )
        return Manifest(**told)
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise BackupRefused("This file has no manifest of a backup of Petra, or a damaged one.") from error


def _check_sum(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    with archive.open(DATABASE) as stream, open(os.devnull, "wb") as nowhere:  # noqa: PTH123  # no path of ours
        summing = _Summing(nowhere)
        try:
            shutil.copyfileobj(stream, summing)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError) as error:
            raise BackupRefused(f"The backup is damaged: {error}. Take another one.") from error
    if (summing.bytes, summing.sha256.hexdigest()) != (manifest.bytes, manifest.sha256):
        raise BackupRefused("The backup is damaged: its SHA-256 is not the one in its manifest. Take another one.")


def _check_engine(_archive: zipfile.ZipFile, manifest: Manifest) -> None:
    if manifest.engine != connection.vendor:
        raise BackupRefused(
            f"This backup is of {manifest.engine}, and DATABASE_URL names {connection.vendor}: one cannot take the "
            "other's."
        )


def _check_schema(_archive: zipfile.ZipFile, manifest: Manifest) -> None:
    known = MigrationLoader(None).disk_migrations
    unknown = [f"{app}.{name}" for app, name in manifest.migrations if (app, name) not in known]
    if unknown:
        raise BackupRefused(
            f"This backup was made by Petra {manifest.version}; this one ({_version()}) is older, or has other parts: "
            f"it does not know {', '.join(unknown[:3])}. Install that version, restore, and go on from there."
        )


def _check_keys(_archive: zipfile.ZipFile, manifest: Manifest) -> None:
    missing = sorted(set(manifest.keys) - {fingerprint(key) for key in settings.ENCRYPTION_KEYS})
    if missing:
        raise BackupRefused(
            "The secrets in this backup are under keys that are not here. Add to PETRA_ENCRYPTION_KEYS the keys with "
            f"the fingerprints {', '.join(missing)}."
        )


def is_database_empty() -> bool:
    """Whether nobody would miss what is in it: it may be migrated, but holds no organization, people or trail."""
    if Organization._meta.db_table not in connection.introspection.table_names():  # noqa: SLF001  # public, whatever its name
        return True
    return not any(model.objects.exists() for model in (Organization, Member, AuditEvent))


def _note(manifest: Manifest) -> None:
    """The trail says that time was turned back."""
    with transaction.atomic():
        for organization in Organization.objects.order_by("pk"):
            act = Act(
                verb="restore_backup",
                summary=f"Restored from the backup of {manifest.made_at}",
                object_type="installation",
                object_id=manifest.sha256,
            )
            audit.record_for_organization([act], organization=organization, by=Actor(None, PETRA))
