"""What the pages of a campaign show: in each tenant that the reader may see, what was found there and what was done.

A campaign may have thousands of copies: they are counted by the database, and a few of each tenant are listed.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.core.paginator import Page, Paginator

from incidents.models import Incident
from remediation.contexts.retractions import RetractionView, retraction_views
from remediation.contexts.rows import RunView, run_view
from remediation.enums import RunState, ScanState
from remediation.models import ActionRun, Campaign, Finding, Retraction, Scan
from remediation.selectors import (
    DONE_STATES,
    CopyCount,
    campaign_copies,
    campaign_copy_counts,
    campaign_incidents,
    campaign_runs,
    campaign_scans,
)
from tenants.access import can_act, can_see_organization
from tenants.enums import TenantState
from tenants.models import Member, Tenant

BUSY = (ScanState.QUEUED, ScanState.RUNNING)
LISTED, MOST_OF_A_TENANT, LEAST_OF_A_TENANT = (
    500,
    100,
    5,
)  # mails that a page lists of all tenants together, and of each
_NOT_ASKED = {
    TenantState.PAUSED: "Not searched: paused",
    TenantState.UNCONNECTED: "Not searched: not connected",
}
_PLANNED = {
    RunState.PLANNED: "Not begun",
    RunState.QUEUED: "Waits its turn",
    RunState.UNDOING: "Undoing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyView:
    """A mail that was found. `state` says what makes it harmless: where it lies, or that it is gone."""

    finding: Finding
    mailbox: str
    folder: str
    received: str
    read: str
    why: str
    state: str
    run: RunView | None
    retraction: Retraction | None  # where the run is a campaign's: through it, it is undone
    run_mark: str  # how far it is, where the run has not come to its end
    can_select: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """A campaign in one tenant. `tone` is a CSS word: done, warn, waiting, none."""

    tenant: Tenant
    words: str
    tone: str
    notes: list[str]
    count: CopyCount
    copies: list[CopyView]  # some of them, those that do harm first
    searched_at: datetime | None

    @property
    def senders(self) -> list[str]:
        return _listed(str(dict(copy.finding.facts).get("From", "")) for copy in self.copies)

    @property
    def subjects(self) -> list[str]:
        return _listed(copy.finding.title for copy in self.copies)

    @property
    def mailboxes(self) -> list[str]:
        """The mailboxes that hold something harmful, among the mails listed."""
        return sorted({copy.mailbox for copy in self.copies if copy.can_select and not copy.state})

    @property
    def more_mailboxes(self) -> int:
        return max(0, self.count.mailboxes - len(self.mailboxes))

    @property
    def more_copies(self) -> int:
        return self.count.copies - len(self.copies)

    @property
    def can_be_taken_whole(self) -> bool:
        return self.count.harmful > 0 and self.tenant.state == TenantState.CONNECTED


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignView:
    """A campaign as far as the reader may see it: first where there is something to do."""

    campaign: Campaign
    parts: list[PartView]
    is_searching: bool
    can_act: bool
    retractions: list[RetractionView] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)  # about the same phish, where the reader may see them
    page: "Page[Finding] | None" = None  # of one tenant's mails, where only that one is shown

    @property
    def is_busy(self) -> bool:
        return self.is_searching or any(one.is_busy or one.state == "awaiting" for one in self.retractions)

    @property
    def found_in(self) -> list[PartView]:
        return [part for part in self.parts if part.count.copies]

    @property
    def harmful_count(self) -> int:
        return sum(part.count.harmful for part in self.parts)

    @property
    def unsure_count(self) -> int:
        return sum(part.count.unsure for part in self.parts)

    @property
    def can_select(self) -> bool:
        return self.can_act and any(copy.can_select for part in self.parts for copy in part.copies)


def campaign_view(*, campaign: Campaign, tenants: Sequence[Tenant], member: Member) -> CampaignView:
    """One campaign in these tenants, whose scope is open. A constant number of queries."""
    reading = _Reading([campaign], tenants)
    here = reading.tenants_of(campaign, tenants)
    found_in = sum(reading.counts[campaign.pk, tenant.pk].copies > 0 for tenant in here)
    most = max(LEAST_OF_A_TENANT, min(MOST_OF_A_TENANT, LISTED // max(1, found_in)))
    reading.list_copies(campaign_copies(campaign.pk, tenants=here, most=most), campaign.pk)
    retractions = retraction_views(campaign_id=campaign.pk, tenants=tenants, member=member)
    view = reading.view(campaign, here, member, retractions=retractions)
    return replace(view, incidents=list(campaign_incidents(campaign, tenants=tenants)))


def campaign_part_view(*, campaign: Campaign, tenant: Tenant, member: Member, page: str | None) -> CampaignView:
    """A campaign in one tenant, page by page."""
    reading = _Reading([campaign], [tenant])
    copies = Finding.objects.filter(campaign=campaign, tenant=tenant).order_by("-is_suspicious", "pk")
    shown = Paginator(copies, MOST_OF_A_TENANT).get_page(page)
    reading.list_copies(shown.object_list, campaign.pk)
    return reading.view(campaign, [tenant], member, page=shown)  # a guest acts under the incident


def campaign_views(*, campaigns: Sequence[Campaign], tenants: Sequence[Tenant], member: Member) -> list[CampaignView]:
    """Campaigns in these tenants, whose scope is open, without their mails. A constant number of queries."""
    reading = _Reading(campaigns, tenants)
    return [reading.view(campaign, reading.tenants_of(campaign, tenants), member) for campaign in campaigns]


class _Reading:
    """Reads once what all parts of some campaigns need."""

    def __init__(self, campaigns: Sequence[Campaign], tenants: Sequence[Tenant]) -> None:
        ids = [campaign.pk for campaign in campaigns]
        self.scans: dict[tuple[int | None, int], list[Scan]] = defaultdict(list)
        for scan in campaign_scans(ids):
            self.scans[scan.campaign_id, scan.tenant_id].append(scan)
        self.counts = defaultdict(CopyCount, campaign_copy_counts(ids))
        self.copies: dict[int, list[CopyView]] = defaultdict(list)

    def tenants_of(self, campaign: Campaign, tenants: Sequence[Tenant]) -> list[Tenant]:
        """Those that it was looked for in; an incident's phish is looked for in all but its own."""
        is_told = bool(campaign.incident_id and campaign.mails)
        return [
            tenant
            for tenant in tenants
            if self.scans[campaign.pk, tenant.pk] or (is_told and tenant.pk != campaign.tenant_id)
        ]

    def list_copies(self, findings: Iterable[Finding], campaign_id: int) -> None:
        listed = list(findings)
        latest = {(run.tenant_id, run.target_key): run for run in campaign_runs(listed)}
        for finding in listed:
            self.copies[finding.tenant_id].append(_copy(finding, latest.get((finding.tenant_id, finding.target_key))))

    def view(
        self,
        campaign: Campaign,
        tenants: Sequence[Tenant],
        member: Member,
        *,
        retractions: Sequence[RetractionView] = (),
        page: "Page[Finding] | None" = None,
    ) -> CampaignView:
        parts = [self._part(campaign, tenant) for tenant in tenants]
        parts.sort(key=_where_there_is_most_to_do)
        return CampaignView(
            campaign=campaign,
            parts=parts,
            is_searching=any(scan.state in BUSY for one in tenants for scan in self.scans[campaign.pk, one.pk]),
            can_act=can_act(member) and (page is None or can_see_organization(member)),
            retractions=list(retractions),
            page=page,
        )

    def _part(self, campaign: Campaign, tenant: Tenant) -> PartView:
        scans, count = self.scans[campaign.pk, tenant.pk], self.counts[campaign.pk, tenant.pk]
        ended = [scan for scan in scans if scan.finished_at]
        words, tone = _words(tenant, scans, count)
        return PartView(
            tenant=tenant,
            words=words,
            tone=tone,
            notes=[row["note"] for row in (ended[-1].coverage if ended else []) if row["note"]],
            count=count,
            copies=self.copies[tenant.pk],
            searched_at=ended[-1].finished_at if ended else None,
        )


