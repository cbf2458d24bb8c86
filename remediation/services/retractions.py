"""Taking a campaign's copies out of any number of mailboxes and tenants: as one plan, which its digest names.

What is confirmed is a digest: where it is not the digest of what would be done now, nothing is done. A large plan waits
for a second member. Every tenant has a work order of its own, so each reader sees and decides on what exists for them.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from django.db import transaction

from remediation import policies
from remediation.enums import Step
from remediation.models import Campaign, Finding, Retraction, WorkOrder
from remediation.plans import Draft, digest, draft_of
from remediation.policies import Refused
from remediation.selectors import MEANT_BY_ALL, copies_free
from remediation.services.orders import AWAITS, EMERGENCY, approvable_until, orders_go, runs_plan
from tenants import audit
from tenants.audit import Act, Actor
from tenants.enums import Outcome
from tenants.models import Member, ProtectedAccount, Tenant

REASON_NEEDED = "Give a reason to go on without approval. Nothing was done."
STRANGE = "The form names something that does not belong to this campaign. Nothing was done."
NOTHING_LEFT = "Nothing is left to do: it was taken out, or somebody is at it just now. Nothing was done."


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What is to be taken out: these mails, and all that does harm in these tenants."""

    finding_ids: Collection[int] = ()
    tenant_slugs: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What came with the press. `digest` is that of the plan which was looked at."""

    key: str
    digest: str
    reason: str = ""
    is_emergency: bool = False


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """What would be done in one tenant."""

    tenant: Tenant
    drafts: list[Draft]
    digest: str

    @property
    def mailbox_count(self) -> int:
        return len({draft.target["user_id"] for draft in self.drafts})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetractionPlan:
    """What would be done now, and why a second member has to approve it; empty where nobody has to."""

    parts: list[PlannedPart]
    digest: str
    approval: str

    @property
    def mail_count(self) -> int:
        return sum(len(part.drafts) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Begun:
    """The retraction that a press made or met, and what to tell the one who pressed."""

    retraction: Retraction
    words: str
    is_new: bool = field(default=True)


def retraction_plan(*, campaign: Campaign, chosen: Chosen, tenants: Sequence[Tenant], by: Member) -> RetractionPlan:
    """What a press would do now in `tenants`, those that exist for the reader; nothing is written and nothing is sent.

    Raises:
        Refused: when something named is not among the campaign's mails there, or may not be taken out from here.
    """
    return _plan(_findings(campaign, chosen, tenants), tenants, by)


def _plan(findings: list[Finding], tenants: Sequence[Tenant], by: Member) -> RetractionPlan:
    known = {tenant.pk: tenant for tenant in tenants}
    findings.sort(key=lambda one: (one.tenant_id, str(one.target["user_id"]), one.pk))
    parts = [
        _part(known[tenant_id], [draft_of(finding) for finding in group])
        for tenant_id, group in groupby(findings, key=lambda one: one.tenant_id)
    ]
    for part in parts:
        policies.check_reachable(part.tenant)
    prints = [[part.tenant.pk, part.digest] for part in parts]
    return RetractionPlan(
        parts=parts,
        digest=hashlib.sha256(json.dumps(prints).encode()).hexdigest(),
        approval=policies.why_approval(by.organization, mails=len(findings), tenants=len(parts)),
    )


def _part(tenant: Tenant, drafts: list[Draft]) -> PlannedPart:
    return PlannedPart(tenant, drafts, digest(drafts))


def _findings(
    campaign: Campaign, chosen: Chosen, tenants: Sequence[Tenant], *, unread: Sequence[str] = ()
) -> list[Finding]:
    """The chosen mails that nobody is at, without the columns `unread`."""
    here = Finding.objects.filter(campaign=campaign, tenant__in=tenants)
    slugs = {tenant.slug: tenant.pk for tenant in tenants}
    if not set(chosen.tenant_slugs) <= set(slugs) or here.filter(pk__in=chosen.finding_ids).count() != len(
        set(chosen.finding_ids)
    ):
        raise Refused(STRANGE)
    if not chosen.finding_ids and not chosen.tenant_slugs:
        raise Refused("Nothing was selected. Select at least one mail or tenant.")
    free = copies_free(campaign.pk).filter(tenant__in=tenants).defer(*unread)
    named = {one.pk: one for one in free.filter(pk__in=chosen.finding_ids)}
    whole = free.filter(MEANT_BY_ALL, tenant__in=[slugs[slug] for slug in chosen.tenant_slugs])
    protected = _protected_accounts(tenants)
    _check_named(named.values(), protected)
    meant = {one.pk: one for one in whole if not policies.protected_by(one, protected[one.tenant_id])}
    if not (findings := list({**named, **meant}.values())):
        raise Refused(NOTHING_LEFT)
    return findings


def _protected_accounts(tenants: Sequence[Tenant]) -> Mapping[int, set[str]]:
    """The protected accounts of each tenant, lower case."""
    protected: dict[int, set[str]] = defaultdict(set)
    rows = ProtectedAccount.objects.filter(tenant__in=tenants).values_list("tenant_id", "user_principal_name")
    for tenant_id, name in rows:
        protected[tenant_id].add(name.casefold())
    return protected


def _check_named(findings: Collection[Finding], protected: Mapping[int, set[str]]) -> None:
    for finding in findings:
        if finding.gone_at:
            raise Refused(f"{finding.title} in {finding.target['mailbox']} is gone. Nothing was done.")
        if address := policies.protected_by(finding, protected[finding.tenant_id]):
            raise Refused(
                f"{address} is a protected account: it is acted on in an incident of its own tenant, where its address "
                "is typed. Nothing was done."
            )


def retraction_begin(
    *, campaign: Campaign, chosen: Chosen, confirmed: Confirmed, tenants: Sequence[Tenant], by: Member
) -> Begun:
    """Write the confirmed plan down, and start it or ask for approval. The same form twice does it once.

    Raises:
        Refused: when something else would be done now than was confirmed, or policy forbids it; nothing was done.
    """
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
        met = Retraction.objects.filter(requested_by_id=by.pk, idempotency_key=confirmed.key).first()
        if met:
            return Begun(
                met, f"{met.requested_by_name} confirmed this very form already. Nothing was done twice.", False
            )
        plan = _plan(_findings(campaign, chosen, tenants, unread=("facts", "reasons")), tenants, by)
        if plan.digest != confirmed.digest:
            raise Refused("What would be done has changed since you looked. Look at it again. Nothing was done.")
        is_emergency = confirmed.is_emergency and bool(plan.approval)
        if is_emergency and not confirmed.reason.strip():
            raise Refused(REASON_NEEDED)
        waits = bool(plan.approval) and not is_emergency
        retraction = _write(campaign, plan, confirmed, by, waits=waits)
        _record_begin(retraction, plan, by)
        orders_go(WorkOrder.objects.filter(retraction=retraction), waits=waits)
    return Begun(retraction, AWAITS if waits else "")


def _write(campaign: Campaign, plan: RetractionPlan, confirmed: Confirmed, by: Member, *, waits: bool) -> Retraction:
    asked = {
        "requested_by_id": by.pk,
        "requested_by_name": by.display_name,
        "reason": confirmed.reason.strip(),
    }
    retraction = Retraction.objects.create(
        organization=by.organization,
        campaign=campaign,
        idempotency_key=confirmed.key,
        plan_digest=plan.digest,
        is_emergency=bool(plan.approval) and not waits,
        **asked,
    )
    orders = [
        WorkOrder(
            tenant=part.tenant,
            retraction=retraction,
            step=Step.RETRACT,
            idempotency_key=f"retraction-{retraction.pk}",
            plan_digest=part.digest,
            expires_at=approvable_until(waits),
            **asked,
        )
        for part in plan.parts
    ]
    orders = WorkOrder.objects.bulk_create(orders)
    runs_plan(zip(orders, (part.drafts for part in plan.parts), strict=True))
    return retraction


def _record_begin(retraction: Retraction, plan: RetractionPlan, by: Member) -> None:
    """In the chain of each tenant, what concerns it. An emergency stands in the organization's, too."""
    if retraction.is_emergency:
        verb, begin = "retract_without_approval", EMERGENCY
        act = _act(retraction, verb, f"{begin}retraction {retraction.pk} was begun")
        audit.record_for_organization([act], organization=by.organization, by=Actor.of(by))
    else:
        verb, begin = "retract_campaign", "Asked for approval: " if plan.approval else ""
    for part in plan.parts:
        mails = f"{len(part.drafts)} mail{'' if len(part.drafts) == 1 else 's'}"
        summary = f"{begin}{Step.RETRACT.label} ({mails}) – {retraction.campaign}"
        act = _act(retraction, verb, summary, digest=part.digest, reason=retraction.reason)
        audit.record([act], tenant=part.tenant, by=Actor.of(by))


def _act(retraction: Retraction, verb: str, summary: str, *, digest: str = "", reason: str = "") -> Act:
    return Act(
        verb=verb,
        summary=summary,
        object_type="retraction",
        object_id=retraction.pk,
        after={"planDigest": digest} if digest else None,
        reason=reason,
        outcome=Outcome.REQUESTED,
    )
