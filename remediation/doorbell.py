"""Rings for a worker once the transaction is committed. Only a bell: what is to be done stands in the database.

When nobody hears it (the broker is down), the sweeper finds the rows a few seconds later.
"""

from functools import partial

import structlog
from celery import signature
from celery.exceptions import OperationalError
from django.db import transaction

logger = structlog.get_logger(__name__)


def ring_runs(tenant_id: int, *, countdown: float = 0) -> None:
    """There are action runs to be done, undone or verified in this tenant."""
    _ring("remediation.tasks.run_due", tenant_id, countdown)


def ring_strike(tenant_id: int) -> None:
    """Step 1 was pressed in this tenant: a queue of its own, so that it stands behind nothing else."""
    _ring("remediation.tasks.strike_due", tenant_id, 0)


def ring_scan(tenant_id: int) -> None:
    """There is a scan to be made in this tenant."""
    _ring("remediation.tasks.scan_due", tenant_id, 0)


def ring_watch(tenant_id: int) -> None:
    """There is a locked account to be looked at in this tenant."""
    _ring("remediation.tasks.watch_due", tenant_id, 0)


def _ring(task: str, tenant_id: int, countdown: float) -> None:
    transaction.on_commit(partial(_send, task, tenant_id, countdown))


def _send(task: str, tenant_id: int, countdown: float) -> None:
    try:
        signature(task, args=[tenant_id]).apply_async(countdown=countdown)
    except (OperationalError, OSError) as error:
        logger.warning("doorbell_unheard", task=task, tenant_id=tenant_id, error=str(error))
