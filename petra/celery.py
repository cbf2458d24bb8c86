"""The Celery application. Celery is the doorbell; the rows in the database are the jobs."""

import os
from typing import Any

from celery import Celery, signals
from django.dispatch import receiver
from django_structlog.celery.receivers import CeleryReceiver
from django_structlog.celery.signals import modify_context_before_task_publish

from petra import file_queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "petra.settings")

file_queue.register()
app = Celery("petra")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# A task's lines carry the request id of the press that rang. Signals hold their receivers weakly: the name keeps it.
_receiver = CeleryReceiver()
_receiver.connect_worker_signals()
CARRIED = ("request_id", "user_id")  # all that travels with a message: tenant and runs are those of the task itself


@receiver(modify_context_before_task_publish)
def _carry_little(context: dict[str, Any], **_more: Any) -> None:
    for name in context.keys() - CARRIED:
        del context[name]


@signals.setup_logging.connect
def _leave_logging_to_django(**_options: Any) -> None:
    """Otherwise Celery would set the root logger to its own level, and PETRA_LOG_LEVEL would not count in workers."""
