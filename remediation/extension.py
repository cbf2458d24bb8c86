"""What remediation answers to the incidents app: the other end of `incidents.extensions`."""

from collections.abc import Sequence

from incidents.enums import IncidentState
from incidents.extensions import DoneAction, Waiting
from incidents.models import Incident
from remediation import policies
from remediation.actions.registry import ACTIONS
from remediation.enums import RunState
from remediation.models import ActionRun
from remediation.selectors import runs_of
from remediation.services import campaign_follow, response_begin, retractions_waiting, scans_begin
from remediation.transitions import cancel_runs
from tenants.models import Member, Tenant

TOLD_STATES = (RunState.SUCCEEDED, RunState.SKIPPED, RunState.FAILED, RunState.UNDONE, RunState.UNDO_FAILED)


class RemediationPort:
    def actions_of(self, incident_ids: Sequence[int]) -> list[DoneAction]:
        done = [
            _told(run, incident_id)
            for incident_id in incident_ids
            for run in runs_of(incident_id)
            .filter(state__in=TOLD_STATES, finished_at__isnull=False)
            .select_related("order")
            .order_by("finished_at", "pk")
        ]
        return sorted(done, key=lambda one: one.at)

    def waiting_for(self, *, member: Member, tenants: Sequence[Tenant]) -> list[Waiting]:
        return retractions_waiting(member=member, tenants=tenants)

    def incident_opened(self, *, incident: Incident, by: Member | None) -> None:
        scans_begin(incident=incident, by=by)
        campaign_follow(incident=incident)
        response_begin(incident=incident)

    def incident_dismissed(self, *, incident: Incident) -> None:
        runs = ActionRun.objects.filter(incident=incident)
        cancel_runs(runs, tenant=incident.tenant, why="The incident was dismissed.")

    def phish_changed(self, *, incident: Incident, by: Member | None) -> None:
        if incident.is_active:
            scans_begin(incident=incident, by=None)
            campaign_follow(incident=incident)

    def evidence_collected(self, *, incident: Incident) -> None:
        # Where only logs were imported, a search asks nobody and does nothing: it need not wait to be published.
        is_from_logs = incident.state == IncidentState.UNPUBLISHED and not policies.is_reachable(incident.tenant)
        if incident.is_active or is_from_logs:
            scans_begin(incident=incident, by=None)


def _told(run: ActionRun, incident_id: int) -> DoneAction:
    assert run.finished_at is not None  # noqa: S101  # the query asks for it
    return DoneAction(
        incident_id=incident_id,
        at=run.finished_at,
        step=run.step,
        words=f"{run_words(run)} – {run.title}",
        by_name=run.undone_by_name or run.order.requested_by_name,
        outcome=run.state,
        verified_at=run.verified_at,
    )


def run_words(run: ActionRun) -> str:
    """What a run came to, in a few words."""
    action = ACTIONS[run.action_key]
    match run.state:
        case RunState.SUCCEEDED:
            return action.done
        case RunState.SKIPPED:
            return f"{action.done} (it was so already)"
        case RunState.UNDONE:
            return action.undone
        case RunState.UNDO_FAILED:
            return f"Undo failed: {action.title}"
        case RunState.FAILED | RunState.ERRORED:
            return f"Failed: {action.title}"
        case _:
            return action.title
