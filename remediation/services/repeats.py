"""Trying again what failed, and taking back what was done."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from incidents.models import Incident
from remediation import doorbell, passwords, policies
from remediation.actions.registry import ACTIONS
from remediation.enums import RETRIABLE_STATES, WAITING_STATES, RunState, Step
from remediation.models import ActionRun
from remediation.policies import Refused
from remediation.selectors import incident_lock, last_counters, runs_of
from remediation.services.orders import at_once
from remediation.services.presses import protected_addresses
from remediation.transitions import move_runs, progress, reopen_orders
from tenants import audit
from tenants.audit import Act, Actor
from tenants.enums import Outcome
from tenants.models import Member
from tenants.selectors import act_last

RETRY = "retry_failed"  # as the audit trail calls it
UNDOABLE_STATES = (RunState.SUCCEEDED, RunState.UNDO_FAILED)


def step_retry(*, incident: Incident, step: Step, by: Member) -> int:
    """Retry failed: a new try of just those runs of a step that failed. Returns how many.

    Raises:
        Refused: when the incident's state does not allow it.
    """
    with transaction.atomic():
        incident = incident_lock(incident.pk)
        policies.check_incident_open(incident)
        policies.check_reachable(incident.tenant)
        failed = _latest_failed(incident, step)
        for run in failed.filter(action_key="reset_password"):
            passwords.renew(run)
        if count := begin_again(failed):
            words = f"Retry failed: {step.label} ({count})"
            _start_again(incident, _Again(RETRY, words, {"step": step}), by=by)
    return count


def begin_again(runs: "QuerySet[ActionRun]") -> int:
    """Give those of `runs` that failed back to the queue, with their orders. Returns how many.

    Raises:
        Refused: when somebody else is at one of their targets.
    """
    now = timezone.now()
    again: dict[str, Any] = {"ordered_at": now, "due_at": now, "finished_at": None, "lease_until": None, "tries": 0}
    again |= {"message": "", "code": "", "waits": 0}
    return _move(runs, RETRIABLE_STATES, RunState.QUEUED, again)


def begin_undo(runs: "QuerySet[ActionRun]", *, by: Member) -> int:
    """Begin to take back those of `runs` that did something. Returns how many.

    Raises:
        Refused: when somebody else is at one of their targets.
    """
    now = timezone.now()
    values = {"ordered_at": now, "due_at": now, "undone_by_id": by.pk, "undone_by_name": by.display_name}
    values |= {"lease_until": None, "tries": 0, "waits": 0, "verified_at": None, "finished_at": None}
    return _move(runs, UNDOABLE_STATES, RunState.UNDOING, values)


def _move(runs: "QuerySet[ActionRun]", sources: Sequence[RunState], to: RunState, values: dict[str, Any]) -> int:
    with at_once():
        count = sum(move_runs(runs, source=state, to=to, **values) for state in sources)
        reopen_orders(runs.values("order"))
    return count


def retry_words(*, incident: Incident, step: Step) -> str:
    """What to tell whoever pressed Retry failed when nothing was left to retry: who was quicker, what came of it."""
    last = act_last(tenant_id=incident.tenant_id, incident_id=incident.pk, verb=RETRY, of={"step": step})
    if last is None:
        return "Nothing had failed: nothing was done."
    is_running = runs_of(incident.pk).filter(step=step, state__in=WAITING_STATES).exists()
    outcome = "it is running" if is_running else "nothing has failed since"
    return f"{last.actor_name} pressed Retry failed at {last.at:%H:%M:%S} UTC: {outcome}. Nothing was done twice."


def undo_words(*, incident: Incident, run_ids: Collection[int]) -> str:
    """What to tell whoever pressed Undo when nothing was left to undo: who was quicker, what came of it."""
    run = runs_of(incident.pk).filter(pk__in=run_ids).exclude(undone_by_name="").order_by("-pk").first()
    if run is None:
        return "Nothing of it is done now, so there is nothing to undo. Nothing was done."
    if run.state == RunState.UNDONE and run.finished_at:
        return f"{run.undone_by_name} has undone this at {run.finished_at:%H:%M:%S} UTC. Nothing was done twice."
    return f"{run.undone_by_name} is undoing this right now. Nothing was done twice."


def _latest_failed(incident: Incident, step: Step) -> "QuerySet[ActionRun]":
    """The failed runs whose target no later run has taken up."""
    rows = runs_of(incident.pk).filter(step=step)
    latest = {row[1:3]: row for row in rows.values_list("pk", "action_key", "target_key", "state")}
    countered = last_counters(incident.pk)
    failed = [row for row in latest.values() if row[3] in RETRIABLE_STATES]
    return ActionRun.objects.filter(pk__in=[row[0] for row in failed if countered.get(row[1], 0) < row[0]])


def runs_undo(*, incident: Incident, run_ids: Collection[int], by: Member, confirmed: bool = False) -> int:
    """Take back what these runs did. Returns how many are being undone; pressed twice, it is done once.

    Raises:
        Refused: when one of them is not of this incident, or cannot be undone, or would unlock an account that was
            not known to be unlocked before, and that was not `confirmed`.
    """
    with transaction.atomic():
        incident = incident_lock(incident.pk)
        policies.check_incident_open(incident)
        policies.check_reachable(incident.tenant)
        runs = list(runs_of(incident.pk).filter(pk__in=run_ids))
        _check_undoable(incident, runs, run_ids, by)
        policies.check_unlock(runs, confirmed=confirmed)
        chosen = ActionRun.objects.filter(pk__in=[run.pk for run in runs])
        if count := begin_undo(chosen, by=by):
            names = Counter(ACTIONS[run.action_key].undone for run in runs)
            words = "Undo: " + ", ".join(f"{name} ({number})" for name, number in names.items())
            _start_again(incident, _Again("undo", words), by=by)
    return count


def _check_undoable(incident: Incident, runs: list[ActionRun], run_ids: Collection[int], by: Member) -> None:
    if len(runs) != len(set(run_ids)) or not runs:
        raise Refused("The form names something that does not belong to this incident. Nothing was done.")
    latest = _latest(incident)
    for run in runs:
        action = ACTIONS[run.action_key]
        if latest[run.step, run.action_key, run.target_key] != run.pk:
            raise Refused(f"{run.title}: it was done again since. Undo the last time. Nothing was done.")
        if not action.can_undo:
            raise Refused(f"{run.title}: {action.undo_note} Nothing was done.")
        if run.action_key == "lock_account" and policies.is_sync_account(incident.account):
            raise Refused("The directory-sync account is never acted on. Nothing was done.")
        if run.action_key == "enable_account" and policies.address_to_type(
            incident, protected=protected_addresses(), by=by
        ) != ("", ""):
            raise Refused("Lock this account with step 1, where its address is typed. Nothing was done.")


def _latest(incident: Incident) -> dict[tuple[int, str, str], int]:
    """The last run of each target, by step and action."""
    rows = runs_of(incident.pk)
    return {row[1:]: row[0] for row in rows.values_list("pk", "step", "action_key", "target_key")}


class _Again(NamedTuple):
    """How the audit trail tells it."""

    verb: str
    words: str
    after: dict[str, int] | None = None


def _start_again(incident: Incident, told: _Again, *, by: Member) -> None:
    Incident.objects.filter(pk=incident.pk).update(version=F("version") + 1)
    act = Act(
        verb=told.verb,
        summary=f"{told.words} – {incident.account}",
        object_type="incident",
        object_id=incident.pk,
        incident_id=incident.pk,
        after=told.after,
        outcome=Outcome.REQUESTED,
    )
    audit.record([act], tenant=incident.tenant, by=Actor.of(by))
    progress({incident.pk})
    doorbell.ring_runs(incident.tenant_id)
