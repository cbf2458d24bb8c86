"""Counts for whoever runs the installation: numbers over all tenants, and nothing that names one."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from remediation.enums import RunState
from remediation.models import ActionRun, IssuedPassword, Scan, WorkOrder
from tenants.circuits import open_circuit_counts
from tenants.scoping import unscoped


@dataclass(frozen=True, slots=True)
class Census:
    """Rows by step and state; since when the oldest run is due and not taken; passwords that nobody has seen."""

    runs: dict[tuple[int, str], int]
    orders: dict[tuple[int, str], int]
    scans: dict[tuple[int, str], int]
    due_since: datetime | None
    passwords: int
    open_circuits: dict[str, int]  # service -> tenants in which it does not answer


def census(*, now: datetime) -> Census:
    """The counts of this moment, in six queries."""
    with unscoped(reason="counts of the whole installation, without a name"):
        waiting = ActionRun.objects.filter(state__in=(RunState.QUEUED, RunState.UNDOING), due_at__lte=now)
        return Census(
            runs=_by_step_and_state(ActionRun),
            orders=_by_step_and_state(WorkOrder),
            scans=_by_step_and_state(Scan),
            due_since=waiting.exclude(lease_until__gt=now).aggregate(oldest=Min("due_at"))["oldest"],
            passwords=IssuedPassword.objects.filter(destroyed_at=None).exclude(password="").count(),
            open_circuits=open_circuit_counts(),
        )


def _by_step_and_state(model: type[ActionRun] | type[WorkOrder] | type[Scan]) -> dict[tuple[int, str], int]:
    rows = model.objects.order_by().values_list("step", "state").annotate(rows=Count("pk"))
    return {(step, state): count for step, state, count in rows}
