"""Rings for a worker once the transaction is committed. Only a bell: collecting twice stores once."""

from functools import partial

import structlog
from celery import signature
from celery.exceptions import OperationalError
from django.db import transaction

logger = structlog.get_logger(__name__)

COLLECT = "incidents.tasks.collect_evidence"


def ring_collection(incident_id: int, *, countdown: float = 0) -> None:
    """There are logs to be read about an incident's account."""
    transaction.on_commit(partial(_send, incident_id, countdown))


def _send(incident_id: int, countdown: float) -> None:
    try:
        signature(COLLECT, args=[incident_id]).apply_async(countdown=countdown)
    except (OperationalError, OSError) as error:
        logger.warning("doorbell_unheard", task=COLLECT, incident_id=incident_id, error=str(error))
