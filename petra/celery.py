"""The Celery application. Celery is the doorbell; the rows in the database are the jobs."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "petra.settings")

app = Celery("petra")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
