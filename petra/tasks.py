"""The bell that only shows that bells are heard."""

from celery import shared_task

from petra import heartbeat


@shared_task(name="petra.tasks.tick")
def tick() -> None:
    """Beat rang, and a worker heard it."""
    heartbeat.tick()
