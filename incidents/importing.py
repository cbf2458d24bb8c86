"""When uploaded files are read: at the bell, and again after a worker died."""

from pathlib import Path

import structlog
from django.utils import timezone

from incidents.collection import ring_imported
from incidents.doorbell import ring_import
from incidents.enums import ImportState
from incidents.imports.ordering import uploads_folder
from incidents.imports.storing import ImportTaken, import_run
from incidents.models import LogImport
from tenants.scoping import tenant_scope, unscoped

logger = structlog.get_logger(__name__)

UNFINISHED = (ImportState.WAITING, ImportState.RUNNING)


def import_for(import_id: int) -> None:
    """Read one uploaded file, and delete it once it was read to its end."""
    with unscoped(reason="the bell names an import, not its tenant"):
        log = LogImport.objects.filter(pk=import_id, state__in=UNFINISHED).first()
    if log is None:
        return
    try:
        import_run(log)
    except ImportTaken:
        return
    if log.state == ImportState.FINISHED and uploads_folder() in Path(log.path).parents:
        Path(log.path).unlink(missing_ok=True)
    with tenant_scope([log.tenant_id]):
        ring_imported(log.tenant_id)
    logger.info("audit_log_imported", import_id=log.pk, state=log.state, rows=log.rows_done, new=log.new)


def ring_overdue() -> None:
    """Ring for the uploaded files that nobody reads."""
    with unscoped(reason="looks for imports left behind in all tenants; ids only"):
        waiting = LogImport.objects.filter(state__in=UNFINISHED).exclude(lease_until__gt=timezone.now())
        found = list(waiting.filter(path__startswith=str(uploads_folder())).values_list("pk", flat=True))
    for import_id in found:
        ring_import(import_id)
