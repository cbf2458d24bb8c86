"""Storing what a file of log records has that is not there yet: in batches, each with how far the file was read.

An import that was stopped goes on where it was; a row is counted once, however often the import is begun.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from incidents.enums import ImportState, LogSource
from incidents.evidence.rows import sheet_store
from incidents.imports.batches import Batch
from incidents.imports.pipeline import batches_ahead
from incidents.imports.reading import NotALog
from incidents.models import Account, LogImport
from tenants.scoping import tenant_scope

LEASE = timedelta(seconds=30)  # a batch takes some seconds at most
MOST_PROBLEMS = 1000  # unreadable rows that are named; all are counted
LOST = "Another worker reads this file now."


class ImportTaken(Exception):
    """Somebody else reads this file, until the lease ends."""


def import_run(log: LogImport, *, progress: Callable[[LogImport], None] = lambda _log: None) -> LogImport:
    """Read a file to its end and store what is new. Opens the tenant's scope.

    Raises:
        ImportTaken: when another process reads it, or has taken it over.
    """
    with tenant_scope([log.tenant_id]):
        until = _claim(log)
        try:
            read = batches_ahead(Path(log.path), tenant_id=log.tenant_id, skip=log.rows_done)
            with closing(read) as batches:
                for batch in batches:
                    until = _keep(log, batch, until)
                    progress(log)
            _end(log, until, ImportState.FINISHED)
        except NotALog as error:
            _end(log, until, ImportState.FAILED, str(error))
        except FileNotFoundError:
            _end(log, until, ImportState.FAILED, "The file is gone from Petra's folder. Upload it again; it goes on.")
        except OSError as error:
            _end(log, until, ImportState.FAILED, f"The file cannot be read: {error.strerror}.")
        finally:
            LogImport.objects.filter(pk=log.pk, lease_until=until).update(lease_until=None)
    return log


def _claim(log: LogImport) -> datetime:
    now = timezone.now()
    until = now + LEASE
    free = LogImport.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), pk=log.pk)
    if not free.exclude(state=ImportState.FINISHED).update(state=ImportState.RUNNING, lease_until=until, failure=""):
        raise ImportTaken
    log.refresh_from_db()
    if log.started_at is None:
        LogImport.objects.filter(pk=log.pk).update(started_at=now)
    return until


def _keep(log: LogImport, batch: Batch, until: datetime) -> datetime:
    """Store a batch and how far the file was read, both or neither."""
    later = max(timezone.now() + LEASE, until + timedelta(microseconds=1))
    with transaction.atomic():
        new = sheet_store(batch.sheet, tenant_id=log.tenant_id, source=LogSource.UNIFIED_AUDIT_LOG)
        accounts_make(log.tenant_id, batch.people)
        log.rows_done += batch.count
        log.new += new
        log.duplicates += batch.count - len(batch.unreadable) - new
        log.unreadable += len(batch.unreadable)
        log.bytes_done = batch.position
        room = MOST_PROBLEMS - len(log.problems)
        log.problems += [[one.line, one.reason] for one in batch.unreadable[: max(room, 0)]]
        names = ("rows_done", "new", "duplicates", "unreadable", "bytes_done", "problems")
        held = LogImport.objects.filter(pk=log.pk, lease_until=until)
        if not held.update(lease_until=later, **{name: getattr(log, name) for name in names}):
            raise ImportTaken
    return later


def _end(log: LogImport, until: datetime, state: ImportState, failure: str = "") -> None:
    held = LogImport.objects.filter(pk=log.pk, lease_until=until)
    held.update(state=state, failure=failure, finished_at=timezone.now())
    log.refresh_from_db()


def accounts_make(tenant_id: int, names: Iterable[str]) -> None:
    """Make an account of each address that acts in the records and is not known yet."""
    wanted = {name for name in names if _is_address(name)}
    if not wanted:
        return
    known = Account.objects.filter(tenant_id=tenant_id, user_principal_name__in=wanted)
    fresh = sorted(wanted - {name.lower() for name in known.values_list("user_principal_name", flat=True)})
    made = [Account(tenant_id=tenant_id, user_principal_name=name, display_name=name[:256]) for name in fresh]
    Account.objects.bulk_create(made, ignore_conflicts=True)


def _is_address(name: str) -> bool:
    local, _, domain = name.partition("@")
    return bool(local) and "." in domain and not any(sign.isspace() or sign in "<>()" for sign in name)


def wait_for_lease(log: LogImport, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait until nobody holds the import: for one whose process was killed, that is until its lease ends."""
    while True:
        log.refresh_from_db()
        if log.lease_until is None or log.lease_until <= timezone.now():
            return
        sleep(0.5)
