"""Reading what was ordered, what is running and what is open. The scope of the tenant is open around every call."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Window
from django.db.models.fields.json import KT
from django.db.models.functions import RowNumber
from django.shortcuts import get_object_or_404

from incidents.models import Incident, PhishTag
from remediation.actions.registry import ACTIONS
from remediation.enums import FINDING_STEPS, WAITING_STATES, RunState, ScanState, Step, Verdict
from remediation.models import ActionRun, Campaign, Finding, Retraction, Scan, SyncWatch, WorkOrder
from tenants.models import Tenant

DONE_STATES = (RunState.SUCCEEDED, RunState.SKIPPED)
NOTHING_DONE = (RunState.PLANNED, RunState.SKIPPED, RunState.CANCELED)
# The same rule as `Finding.is_meant_by_all`, for the database.
MEANT_BY_ALL = Q(
    Q(verdict=Verdict.MALICIOUS) | Q(is_suspicious=True, is_uncertain=False, verdict=Verdict.NONE),
    refusal="",
    protected_address="",
    others_affected=0,
    gone_at=None,
)
# What a person has to look at first; the same rule as `Finding.is_undecided`.
UNDECIDED = Q(is_suspicious=True, is_uncertain=True, verdict=Verdict.NONE, refusal="", gone_at=None)
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
    """The runs that concern an incident, the oldest first: its own, and a campaign's on copies that it lists."""
    own = ActionRun.objects.filter(incident_id=incident_id)
    listed = same_target(Finding.objects.filter(incident_id=incident_id))
    swept = ActionRun.objects.filter(Exists(listed), incident=None).exclude(state__in=NOTHING_DONE)
    # Two lists of keys, for which there are indexes; "one or the other" would be looked up row by row.
    return ActionRun.objects.filter(pk__in=own.values("pk").union(swept.values("pk"))).order_by("pk")


