"""Whether anything still goes on."""

from collections import Counter

from django.db import DatabaseError, connection

from remediation.enums import WAITING_STATES, ScanState
from remediation.models import ActionRun, Scan
from tenants.scoping import unscoped


def what_goes_on() -> dict[str, int]:
    """Runs that wait or run, that are to be read back, and searches, by their state; empty when all is quiet."""
    try:
        with unscoped(reason="the run is over when nothing goes on in any tenant"):
            found = Counter(ActionRun.objects.filter(state__in=WAITING_STATES).values_list("state", flat=True))
            found["to be read back"] = ActionRun.objects.exclude(verify_due_at=None).count()
            going = Scan.objects.filter(state__in=[ScanState.QUEUED, ScanState.RUNNING])
            found["searches"] = going.count()
    except DatabaseError as error:
        connection.close()
        return {f"the database: {error}": 1}
    return {name: count for name, count in found.items() if count}
