"""Rings for a worker once the transaction is committed. Only a bell: what is done twice is stored once."""

from functools import partial

import structlog
from celery import signature
from celery.exceptions import OperationalError
from django.db import transaction

logger = structlog.get_logger(__name__)

COLLECT = "incidents.tasks.collect_evidence"
IMPORT = "incidents.tasks.read_import"
REPORT = "incidents.tasks.make_report"
WEIGH = "incidents.tasks.weigh_evidence"


def ring_collection(incident_id: int, *, countdown: float = 0) -> None:
    """There are logs to be read about an incident's account."""
    transaction.on_commit(partial(_send, COLLECT, incident_id, countdown))


def ring_weighing(incident_id: int) -> None:
    """There are log rows about an incident's account to be weighed."""
    transaction.on_commit(partial(_send, WEIGH, incident_id, 0))


def ring_import(import_id: int) -> None:
    """There is a file to be read."""
    transaction.on_commit(partial(_send, IMPORT, import_id, 0))


def ring_report(report_id: int) -> None:
    """There is a report to be made."""
    transaction.on_commit(partial(_send, REPORT, report_id, 0))


def _send(task: str, row_id: int, countdown: float) -> None:
    try:
        signature(task, args=[row_id]).apply_async(countdown=countdown)
    except (OperationalError, OSError) as error:
        logger.warning("doorbell_unheard", task=task, row_id=row_id, error=str(error))
