"""The bells that workers answer. Each is short: the work is in runner and scanning, the truth in the rows."""

from celery import shared_task
from django.utils import timezone

from remediation import passwords, runner, scanning, sweeper, watching
from tenants.models import Tenant


@shared_task(name="remediation.tasks.run_due")
def run_due(tenant_id: int) -> None:
    """Do, undo and verify what is due in one tenant."""
    runner.run_due(tenant=Tenant.objects.get(pk=tenant_id))


@shared_task(name="remediation.tasks.strike_due")
def strike_due(tenant_id: int) -> None:
    """Do the strikes that are due in one tenant. A queue of its own: it waits for nobody."""
    runner.run_due(tenant=Tenant.objects.get(pk=tenant_id), strikes_only=True)


@shared_task(name="remediation.tasks.scan_due")
def scan_due(tenant_id: int) -> None:
    """Make the scans that wait in one tenant."""
    scanning.scan_due(tenant=Tenant.objects.get(pk=tenant_id))


@shared_task(name="remediation.tasks.watch_due")
def watch_due(tenant_id: int) -> None:
    """Look at the synchronized accounts of one tenant that step 1 locked."""
    watching.watch_due(tenant=Tenant.objects.get(pk=tenant_id))


@shared_task(name="remediation.tasks.resume_stalled")
def resume_stalled() -> None:
    """Find what a dead worker or a lost message left behind, and ring for it."""
    sweeper.resume_stalled(now=timezone.now())


@shared_task(name="remediation.tasks.destroy_expired_passwords")
def destroy_expired_passwords() -> None:
    """Destroy passwords that nobody looked at within 15 minutes."""
    passwords.destroy_expired(now=timezone.now())
