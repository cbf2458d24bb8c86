"""Asking for an import: once for each file, however often it is asked for."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.db import transaction

from incidents.doorbell import ring_import
from incidents.enums import ImportState
from incidents.imports.reading import NotALog, log_open
from incidents.models import LogImport
from tenants import audit
from tenants.audit import Act, Actor
from tenants.models import Member, Tenant
from tenants.scoping import tenant_scope

_PIECE = 1 << 20


class ImportRefused(Exception):
    """The file is not taken. The message says why, and that nothing was stored."""


def import_order(*, tenant: Tenant, path: Path, file_name: str, by: Member | None) -> LogImport:
    """Write down that a file is to be read. One of the same content that was not read to its end goes on.

    Raises:
        ImportRefused: for an empty file.
        OSError: when the file cannot be read.
    """
    digest, size = _digest(path)
    if not size:
        raise ImportRefused("The file is empty. Nothing was stored.")
    with tenant_scope([tenant.pk]), transaction.atomic():
        unfinished = LogImport.objects.filter(tenant=tenant, sha256=digest).exclude(state=ImportState.FINISHED)
        begun = unfinished.order_by("-pk").first()
        if begun:
            LogImport.objects.filter(pk=begun.pk).update(path=str(path), state=ImportState.WAITING)
            begun.refresh_from_db()
            _ring(begun, path)
            return begun
        log = LogImport.objects.create(
            tenant=tenant,
            file_name=file_name[-255:],
            path=str(path),
            byte_count=size,
            sha256=digest,
            requested_by_name=Actor.of(by).name,
        )
        act = Act(
            verb="import_audit_log",
            summary=f"Audit log imported – {file_name[-255:]}",
            object_type="import",
            object_id=log.pk,
            after={"file": file_name[-255:], "bytes": size, "sha256": digest},
        )
        audit.record([act], tenant=tenant, by=Actor.of(by))
        _ring(log, path)
    return log


def _ring(log: LogImport, path: Path) -> None:
    """For a worker where it was uploaded; the command reads its file itself."""
    if uploads_folder() in path.parents:
        ring_import(log.pk)


def file_check(path: Path) -> None:
    """Whether a file is a log at all: its first row is read.

    Raises:
        ImportRefused: when it is empty, or none that can be read.
    """
    if not path.stat().st_size:
        raise ImportRefused("The file is empty. Nothing was stored.")
    try:
        with log_open(path) as file:
            next(file.rows(), None)
    except NotALog as error:
        raise ImportRefused(f"{error} Nothing was stored.") from error


def uploads_folder() -> Path:
    """Where uploaded files wait to be read: in the data folder, for Petra alone."""
    folder = Path(settings.DATA_DIR) / "imports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _digest(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size
