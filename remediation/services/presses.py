"""A press of a button, decided and written down. Nothing here speaks to Microsoft: workers do, after the commit."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q

from incidents.models import Incident
from remediation import policies
from remediation.enums import (
    FINDING_STEPS,
    HOLDING_STATES,
    WAITING_STATES,
    OrderState,
    RunState,
    Step,
)
from remediation.models import ActionRun, Finding, WorkOrder
from remediation.plans import Draft, drafts_for
from remediation.policies import Refused
from remediation.selectors import (
    NOTHING_DONE,
    findings_left,
    findings_open,
    incident_lock,
    is_enabled_again,
    last_counters,
    last_lock,
    unsearched_steps,
)
from remediation.services.orders import AWAITS, Ordered, order_place
from remediation.transitions import OPPOSITES, OVERRULED, cancel_runs
from tenants.audit import Actor
from tenants.models import Member, ProtectedAccount

ACTIVE_STATES = (RunState.PLANNED, RunState.QUEUED, RunState.RUNNING, RunState.UNDOING)
NOTHING_LEFT = "Nothing was left to do."


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """What came with the press: which findings (or all that "all" means), what was typed, and the form's own key."""

    key: str
    finding_ids: Collection[int] = field(default_factory=tuple)
    all_suspicious: bool = False
    typed_address: str = ""
    reason: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Pressed:
    """What became of a press: the order it made (or met), and what to tell the one who pressed."""

    order: WorkOrder | None
    words: str
    is_new: bool


def step_press(*, incident: Incident, step: Step, press: Press, by: Member) -> Pressed:
    """Plan and start a step. The same form twice, or two people at once, start it once; all are told what happened.

    Raises:
        Refused: when policy forbids it; nothing was done.
    """
    with transaction.atomic():
        incident = incident_lock(incident.pk)
        met = WorkOrder.objects.filter(tenant=incident.tenant, idempotency_key=press.key).first()
        if met:
            return Pressed(met, _words_of_met(met), is_new=False)
        drafts = _checked_drafts(incident, step, press, by)
        again = press.again or (step == Step.CONTAIN and is_enabled_again(incident.pk))
        free, held = _free_drafts(incident, step, drafts, again=again)
        if not free:
            return Pressed(None, _words_of_held(held), is_new=False)
        _cancel_opposites(incident, free)
        ordered = Ordered(step=step, key=press.key, drafts=free, reason=press.reason, by=Actor.of(by), viewer=by)
        order = order_place(incident, ordered)
    told = [AWAITS if order.expires_at else "", _words_of_held(held) if held else ""]
    return Pressed(order, " ".join(filter(None, told)), is_new=True)


def _cancel_opposites(incident: Incident, drafts: Sequence[Draft]) -> None:
    """What waits to do the opposite must not come after this."""
    opposites = {key for draft in drafts for key in OPPOSITES.get(draft.action.key, ())}
    waiting = ActionRun.objects.filter(incident=incident, action_key__in=opposites)
    cancel_runs(waiting, tenant=incident.tenant, why=OVERRULED)


def _checked_drafts(incident: Incident, step: Step, press: Press, by: Member) -> list[Draft]:
    policies.check_incident_open(incident)
    policies.check_reachable(incident.tenant)
    findings = _chosen_findings(incident, step, press)
    if step in FINDING_STEPS:
        policies.check_findings(findings, protected=protected_addresses(), typed=press.typed_address)
    else:
        protected = protected_addresses()
        policies.check_account(incident, protected=protected, by=by, typed=press.typed_address)
    if step == Step.RE_ENABLE:
        counts = open_counts(incident)
        items = policies.open_items(
            incident,
            open_findings=counts,
            before=step,
            lock=last_lock(incident.pk),
            unsearched=unsearched_steps(incident.pk),
        )
        policies.check_reason(items, press.reason)
    if step == Step.PASSWORD and incident.account.is_synced:
        raise Refused(
            "The password of a synchronized account can only be reset on-premises: Microsoft refuses it here. "
            "The commands for the on-premises administrator stand in the step. Nothing was done."
        )
    return drafts_for(incident, step, findings)


