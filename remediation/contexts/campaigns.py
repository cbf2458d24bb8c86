"""What the pages of a campaign show: in each tenant that the reader may see, what was found there."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from remediation.enums import ScanState
from remediation.models import Campaign, Finding, Scan
from remediation.selectors import campaign_findings, campaign_scans
from tenants.enums import TenantState
from tenants.models import Tenant

BUSY = (ScanState.QUEUED, ScanState.RUNNING)
_NOT_ASKED = {
    TenantState.PAUSED: "Not searched: paused",
    TenantState.UNCONNECTED: "Not searched: not connected",
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """A campaign in one tenant. `tone` is a CSS word: done, warn, waiting, none."""

    tenant: Tenant
    words: str
    tone: str
    notes: list[str]
    copies: list[CopyView]
    searched_at: datetime | None
    senders: list[str]
    subjects: list[str]

    @property
    def harmful(self) -> list[CopyView]:
        return [copy for copy in self.copies if not copy.state]

    @property
    def mailboxes(self) -> list[str]:
        return sorted({copy.mailbox for copy in self.harmful})


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignView:
    """A campaign as far as the reader may see it: first where there is something to do."""

    campaign: Campaign
    parts: list[PartView]
    is_busy: bool
    can_act: bool

    @property
    def found_in(self) -> list[PartView]:
        return [part for part in self.parts if part.copies]

    @property
    def harmful_count(self) -> int:
        return sum(len(part.harmful) for part in self.parts)


def campaign_view(*, campaign: Campaign, tenants: Sequence[Tenant], can_act: bool) -> CampaignView:
    """One campaign in these tenants, whose scope is open. A constant number of queries."""
    (view,) = campaign_views(campaigns=[campaign], tenants=tenants, can_act=can_act)
    return view


def campaign_views(*, campaigns: Sequence[Campaign], tenants: Sequence[Tenant], can_act: bool) -> list[CampaignView]:
    """Campaigns in these tenants, whose scope is open. A constant number of queries."""
    ids = [campaign.pk for campaign in campaigns]
    scans: dict[tuple[int | None, int], list[Scan]] = defaultdict(list)
    for scan in campaign_scans(ids):
        scans[scan.campaign_id, scan.tenant_id].append(scan)
    findings: dict[tuple[int | None, int], list[Finding]] = defaultdict(list)
    for finding in campaign_findings(ids):
        findings[finding.campaign_id, finding.tenant_id].append(finding)
    views = []
    for campaign in campaigns:
        here = [tenant for tenant in tenants if scans[campaign.pk, tenant.pk] or _is_to_be_told(campaign, tenant)]
        parts = [_part(one, scans[campaign.pk, one.pk], findings[campaign.pk, one.pk]) for one in here]
        parts.sort(key=lambda part: (not part.harmful, not part.copies, part.tenant.name.casefold()))
        is_busy = any(scan.state in BUSY for tenant in here for scan in scans[campaign.pk, tenant.pk])
        views.append(CampaignView(campaign=campaign, parts=parts, is_busy=is_busy, can_act=can_act))
    return views


def _is_to_be_told(campaign: Campaign, tenant: Tenant) -> bool:
    """Whether a tenant without a search is told all the same: an incident's phish is looked for in all but its own."""
    return bool(campaign.incident_id and campaign.mails) and tenant.pk != campaign.tenant_id


def _part(tenant: Tenant, scans: Sequence[Scan], findings: Sequence[Finding]) -> PartView:
    copies = [_copy(finding) for finding in findings]
    ended = [scan for scan in scans if scan.finished_at]
    words, tone = _words(tenant, scans, copies)
    notes = [row["note"] for row in (ended[-1].coverage if ended else []) if row["note"]]
    return PartView(
        tenant=tenant,
        words=words,
        tone=tone,
        notes=notes,
        copies=copies,
        searched_at=ended[-1].finished_at if ended else None,
        subjects=_listed(copy.finding.title for copy in copies),
        senders=_listed(str(dict(copy.finding.facts).get("From", "")) for copy in copies),
    )


def _words(tenant: Tenant, scans: Sequence[Scan], copies: Sequence[CopyView]) -> tuple[str, str]:
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
    found = _found(copies)
    if latest.is_whole:
        return found or "None found", "done"
    return f"{found}; not everything could be searched" if found else "Could not be searched", "warn"


def _found(copies: Sequence[CopyView]) -> str:
    harmful = [copy for copy in copies if not copy.state]
    if not copies:
        return ""
    mails, boxes = len(harmful), len({copy.mailbox for copy in harmful})
    if not mails:
        return "Nothing left in a folder that people read"
    return f"{mails} mail{'s' if mails > 1 else ''} in {boxes} mailbox{'es' if boxes > 1 else ''}"


def _copy(finding: Finding) -> CopyView:
    facts = {label: str(value) for label, value in finding.facts}
    return CopyView(
        finding=finding,
        mailbox=facts.get("Mailbox", ""),
        folder=facts.get("Folder", ""),
        received=facts.get("Received", ""),
        read=facts.get("Read", "Not known"),
        why=finding.reasons[0] if finding.reasons else "",
        state="Gone" if finding.gone_at else facts.get("State", ""),
    )


def _listed(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))
