"""The bells that workers answer."""

from celery import shared_task

from incidents import collection, importing
from incidents.reports import making


@shared_task(name="incidents.tasks.collect_evidence")
def collect_evidence(incident_id: int) -> None:
    """Read Microsoft's logs about an incident's account."""
    collection.collect_for(incident_id)


@shared_task(name="incidents.tasks.weigh_evidence")
def weigh_evidence(incident_id: int) -> None:
    """Weigh the stored rows about an incident's account."""
    collection.weigh_for(incident_id)


@shared_task(name="incidents.tasks.collect_overdue")
def collect_overdue() -> None:
    """Ring again for collections that a dead worker or a lost message left behind."""
    collection.ring_overdue()


@shared_task(name="incidents.tasks.read_import")
def read_import(import_id: int) -> None:
    """Read an uploaded audit log."""
    importing.import_for(import_id)


@shared_task(name="incidents.tasks.import_overdue")
def import_overdue() -> None:
    """Ring again for imports that a dead worker or a lost message left behind."""
    importing.ring_overdue()


@shared_task(name="incidents.tasks.make_report")
def make_report(report_id: int) -> None:
    """Make a report that was asked for."""
    making.report_make(report_id)


@shared_task(name="incidents.tasks.reports_overdue")
def reports_overdue() -> None:
    """Ring again for reports that a dead worker or a lost message left behind."""
    making.reports_ring_overdue()