def _chosen_findings(incident: Incident, step: Step, press: Press) -> list[Finding]:
    """The findings that a press names, all of this incident and this step.

    Raises:
        Refused: when one of them is not; a form of another incident, or forged.
    """
    if step not in FINDING_STEPS:
        return []
    if press.all_suspicious:
        protected = protected_addresses()
        suspicious = findings_open(incident.pk).filter(step=step).order_by("pk")
        return [finding for finding in suspicious if not policies.protected_by(finding, protected)]
    found = list(Finding.objects.filter(incident=incident, step=step, pk__in=press.finding_ids).order_by("pk"))
    if len(found) != len(set(press.finding_ids)):
        raise Refused("The form names something that does not belong to this incident. Nothing was done.")
    if not found:
        raise Refused("Nothing was selected. Select at least one item.")
    return found


def protected_addresses() -> frozenset[str]:
    """The protected accounts of the tenant whose scope is open, lower case."""
    return frozenset(name.casefold() for name in ProtectedAccount.objects.values_list("user_principal_name", flat=True))


def open_counts(incident: Incident) -> dict[int, int]:
    """How many findings are open, by step."""
    counts: dict[int, int] = {}
    for step in findings_left(incident.pk).values_list("step", flat=True):
        counts[step] = counts.get(step, 0) + 1
    return counts


def _free_drafts(
    incident: Incident, step: Step, drafts: Sequence[Draft], *, again: bool
) -> tuple[list[Draft], list[ActionRun]]:
    """Those drafts whose target nobody works on and that are not done already, and the runs that hold the others."""
    keys = {draft.target_key for draft in drafts}
    of = Q(incident=incident, step=step)
    if step in FINDING_STEPS:  # whoever else is at the same thing, or what a campaign did to it
        of = Q(incident=incident, step__in=FINDING_STEPS) | Q(state__in=WAITING_STATES)
        of |= Q(incident=None) & ~Q(state__in=NOTHING_DONE)
    runs = ActionRun.objects.filter(of, tenant=incident.tenant, target_key__in=keys).select_related("order")
    latest = {(run.action_key, run.target_key): run for run in runs.order_by("pk")}
    countered_at = last_counters(incident.pk)
    free, held = [], []
    for draft in drafts:
        run = latest.get((draft.action.key, draft.target_key))
        if run is None or run.state not in HOLDING_STATES or _may_repeat(draft, run, again, countered_at):
            free.append(draft)
        else:
            held.append(run)
    if free and step in (Step.CONTAIN, Step.RE_ENABLE):
        # Both halves belong together: sessions that began since the last time are ended, too.
        held = [run for run in held if run.state in ACTIVE_STATES]
        busy = {(run.action_key, run.target_key) for run in held}
        free = [draft for draft in drafts if (draft.action.key, draft.target_key) not in busy]
    return free, held


def _may_repeat(draft: Draft, run: ActionRun, again: bool, countered_at: dict[str, int]) -> bool:
    if run.state == RunState.UNDO_FAILED:
        return draft.action.can_repeat  # nobody knows what it left: doing it again is the safe side
    if run.state != RunState.SUCCEEDED:
        return False
    return (again and draft.action.can_repeat) or countered_at.get(draft.action.key, 0) > run.pk


def _words_of_met(order: WorkOrder) -> str:
    who, at = order.requested_by_name, order.created_at
    return f"{who} pressed {Step(order.step).label} with this very form at {at:%H:%M:%S} UTC. Nothing was done twice."


def _words_of_held(held: Sequence[ActionRun]) -> str:
    if not held:
        return NOTHING_LEFT
    run = next((one for one in held if one.state in ACTIVE_STATES), held[-1])
    who = run.order.requested_by_name
    if run.state == RunState.UNDOING:
        return f"{run.undone_by_name} is undoing this right now. Press again when that is through. Nothing was done."
    if run.order.state == OrderState.AWAITING_APPROVAL:
        return f"{who} asked for this already: it waits for the approval of a second member. Nothing was done twice."
    if run.state in (RunState.SUCCEEDED, RunState.UNDO_FAILED) and run.finished_at:
        return f"Already done by {who} at {run.finished_at:%H:%M:%S} UTC. Nothing was done twice."
    return f"{who} pressed this a moment ago: it is running. Nothing was done twice."


def step_preview(*, incident: Incident, step: Step, finding_ids: Collection[int], all_suspicious: bool) -> list[Draft]:
    """What a press would do now; nothing is written and nothing is sent.

    Raises:
        Refused: when a finding does not belong to this incident, or none was chosen.
    """
    policies.check_reachable(incident.tenant)
    press = Press(key="", finding_ids=finding_ids, all_suspicious=all_suspicious)
    return drafts_for(incident, step, _chosen_findings(incident, step, press))