def _where_there_is_most_to_do(part: PartView) -> tuple[bool, bool, bool, str]:
    count = part.count
    return not count.harmful, not count.unsure, not count.copies, part.tenant.name.casefold()


def _words(tenant: Tenant, scans: Sequence[Scan], count: CopyCount) -> tuple[str, str]:
    """How far the search came, in words, and the tone of it."""
    latest = scans[-1] if scans else None
    if latest is None:
        return _NOT_ASKED.get(TenantState(tenant.state), "Not searched yet"), "none"
    if latest.state == ScanState.RUNNING:
        return "Searching", "waiting"
    if latest.state == ScanState.QUEUED:
        if tenant.state != TenantState.CONNECTED:
            return _NOT_ASKED[TenantState(tenant.state)], "none"
        return "Microsoft asked to wait; it goes on by itself" if latest.due_at else "Waits to be searched", "waiting"
    found = _found(count)
    if latest.is_whole:
        return found or "None found", "done"
    return f"{found}; not everything could be searched" if found else "Could not be searched", "warn"


def _found(count: CopyCount) -> str:
    if not count.copies:
        return ""
    unsure = f"{count.unsure:,} to look at first" if count.unsure else ""
    if not count.harmful:
        return unsure or "Nothing left in a folder that people read"
    boxes = f"{count.mailboxes:,} mailbox{'' if count.mailboxes == 1 else 'es'}"
    return ", ".join(filter(None, [f"{count.harmful:,} mail{'' if count.harmful == 1 else 's'} in {boxes}", unsure]))


def _copy(finding: Finding, run: ActionRun | None) -> CopyView:
    facts = {label: str(value) for label, value in finding.facts}
    is_old = run is not None and run.finished_at is not None and run.finished_at < finding.seen_at
    if run and is_old and (run.state == RunState.UNDONE or (finding.is_suspicious and run.state in DONE_STATES)):
        run = None  # what was seen since is news
    is_taken = run is not None and (run.finished_at is None or run.state in DONE_STATES)
    return CopyView(
        finding=finding,
        mailbox=facts.get("Mailbox", ""),
        folder=facts.get("Folder", ""),
        received=facts.get("Received", ""),
        read=facts.get("Read", "Not known"),
        why="; ".join(finding.reasons),
        state="Gone" if finding.gone_at else facts.get("State", ""),
        run=run_view(run) if run else None,
        retraction=run.order.retraction if run else None,
        run_mark=_PLANNED.get(RunState(run.state), "") if run else "",
        can_select=not (is_taken or finding.gone_at or finding.protected_address or finding.refusal),
    )


def _listed(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))
