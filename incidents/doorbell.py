"""Rings for a worker once the transaction is committed. Only a bell: collecting twice stores once."""

from functools import partial

import structlog
from celery import signature
from celery.exceptions import OperationalError
from django.db import transaction

logger = structlog.get_logger(__name__)

COLLECT = "incidents.tasks.collect_evidence"
WEIGH = "incidents.tasks.weigh_evidence"


def ring_collection(incident_id: int, *, countdown: float = 0) -> None:
    """There are logs to be read about an incident's account."""
    transaction.on_commit(partial(_send, incident_id, countdown))


def ring_weighing(incident_id: int) -> None:
    """There are log rows about an incident's account to be weighed."""
    transaction.on_commit(partial(_send, incident_id, 0, WEIGH))


def _send(incident_id: int, countdown: float, task: str = COLLECT) -> None:
    try:
        signature(task, args=[incident_id]).apply_async(countdown=countdown)
    except (OperationalError, OSError) as error:
        logger.warning("doorbell_unheard", task=task, incident_id=incident_id, error=str(error))
