"""WHAT WE DO ABOUT IT. A WorkOrder is one press; an ActionRun is one action on one target; an ActionAttempt is one try.

The row is the job: Celery only rings the bell. Columns named `state` are written by `transitions.py` alone.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from incidents.models import Incident
from remediation.enums import FINDING_STEPS, AttemptKind, OrderState, RunState, ScanState, Step, Verdict, WatchState
from tenants.encryption import EncryptedTextField
from tenants.models import Organization, Tenant
from tenants.scoping import TenantScoped


def of_one(other: str) -> Q:
    """What is searched, found and done is of an incident or of a campaign, whose column is `other`."""
    of_incident = Q(**{"incident__isnull": False, f"{other}__isnull": True})
    return of_incident | Q(**{"incident__isnull": True, f"{other}__isnull": False})


TOLD_FIRST, TOLD_NEXT = ("subject", "sender_address", "internet_message_id"), ("links", "attachment_hashes")


class Campaign(models.Model):
    """A phish wherever it lies, in all tenants of an organization: what a mail has to be like to be one of its copies.

    `mails`: [{"internet_message_id", "subject", "sender_address", "links": [], "attachment_hashes": []}]. Those of an
    incident are the mails tagged there; a sweep has one, in which what is empty may be anything.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    # Where it was tagged: a sweep has neither. What was found elsewhere outlives both.
    tenant = models.ForeignKey(Tenant, on_delete=models.SET_NULL, null=True, related_name="+")
    incident = models.OneToOneField(Incident, on_delete=models.SET_NULL, null=True, related_name="campaign")
    is_sweep = models.BooleanField(default=False)  # somebody asked for it, without an incident
    mails = models.JSONField(default=list)
    since = models.DateTimeField()  # what was received before is not looked for
    until = models.DateTimeField(null=True)  # nor what was received from then on; empty: whatever came up to now
    created_by_name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        told = [mail.get(part) for mail in self.mails for part in TOLD_FIRST]
        told += [each for mail in self.mails for part in TOLD_NEXT for each in mail.get(part, [])]
        return next(filter(None, told), f"Campaign {self.pk}")


class Scan(TenantScoped):
    """One look for what could be acted on: by a step of an incident, or in a tenant that a campaign may have reached.

    `coverage` says for each source what was looked at, and what was not.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, null=True, related_name="scans")
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, null=True, related_name="scans")
    step = models.PositiveSmallIntegerField(choices=Step)
    state = models.CharField(max_length=10, choices=ScanState, default=ScanState.QUEUED)
    coverage = models.JSONField(default=list)  # [{"source", "is_checked", "rows", "note"}]
    requested_by_name = models.CharField(max_length=120)
    requested_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(null=True)  # not before; set where Microsoft asked to wait
    repeats = models.PositiveSmallIntegerField(default=0)  # how often it was put off like that
    lease_until = models.DateTimeField(null=True)
    fence = models.CharField(max_length=32, blank=True)  # token of the claim that may write
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantScoped.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["incident", "step"],
                condition=Q(state=ScanState.QUEUED),
                name="one_scan_waits",
            ),
            models.UniqueConstraint(
                fields=["campaign", "tenant"],
                condition=Q(state=ScanState.QUEUED),
                name="one_search_of_a_campaign_waits",
            ),
            models.CheckConstraint(condition=of_one("campaign"), name="scan_of_one"),
        ]

    def __str__(self) -> str:
        return f"Scan for {self.campaign or f'step {self.step} of incident {self.incident_id}'}"

    @property
    def of(self) -> dict[str, int | None]:
        """Whose it is, as columns."""
        return {"tenant_id": self.tenant_id, "incident_id": self.incident_id, "campaign_id": self.campaign_id}

    @property
    def is_whole(self) -> bool:
        """Whether everything that it should look at was really looked at."""
        return self.state == ScanState.COMPLETE and all(row["is_checked"] for row in self.coverage)


class Finding(TenantScoped):
    """Something found in the tenant that a step can act on: a copy of the phish, a mail filter rule, a device."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, null=True, related_name="findings")
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, null=True, related_name="findings")
    step = models.PositiveSmallIntegerField(choices=Step)
    kind = models.CharField(max_length=30)  # the group it is shown in: a key of actions.finding.FINDING_KINDS
    action_key = models.CharField(max_length=40)
    target_key = models.CharField(max_length=64)  # digest of what is acted on: unique within the tenant and action
    target = models.JSONField()  # the ids that the action needs
    title = models.CharField(max_length=400)
    facts = models.JSONField(default=list)  # [[label, value], …] for the screen
    reasons = models.JSONField(default=list)  # why it is suspicious, or why it is here
    is_suspicious = models.BooleanField(default=False)
    is_uncertain = models.BooleanField(default=False)  # suspicious, but a person looks at it before it is acted on
    refusal = models.TextField(blank=True)  # why it may never be acted on
    protected_address = models.CharField(max_length=320, blank=True)  # has to be typed before acting
    others_affected = models.PositiveIntegerField(default=0)  # people besides the victim who would notice
    before = models.JSONField(null=True)  # the state when it was found
    verdict = models.CharField(max_length=12, choices=Verdict, default=Verdict.NONE, blank=True)
    found_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)

    class Meta(TenantScoped.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["incident", "step", "action_key", "target_key"], name="finding_once"),
            models.UniqueConstraint(
                fields=["campaign", "tenant", "action_key", "target_key"], name="finding_of_a_campaign_once"
            ),
            models.CheckConstraint(condition=of_one("campaign"), name="finding_of_one"),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "target_key"], name="finding_by_target")]

    def __str__(self) -> str:
        return self.title

    @property
    def is_from_log(self) -> bool:
        """Whether a log row alone tells of it: there are no ids to act on."""
        return "from_log" in (self.target or {})

    @property
    def is_meant_by_all(self) -> bool:
        """Whether "all" and preselection include it: clearly suspicious, and nobody else would notice."""
        if self.refusal or self.protected_address or self.others_affected or self.gone_at:
            return False
        is_clear = self.is_suspicious and not self.is_uncertain
        return self.verdict == Verdict.MALICIOUS or (is_clear and self.verdict != Verdict.LEGITIMATE)

    @property
    def is_undecided(self) -> bool:
        """Whether a person has to look at it first, and nobody has said yet what it is."""
        is_open = not self.refusal and not self.gone_at and self.verdict == Verdict.NONE
        return is_open and self.is_suspicious and self.is_uncertain


