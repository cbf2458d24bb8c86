"""The whole database as one stream of bytes, of one moment; and back. Sessions and the cache are left out.

SQLite: its backup interface. PostgreSQL: its own programs, which have to be as new as the server.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

from django.conf import settings
from django.db import ProgrammingError, connection

# Whoever gets hold of a backup shall not get hold of the sessions of those who are signed in.
LEFT_OUT = ("django_session", settings.CACHES["default"]["LOCATION"])
ASIDE = "petra_before_restore"  # the schema that holds the old rows until the new ones are there
LIBPQ = {"sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout"}


class SnapshotFailed(Exception):
    """The database could not be read or written. The message says why, and what is unharmed."""


def dump(to: IO[bytes], *, folder: Path) -> None:
    """Write the database to a stream. SQLite makes a copy in `folder` first, which is gone afterwards.

    Raises:
        SnapshotFailed: when a program is missing, or the database says no.
    """
    if settings.IS_SQLITE:
        _sqlite_dump(to, folder)
    else:
        _postgresql_dump(to)


def load(source: IO[bytes]) -> None:
    """Put a stream of `dump` in the place of everything in the database: all of it, or nothing.

    Raises:
        SnapshotFailed: as above; the old rows are there still.
    """
    connection.close()
    if settings.IS_SQLITE:
        _sqlite_load(source)
    else:
        _postgresql_load(source)
    connection.close()


# --- SQLite -----------------------------------------------------------------------------------------------------------
def _sqlite_dump(to: IO[bytes], folder: Path) -> None:
    with TemporaryDirectory(dir=folder, prefix=".petra-backup-") as place:
        path = Path(place) / "copy.sqlite3"
        with _opened(connection.settings_dict["NAME"]) as ours, _opened(path) as copy:
            ours.backup(copy)
            tables = {name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            for table in tables.intersection(LEFT_OUT):
                copy.execute(f'DELETE FROM "{table}"')  # noqa: S608  # two names of ours  # nosec B608
            copy.commit()
            copy.execute("PRAGMA journal_mode=DELETE")
            copy.execute("VACUUM")  # what was deleted would lie in free pages otherwise
        with path.open("rb") as file:
            shutil.copyfileobj(file, to)


def _sqlite_load(source: IO[bytes]) -> None:
    target = Path(connection.settings_dict["NAME"])
    with TemporaryDirectory(dir=target.parent, prefix=".petra-restore-") as place:
        path = Path(place) / "copy.sqlite3"
        with path.open("wb") as file:
            shutil.copyfileobj(source, file)
        try:
            with _opened(path) as copy, _opened(target) as ours:
                if (found := copy.execute("PRAGMA quick_check").fetchone()) != ("ok",):
                    raise SnapshotFailed(f"The copy in the backup is damaged: {found[0]}. Nothing was changed.")
                copy.backup(ours)
        except sqlite3.Error as error:
            raise SnapshotFailed(f"SQLite did not take the copy: {error}. End all processes of Petra.") from error


@contextmanager
def _opened(path: str | Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=20)) as database:
        yield database


# --- PostgreSQL -------------------------------------------------------------------------------------------------------
def _postgresql_dump(to: IO[bytes]) -> None:
    options = [f"--exclude-table-data={table}" for table in LEFT_OUT]
    with TemporaryFile() as said:
        command = [_program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges", *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, env=_environment()) as process:  # noqa: S603  # its own program, found on the PATH
            assert process.stdout  # noqa: S101  # a pipe was asked for
            shutil.copyfileobj(process.stdout, to)
        if process.returncode:
            raise SnapshotFailed(f"pg_dump gave up: {_last_words(said)}")


def _postgresql_load(source: IO[bytes]) -> None:
    """The old schema is set aside and comes back if anything goes wrong."""
    program = _program("pg_restore")
    try:
        _change_schemas(f"ALTER SCHEMA public RENAME TO {ASIDE}", "CREATE SCHEMA public")
    except ProgrammingError as error:
        raise SnapshotFailed(
            f"The rows that are there could not be set aside: {error}. Nothing was changed. If the schema {ASIDE} "
            "exists, an earlier restore was cut off: it holds the rows from before. Rename it to public, or drop it."
        ) from error
    try:
        _fill(program, source)
    except BaseException:
        _change_schemas("DROP SCHEMA public CASCADE", f"ALTER SCHEMA {ASIDE} RENAME TO public")
        raise
    _change_schemas(f"DROP SCHEMA {ASIDE} CASCADE")


def _change_schemas(*statements: str) -> None:
    with connection.schema_editor() as editor:
        for statement in statements:
            editor.execute(statement)
    connection.close()


def _fill(program: str, source: IO[bytes]) -> None:
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    with TemporaryFile() as said:
        command = [program, *options, f"--dbname={connection.settings_dict['NAME']}"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=said, env=_environment()) as process:  # noqa: S603  # as above
            assert process.stdin  # noqa: S101  # a pipe was asked for
            try:
                shutil.copyfileobj(source, process.stdin)
                process.stdin.close()
            except BrokenPipeError:
                pass  # it ended early, and says why
        if process.returncode:
            raise SnapshotFailed(f"pg_restore gave up, and everything is as it was: {_last_words(said)}")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SnapshotFailed(
            f"{name} is not installed here. Install PostgreSQL's client programs, as new as the server or newer "
            "(Debian: apt-get install postgresql-client)."
        )
    return found


def _environment() -> dict[str, str]:
    """Where PostgreSQL is and who we are, as its programs read it; a password on a command line would be seen."""
    known = connection.settings_dict
    named = {
        "PGHOST": known["HOST"], "PGPORT": known["PORT"], "PGUSER": known["USER"], "PGPASSWORD": known["PASSWORD"],
        "PGDATABASE": known["NAME"],
    }  # fmt: skip
    named |= {f"PG{name.upper()}": value for name, value in known.get("OPTIONS", {}).items() if name in LIBPQ}
    return os.environ | {name: str(value) for name, value in named.items() if value}


def _last_words(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read().decode(errors="replace").strip()[-1000:]
