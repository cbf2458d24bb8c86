"""Reading what was ordered, what is running and what is open. The scope of the tenant is open around every call."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.shortcuts import get_object_or_404

from incidents.models import Incident
from remediation.actions.registry import ACTIONS
from remediation.enums import FINDING_STEPS, RunState, ScanState, Step, Verdict
from remediation.models import ActionRun, Campaign, Finding, Scan, SyncWatch

DONE_STATES = (RunState.SUCCEEDED, RunState.SKIPPED)
STRIKE = ("lock_account", "revoke_sessions")


def incident_get(incident_id: int) -> Incident:
    """The incident with its account, tenant and owner.

    Raises:
        Http404: when it is not in the open scope, be it another tenant's or nobody's.
    """
    return get_object_or_404(Incident.objects.select_related("account", "tenant", "owner"), pk=incident_id)


def incident_lock(incident_id: int) -> Incident:
    """The incident, locked until the transaction ends, with its account and tenant, which are not locked.

    Other incidents of the tenant, and the workers that write rows about it, must not wait for this press.
    """
    locked = Incident.objects.select_for_update(of=("self",))  # SQLite has one lock for all and knows no "of"
    return locked.select_related("account", "tenant").get(pk=incident_id)


def runs_of(incident_id: int) -> "QuerySet[ActionRun]":
    return ActionRun.objects.filter(incident_id=incident_id).order_by("pk")


def findings_open(incident_id: int) -> "QuerySet[Finding]":
    """What "all" means, and was not dealt with yet. The same rule as `Finding.is_meant_by_all`, for the database."""
    same = {name: OuterRef(name) for name in ("incident_id", "action_key", "target_key")}
    handled = ActionRun.objects.filter(**same, state__in=DONE_STATES)
    return Finding.objects.filter(
        Q(verdict=Verdict.MALICIOUS) | Q(is_suspicious=True, verdict=Verdict.NONE),
        ~Exists(handled),
        incident_id=incident_id,
        refusal="",
        protected_address="",
        others_affected=0,
        gone_at=None,
    )


def latest_scans(incident_id: int) -> tuple[dict[int, Scan], dict[int, datetime]]:
    """The newest scan of each step, and when the next one is due where Microsoft asked to put it off."""
    scans = list(Scan.objects.filter(incident_id=incident_id).order_by("pk"))
    put_off = {scan.step: scan.due_at for scan in scans if scan.state == ScanState.QUEUED and scan.due_at}
    shown = {scan.step: scan for scan in scans if not (scan.state == ScanState.QUEUED and scan.due_at)}
    return shown, put_off


def whole_searches(incident_id: int) -> set[int]:
    """The steps whose last search that came to an end saw everything. One under way changes nothing yet."""
    ended = [ScanState.COMPLETE, ScanState.FAILED]
    scans = Scan.objects.filter(incident_id=incident_id, state__in=ended).order_by("pk")
    latest = {scan.step: scan for scan in scans}
    return {step for step, scan in latest.items() if scan.is_whole}


def is_enabled_again(incident_id: int) -> bool:
    """Whether the account was seen enabled although step 1 had locked it, and nobody has locked it since."""
    return SyncWatch.objects.filter(incident_id=incident_id).exclude(warning="").exists()


def step_progress(incident_id: int) -> tuple[int, datetime | None]:
    """The bits of the steps that are done (bit n-1 is step n), and when the account was contained first."""
    states: dict[int, dict[tuple[str, str], ActionRun]] = {step: {} for step in Step.values}
    columns = ("pk", "step", "action_key", "target_key", "state", "applied_at", "tenant", "incident")
    for run in runs_of(incident_id).only(*columns):
        states[run.step][run.action_key, run.target_key] = run  # the latest of each target
    open_steps = set(findings_open(incident_id).values_list("step", flat=True))
    scanned = whole_searches(incident_id)
    done = 0
    for step in (Step.CONTAIN, Step.RETRACT, Step.PERSISTENCE, Step.PASSWORD, Step.RE_ENABLE):
        runs = states[step].values()
        is_done = bool(runs) and all(run.state in (*DONE_STATES, RunState.UNDONE) for run in runs)
        is_done = is_done and any(run.state in DONE_STATES for run in runs)
        if step == Step.CONTAIN:
            is_done = is_done and all(run.state in DONE_STATES for run in runs)
            is_done = is_done and not is_enabled_again(incident_id)
        if step in FINDING_STEPS:
            is_done = is_done and step in scanned and step not in open_steps
        done |= is_done << (step - 1)
    return done, _contained_at(states[Step.CONTAIN])


def _contained_at(strike: dict[tuple[str, str], ActionRun]) -> datetime | None:
    moments = [run.applied_at for run in strike.values() if run.state in DONE_STATES and run.applied_at]
    return max(moments) if len(moments) == len(STRIKE) else None


def last_counters(incident_id: int) -> dict[str, int]:
    """For each action, the last run that took it back by doing the opposite."""
    countering = {key: action.counters for key, action in ACTIONS.items() if action.counters}
    runs = ActionRun.objects.filter(incident_id=incident_id, action_key__in=countering, state__in=DONE_STATES)
    return {countered: run.pk for run in runs.order_by("pk") for countered in countering[run.action_key]}


def unsearched_steps(incident_id: int) -> set[int]:
    """The searching steps whose last search did not see everything, or never was."""
    return {int(Step.RETRACT), int(Step.PERSISTENCE)} - whole_searches(incident_id)


def last_lock(incident_id: int) -> ActionRun | None:
    """The last run that really locked the account, with the state before it."""
    locks = ActionRun.objects.filter(incident_id=incident_id, action_key="lock_account", state=RunState.SUCCEEDED)
    return locks.order_by("pk").last()


def campaigns_visible(*, organization_id: int, tenant_ids: Collection[int]) -> "QuerySet[Campaign]":
    """The campaigns that exist for a reader of these tenants, whose scope is open, the latest first.

    An incident's is told to those who may see the incident's tenant, or one in which something was found; a sweep to
    those who may see one of the tenants that it looked into.
    """
    found = Finding.objects.filter(campaign__isnull=False).values("campaign")
    searched = Scan.objects.filter(campaign__is_sweep=True).values("campaign")
    seen = Q(tenant__in=tenant_ids) | Q(pk__in=found) | Q(pk__in=searched)
    return Campaign.objects.filter(seen, organization_id=organization_id).order_by("-pk")


def campaign_scans(campaign_ids: Collection[int]) -> "QuerySet[Scan]":
    """All searches of campaigns in the open scope, the oldest first."""
    return Scan.objects.filter(campaign__in=campaign_ids).order_by("pk")


def campaign_findings(campaign_ids: Collection[int]) -> "QuerySet[Finding]":
    """All mails of campaigns in the open scope, those that do harm first."""
    return Finding.objects.filter(campaign__in=campaign_ids).order_by("-is_suspicious", "pk")
