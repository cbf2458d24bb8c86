"""The project package: wiring only, no models."""

from petra.celery import app as celery_app

__all__ = ["celery_app"]
