"""Looking for a phish in all tenants: for what an incident has tagged, by itself, and for what somebody sweeps for."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from incidents.models import Incident, PhishTag
from remediation import doorbell
from remediation.actions.finders.messages import BEFORE_ACCESS
from remediation.enums import ScanState, Step
from remediation.models import Campaign, Finding, Scan
from remediation.policies import Refused
from tenants import audit
from tenants.audit import PETRA, Act, Actor
from tenants.enums import TenantState
from tenants.models import Member, Tenant
from tenants.scoping import unscoped

NOTHING_SOUGHT = "Say what to look for: a subject, a sender, a message id, a link or an attachment hash."


@dataclass(frozen=True, slots=True, kw_only=True)
class SoughtMail:
    """What makes a mail one of those sought; an empty part may be anything.

    Of a link and the hash of an attachment one is enough; with either, sender and subject only narrow.
    """

    internet_message_id: str = ""
    subject: str = ""
    sender_address: str = ""
    links: Sequence[str] = ()
    attachment_hashes: Sequence[str] = ()


def campaign_follow(*, incident: Incident) -> None:
    """Look for the mails tagged in an incident in the organization's other tenants, in all that can be asked.

    Called whenever what is tagged changes. Where nothing is tagged any more, what was found is told as gone.
    """
    mails, known = _tagged(incident), Campaign.objects.filter(incident=incident).first()
    if not mails and known is None:
        return
    tenant, seen = incident.tenant, {"mails": mails, "since": incident.first_access_at - BEFORE_ACCESS}
    with transaction.atomic():
        campaign, _ = Campaign.objects.update_or_create(
            incident=incident,
            defaults=seen,
            create_defaults=seen
            | {"organization_id": tenant.organization_id, "tenant": tenant, "created_by_name": PETRA},
        )
        others = Tenant.objects.filter(organization_id=tenant.organization_id).exclude(pk=tenant.pk)
        with unscoped(reason="an incident's phish is looked for in all tenants of its organization"):
            if known and _ids_of(known.mails) - _ids_of(mails):
                _forget_uncertain(campaign)
            _search(campaign, others.filter(state=TenantState.CONNECTED), by_name=PETRA)


def _ids_of(mails: Sequence[dict[str, Any]]) -> set[str]:
    return {mail["internet_message_id"] for mail in mails}


def _forget_uncertain(campaign: Campaign) -> None:
    """A mail is no phish any more: what was known by its content alone is one no longer, until it is found again."""
    of_it = Q(campaign=campaign) | Q(incident=campaign.incident_id)
    Finding.objects.filter(of_it, is_uncertain=True, gone_at=None).update(gone_at=timezone.now())


def campaign_learn(*, incident: Incident) -> None:
    """Look again where more is known of the tagged mails than the campaign looks for."""
    campaign, mails = Campaign.objects.filter(incident=incident).first(), _tagged(incident)
    if mails != (campaign.mails if campaign else []):
        campaign_follow(incident=incident)


def _tagged(incident: Incident) -> list[dict[str, Any]]:
    tags = PhishTag.objects.filter(incident=incident).order_by("pk")
    return [dict(mail) for mail in tags.values(*(part.name for part in fields(SoughtMail)))]


def sweep_begin(
    *, sought: SoughtMail, since: datetime, until: datetime | None = None, tenants: Sequence[Tenant], by: Member
) -> Campaign:
    """Look for mails received from `since` on and before `until` in some tenants, without an incident.

    Raises:
        Refused: when nothing is said of the mails, or none of the tenants can be asked.
    """
    if sought == SoughtMail():
        raise Refused(f"{NOTHING_SOUGHT} Nothing was searched.")
    with transaction.atomic():
        campaign = Campaign.objects.create(
            organization=by.organization,
            is_sweep=True,
            mails=[asdict(sought)],
            since=since,
            until=until,
            created_by_name=by.display_name,
        )
        campaign_search(campaign=campaign, tenants=tenants, by=by)
    return campaign


def campaign_search(*, campaign: Campaign, tenants: Sequence[Tenant], by: Member) -> int:
    """Search again in some tenants. Returns in how many; one in which a search waits or runs is left to that.

    Raises:
        Refused: when none of the tenants can be asked.
    """
    askable = [tenant for tenant in tenants if tenant.state == TenantState.CONNECTED]
    if not askable:
        raise Refused("None of these tenants can be searched: they are paused or not connected. Nothing was searched.")
    with transaction.atomic():
        running = Scan.objects.filter(campaign=campaign, state__in=(ScanState.QUEUED, ScanState.RUNNING), due_at=None)
        busy = set(running.values_list("tenant_id", flat=True))
        fresh = [tenant for tenant in askable if tenant.pk not in busy]
        _search(campaign, fresh, by_name=by.display_name)
        for tenant in fresh:
            act = Act(
                verb="search_phish",
                summary=f"Phish sweep: looked for {campaign}",
                object_type="campaign",
                object_id=campaign.pk,
                after=_in_the_trail(campaign),
            )
            audit.record([act], tenant=tenant, by=Actor.of(by))
    return len(fresh)


def _in_the_trail(campaign: Campaign) -> dict[str, Any]:
    until = campaign.until.isoformat() if campaign.until else None
    return {"mails": campaign.mails, "since": campaign.since.isoformat(), "until": until}


def _search(campaign: Campaign, tenants: Sequence[Tenant] | QuerySet[Tenant], *, by_name: str) -> None:
    """Put a search into each tenant's queue; one that Microsoft asked to put off is due at once."""
    Scan.objects.filter(campaign=campaign, state=ScanState.QUEUED, due_at__isnull=False).update(due_at=None)
    scans = [Scan(tenant=tenant, campaign=campaign, step=Step.RETRACT, requested_by_name=by_name) for tenant in tenants]
    Scan.objects.bulk_create(scans, ignore_conflicts=True)  # one that waits already does it
    for scan in scans:
        doorbell.ring_scan(scan.tenant_id)