class Retraction(models.Model):
    """One press that takes a campaign's copies out of any number of tenants: a work order in each, and one digest.

    What may be told of it to a reader is told by its work orders: those of the tenants that exist for the reader.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="retractions")
    idempotency_key = models.CharField(max_length=64)
    plan_digest = models.CharField(max_length=64)
    requested_by_id = models.BigIntegerField()
    requested_by_name = models.CharField(max_length=120)
    reason = models.TextField(blank=True)
    is_emergency = models.BooleanField(default=False)  # a second member should have approved it, and was not asked
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["requested_by_id", "idempotency_key"], name="one_press_one_retraction")
        ]

    def __str__(self) -> str:
        return f"Retraction by {self.requested_by_name}"


class WorkOrder(TenantScoped):
    """One press of a button, as far as it concerns this tenant: by whom, what exactly was planned, and its digest."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, null=True, related_name="work_orders")
    retraction = models.ForeignKey(Retraction, on_delete=models.CASCADE, null=True, related_name="orders")
    step = models.PositiveSmallIntegerField(choices=Step)
    state = models.CharField(max_length=17, choices=OrderState, default=OrderState.PLANNED)
    idempotency_key = models.CharField(max_length=64)
    plan_digest = models.CharField(max_length=64)
    requested_by_id = models.BigIntegerField(null=True)
    requested_by_name = models.CharField(max_length=120)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)  # until when a second member can approve it
    decided_by_id = models.BigIntegerField(null=True)  # who approved, refused or withdrew it
    decided_by_name = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True)
    stopped_by_name = models.CharField(max_length=120, blank=True)  # while it is stopped
    stopped_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantScoped.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "idempotency_key"], name="one_press_one_order"),
            models.CheckConstraint(condition=of_one("retraction"), name="order_of_one"),
        ]

    def __str__(self) -> str:
        return f"{self.get_step_display()} by {self.requested_by_name}"

    @property
    def subject(self) -> str:
        """What it is about, as the audit trail names it: the campaign's mail, or the incident's account."""
        if self.retraction:
            return str(self.retraction.campaign)
        return str(self.incident.account) if self.incident else ""