def same_target(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """Those of `rows` that are about the same thing in the same tenant as the row of the query around them."""
    return rows.filter(**{name: OuterRef(name) for name in ("tenant_id", "action_key", "target_key")})


def incidents_concerned(runs: Collection[ActionRun]) -> set[int]:
    """The incidents that tell of these runs: their own, and for a campaign's those that list the same copies."""
    swept = [run for run in runs if run.incident_id is None]
    found = Finding.objects.filter(
        incident__isnull=False,
        tenant__in={run.tenant_id for run in swept},
        target_key__in={run.target_key for run in swept},
        action_key__in={run.action_key for run in swept},
    )
    listing = set(found.values_list("incident_id", flat=True)) if swept else set()
    return {run.incident_id for run in runs if run.incident_id} | listing


def incidents_listing(order_id: int) -> "QuerySet[Any]":
    """The ids of the incidents that list a copy which this order of a campaign concerns."""
    listed = Finding.objects.filter(Exists(same_target(ActionRun.objects.filter(order_id=order_id))))
    return listed.filter(incident__isnull=False).values_list("incident_id", flat=True).distinct()


def findings_open(incident_id: int) -> "QuerySet[Finding]":
    """What "all" means, and was not dealt with yet."""
    return findings_left(incident_id).filter(MEANT_BY_ALL)


def findings_left(incident_id: int) -> "QuerySet[Finding]":
    """What was not dealt with yet: what "all" means, and what a person has to look at first."""
    of_it = ActionRun.objects.filter(Q(incident_id=incident_id) | Q(incident=None), state__in=DONE_STATES)
    handled = same_target(of_it)
    return Finding.objects.filter(MEANT_BY_ALL | UNDECIDED, ~Exists(handled), incident_id=incident_id)


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
        if run.state == RunState.CANCELED and run.step in FINDING_STEPS:
            continue  # ordered and never begun: refused by the second member, for one
        states[run.step][run.action_key, run.target_key] = run  # the latest of each target
    open_steps = set(findings_left(incident_id).values_list("step", flat=True))
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


def campaign_incidents(campaign: Campaign, *, tenants: Collection[Tenant]) -> "QuerySet[Incident]":
    """The incidents in these tenants that are about the same phish, the latest first: the one that the campaign began
    with, those that tagged one of its mails, and those that list one of its copies.
    """
    ids = {mail["internet_message_id"] for mail in campaign.mails if mail.get("internet_message_id")}
    tagged = PhishTag.objects.filter(internet_message_id__in=ids).values("incident")
    listing = Finding.objects.filter(Exists(same_target(Finding.objects.filter(campaign=campaign))))
    listed = listing.filter(incident__isnull=False).values("incident")
    about_it = Q(pk=campaign.incident_id) | Q(pk__in=tagged) | Q(pk__in=listed)
    incidents = Incident.objects.filter(about_it, tenant__in=tenants).select_related("account", "tenant")
    return incidents.order_by("-opened_at", "-pk")


def campaign_scans(campaign_ids: Collection[int]) -> "QuerySet[Scan]":
    """All searches of campaigns in the open scope, the oldest first."""
    return Scan.objects.filter(campaign__in=campaign_ids).order_by("pk")


@dataclass(frozen=True, slots=True)
class CopyCount:
    """Mails of a campaign in a tenant: all, those that do harm, those that a person has to look at first, and the
    mailboxes with one that does harm.
    """

    copies: int = 0
    harmful: int = 0
    unsure: int = 0
    mailboxes: int = 0


def campaign_copy_counts(campaign_ids: Collection[int]) -> dict[tuple[int, int], CopyCount]:
    """The mails of campaigns in the open scope, counted by (campaign, tenant)."""
    left = Q(is_suspicious=True, gone_at=None, is_done=False)
    harmful = left & Q(is_uncertain=False)
    rows = Finding.objects.filter(campaign__in=campaign_ids).order_by()
    marked = rows.annotate(is_done=Exists(_done_since()), mailbox=KT("target__user_id"))
    counted = marked.values("campaign_id", "tenant_id").annotate(
        copies=Count("pk"),
        harmful=Count("pk", filter=harmful),
        unsure=Count("pk", filter=left & Q(is_uncertain=True)),
        mailboxes=Count("mailbox", filter=harmful, distinct=True),
    )
    return {
        (row["campaign_id"], row["tenant_id"]): CopyCount(
            row["copies"], row["harmful"], row["unsure"], row["mailboxes"]
        )
        for row in counted
    }


def campaign_copies(campaign_id: int, *, tenants: Collection[Tenant], most: int) -> "QuerySet[Finding]":
    """At most `most` mails of a campaign in each of these tenants, those that do harm first."""
    row = Window(RowNumber(), partition_by="tenant_id", order_by=["-is_suspicious", "pk"])
    rows = Finding.objects.filter(campaign_id=campaign_id, tenant__in=tenants).annotate(row=row)
    return rows.filter(row__lte=most).order_by("-is_suspicious", "pk")


def campaign_runs(findings: Collection[Finding]) -> "QuerySet[ActionRun]":
    """What was done to these mails, or is about to be, by whoever ordered it; the oldest first."""
    runs = ActionRun.objects.filter(
        tenant__in={one.tenant_id for one in findings},
        action_key__in={one.action_key for one in findings},
        target_key__in={one.target_key for one in findings},
    )
    return runs.exclude(state=RunState.CANCELED).select_related("order__retraction").order_by("pk")


def _done_since() -> "QuerySet[ActionRun]":
    """Runs that took out the mail of the query around this after it was seen last."""
    done = ActionRun.objects.filter(state__in=DONE_STATES, finished_at__gt=OuterRef("seen_at"))
    return same_target(done)


def copies_free(campaign_id: int) -> "QuerySet[Finding]":
    """The mails of a campaign in the open scope that nobody is about to take out, or has since they were looked at."""
    at_it = same_target(ActionRun.objects.filter(state__in=(RunState.PLANNED, *WAITING_STATES)))
    return Finding.objects.filter(~Exists(at_it), ~Exists(_done_since()), campaign_id=campaign_id)


def retractions_visible(*, campaign_id: int, tenant_ids: Collection[int]) -> "QuerySet[Retraction]":
    """The retractions of a campaign that exist for a reader of these tenants, whose scope is open, the latest first."""
    theirs = WorkOrder.objects.filter(retraction__isnull=False, tenant__in=tenant_ids).values("retraction")
    return Retraction.objects.filter(pk__in=theirs, campaign_id=campaign_id).order_by("-pk")
