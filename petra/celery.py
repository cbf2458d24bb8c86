"""The Celery application. Celery is the doorbell; the rows in the database are the jobs."""

import os

from celery import Celery

from petra import file_queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "petra.settings")

file_queue.register()
app = Celery("petra")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