class ActionRun(TenantScoped):
    """One action on one target. Claimed with a lease and a new `fence`: a worker that comes late cannot write.

    A copy that a campaign takes out is of no incident; those that list it tell of it: see `selectors.runs_of`.
    """

    order = models.ForeignKey(WorkOrder, on_delete=models.CASCADE, related_name="runs")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, null=True, related_name="runs")
    finding = models.ForeignKey(Finding, on_delete=models.SET_NULL, null=True, related_name="runs")
    step = models.PositiveSmallIntegerField(choices=Step)
    action_key = models.CharField(max_length=40)
    target_key = models.CharField(max_length=64)
    target = models.JSONField()
    title = models.CharField(max_length=400)
    lane = models.CharField(max_length=80)
    state = models.CharField(max_length=12, choices=RunState, default=RunState.PLANNED)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    code = models.CharField(max_length=120, blank=True)  # Microsoft's error code, when it failed
    message = models.TextField(blank=True)  # in plain words
    request_id = models.CharField(max_length=80, blank=True)
    ordered_at = models.DateTimeField()  # the press, or the last Retry or Undo: what is older is not ours
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    fence = models.CharField(max_length=32, blank=True)  # token of the claim that may write
    tries = models.PositiveSmallIntegerField(default=0)
    waits = models.PositiveSmallIntegerField(
        default=0
    )  # tries in which nothing was done because Microsoft said "later"
    applied_at = models.DateTimeField(null=True)  # when Microsoft accepted it
    finished_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    verify_due_at = models.DateTimeField(null=True)
    verify_tries = models.PositiveSmallIntegerField(default=0)
    undone_by_id = models.BigIntegerField(null=True)
    undone_by_name = models.CharField(max_length=120, blank=True)

    class Meta(TenantScoped.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["incident", "step", "action_key", "target_key"],
                condition=Q(state__in=[RunState.PLANNED, RunState.QUEUED, RunState.RUNNING, RunState.UNDOING]),
                name="one_run_at_a_time",
            ),
            # Steps 2 and 3, two incidents and a campaign may all find the same mail: it is moved once.
            models.UniqueConstraint(
                fields=["tenant", "action_key", "target_key"],
                condition=Q(step__in=FINDING_STEPS, state__in=[RunState.QUEUED, RunState.RUNNING, RunState.UNDOING]),
                name="one_run_a_target_at_a_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "state", "due_at"], name="run_by_due"),
            models.Index(fields=["incident", "step", "state"], name="run_by_step"),
            models.Index(fields=["tenant", "target_key"], name="run_by_target"),
            # What the sweeper looks at every few seconds: a handful of rows among all there ever were.
            models.Index(fields=["lease_until"], condition=Q(lease_until__isnull=False), name="run_by_lease"),
            models.Index(fields=["verify_due_at"], condition=Q(verify_due_at__isnull=False), name="run_by_reading"),
        ]

    def __str__(self) -> str:
        return f"{self.action_key}: {self.title}"


class ActionAttempt(TenantScoped):
    """One try, written down before it is made. An attempt without an end is one whose worker died."""

    run = models.ForeignKey(ActionRun, on_delete=models.CASCADE, related_name="attempts")
    kind = models.CharField(max_length=8, choices=AttemptKind)
    fence = models.CharField(max_length=32)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    requests = models.JSONField(default=list)  # method and path of what was sent
    status = models.PositiveSmallIntegerField(null=True)
    code = models.CharField(max_length=120, blank=True)
    message = models.TextField(blank=True)
    request_id = models.CharField(max_length=80, blank=True)
    is_outcome_unknown = models.BooleanField(default=False)

    class Meta(TenantScoped.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.run_id} {self.started_at:%H:%M:%S}"


class IssuedPassword(TenantScoped):
    """A new password, encrypted, for the one who pressed; destroyed when seen or 15 minutes after Microsoft took it."""

    run = models.OneToOneField(ActionRun, on_delete=models.CASCADE, related_name="password")
    reference = models.CharField(max_length=80, unique=True)  # what stands in requests in its place
    viewer_id = models.BigIntegerField(null=True)
    password = EncryptedTextField(blank=True)
    accepted_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    destroyed_at = models.DateTimeField(null=True)

    class Meta(TenantScoped.Meta):
        pass

    def __str__(self) -> str:
        return f"Password of run {self.run_id}"


class SyncWatch(TenantScoped):
    """The watch over a synchronized account that step 1 locked: the next synchronization may enable it again."""

    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="sync_watch")
    state = models.CharField(max_length=10, choices=WatchState, default=WatchState.WATCHING)
    began_at = models.DateTimeField()  # when the account was locked
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    fence = models.CharField(max_length=32, blank=True)
    checked_at = models.DateTimeField(null=True)  # last look that Microsoft answered
    problem = models.TextField(blank=True)  # why the last look saw nothing
    unexplained = models.PositiveSmallIntegerField(default=0)  # looks that found it enabled, and no word by whom
    relocks = models.PositiveIntegerField(default=0)
    relocked_at = models.DateTimeField(null=True)
    warning = models.TextField(blank=True)
    stopped_by_name = models.CharField(max_length=120, blank=True)

    class Meta(TenantScoped.Meta):
        indexes: ClassVar = [models.Index(fields=["state", "due_at"], name="watch_by_due")]

    def __str__(self) -> str:
        return f"{self.get_state_display()}: {self.incident_id}"
