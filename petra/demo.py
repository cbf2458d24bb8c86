"""The demo: an organization, its people, four tenants in the simulated cloud, and three incidents to practise on.

A reset rebuilds the cloud's world and Petra's rows about it. The audit trail is kept: a reset is an entry in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from graph.simulator.control import SimulatorControl
from graph.simulator.world import story
from incidents.doorbell import ring_collection
from incidents.enums import IncidentState, TagOrigin
from incidents.evidence.accounts import account_find
from incidents.models import Account, Incident, Indicator, LogRecord, PhishTag
from remediation.claims import one_claim_at_a_time
from remediation.models import ActionRun, Campaign, Finding, Scan
from remediation.services import campaign_follow, scans_begin
from remediation.transitions import lock_incidents
from tenants import audit
from tenants.audit import PETRA, Act, Actor
from tenants.enums import CloudName, ConnectionApplication, Role, TenantState
from tenants.models import Connection, Member, Organization, ProtectedAccount, Tenant
from tenants.portfolio import tenant_destroy
from tenants.scoping import tenant_scope

ORGANIZATION = "Lantern Managed Security"
MEMBERS = (
    ("admin@petra.example", "Ada Moreau", Role.ADMIN, False),
    ("analyst@petra.example", "Ravi Okonkwo", Role.FULL_MEMBER, False),
    ("readonly@petra.example", "Lena Fischer", Role.FULL_MEMBER, True),
)


class DemoUnavailable(Exception):
    """There is no simulated cloud here to reset."""


@dataclass(frozen=True, slots=True)
class DemoSummary:
    tenants: int
    incidents: int


def members_ensure(*, password: str) -> None:
    """Make the three sign-ins of the demo, and give them this password."""
    organization, _ = Organization.objects.get_or_create(name=ORGANIZATION)
    for email, name, role, is_read_only in MEMBERS:
        member = Member.objects.filter(email=email).first() or Member(email=email, organization=organization)
        member.display_name, member.role, member.is_read_only = name, role, is_read_only
        member.set_password(password)
        member.save()


def demo_reset(*, by: Member | None) -> DemoSummary:
    """Put the demo back to its beginning: now is the moment at which the incidents were detected.

    Raises:
        DemoUnavailable: where no simulated cloud runs.
        SimulatorUnavailable: when it does not answer.
    """
    if not settings.SIMULATOR_URL:
        raise DemoUnavailable("No simulated cloud runs here: PETRA_SIMULATOR_URL is not set.")
    control = SimulatorControl(settings.SIMULATOR_URL)
    control.reset()
    organization = by.organization if by else Organization.objects.get(name=ORGANIZATION)
    tenants = _tenants_seed(organization, control, by)
    now = timezone.now()
    _added_remove(organization, kept=tenants.values(), by=by)
    with tenant_scope(tenant.pk for tenant in tenants.values()):
        Campaign.objects.filter(organization=organization, scans=None).delete()
    incidents = [_incident_seed(told, tenants[told.tenant], now) for told in story.INCIDENTS]
    for incident in incidents:
        _work_begin(incident)
    return DemoSummary(len(tenants), len(incidents))


def _tenants_seed(organization: Organization, control: SimulatorControl, by: Member | None) -> dict[str, Tenant]:
    """The demo tenants by their key in the story, emptied and connected."""
    clouds = {cloud["tenantId"]: cloud for cloud in control.tenants()}
    tenants: dict[str, Tenant] = {}
    for told in story.TENANTS:
        with transaction.atomic():
            tenant = _tenant_seed(organization, told)
            with tenant_scope([tenant.pk]):
                _empty(tenant)
                _connect(tenant, clouds[told.tenant_id])
                _protect(tenant, told.key)
            act = Act(verb="demo_reset", summary="Demo reset", object_type="tenant", object_id=tenant.pk)
            audit.record([act], tenant=tenant, by=Actor.of(by))
            tenants[told.key] = tenant
    return tenants


def _tenant_seed(organization: Organization, told: story.DemoTenant) -> Tenant:
    name = told.name
    ours = Tenant.objects.filter(organization=organization, is_demo=True)
    known = ours.filter(connection__microsoft_tenant_id=told.tenant_id).first() or ours.filter(name=name).first()
    if known:
        ours.filter(pk=known.pk).update(name=name, is_sensitive=False)  # whatever it was called meanwhile
        known.name, known.is_sensitive = name, False
        return known
    slug = slugify(name)
    if Tenant.objects.filter(slug=slug).exists():
        slug = f"{slug}-demo-{organization.pk}"
    return Tenant.objects.create(organization=organization, name=name, slug=slug, is_demo=True)


def _added_remove(organization: Organization, *, kept: Iterable[Tenant], by: Member | None) -> None:
    """Remove the demo tenants that somebody added: their directories have accepted nobody any more."""
    added = Tenant.objects.filter(organization=organization, is_demo=True).exclude(pk__in=[one.pk for one in kept])
    for tenant in added:
        with tenant_scope([tenant.pk]), transaction.atomic():
            _empty(tenant)
            summary = f"Demo tenant removed with the reset: {tenant.name}"
            act = Act(verb="remove_tenant", summary=summary, object_type="tenant", object_id=tenant.pk)
            audit.record([act], tenant=tenant, by=Actor.of(by))
            tenant_destroy(tenant)


def _empty(tenant: Tenant) -> None:
    """Remove what an earlier demo left; never the audit trail."""
    with one_claim_at_a_time(tenant):
        _lock(tenant)
        Incident.objects.filter(tenant=tenant).delete()
        for part in (Finding, Scan):  # those of incidents are gone with them; these are a campaign's
            part.objects.filter(tenant=tenant).delete()
        for model in (LogRecord, Account, ProtectedAccount):
            model.objects.filter(tenant=tenant).delete()


def _lock(tenant: Tenant) -> None:
    """Wait for workers that are writing, and keep others out: PostgreSQL refuses to remove what gets a row meanwhile.

    In the order of all who lock: connection, incidents, runs.
    """
    lock_incidents(Incident.objects.filter(tenant=tenant).values_list("pk", flat=True))
    list(ActionRun.objects.select_for_update().filter(tenant=tenant).order_by("pk").values_list("pk"))


def _connect(tenant: Tenant, cloud: dict[str, Any]) -> None:
    days = 19 if tenant.name == story.HARROW.name else 300  # one that ends soon, to see the warning
    Connection.objects.update_or_create(
        tenant=tenant,
        defaults={
            "cloud": CloudName.SIMULATOR,
            "microsoft_tenant_id": cloud["tenantId"],
            "client_id": cloud["clientId"],
            "client_secret": cloud["clientSecret"],
            "secret_expires_at": timezone.now() + timedelta(days=days),
            "domains": cloud["domains"],
            "application": ConnectionApplication.OWN,
            "last_error": "",
            "checklist": [],
            "checked_at": None,
        },
    )
    Tenant.objects.filter(pk=tenant.pk).exclude(state=TenantState.CONNECTED).update(state=TenantState.CONNECTED)


def _protect(tenant: Tenant, key: str) -> None:
    ProtectedAccount.objects.bulk_create(
        ProtectedAccount(tenant=tenant, user_principal_name=one.user_principal_name, kind=one.kind, note=one.note)
        for one in story.PROTECTED_ACCOUNTS
        if one.tenant == key
    )


def _incident_seed(told: story.DemoIncident, tenant: Tenant, now: datetime) -> Incident:
    with tenant_scope([tenant.pk]):
        account = account_find(tenant=tenant, address=told.victim)
        with transaction.atomic():
            incident = Incident.objects.create(
                tenant=tenant,
                account=account,
                title=told.what_happened,
                detected_by=told.how_detected,
                root_cause=told.root_cause,
                state=IncidentState.UNPUBLISHED if told.state == "unpublished" else IncidentState.ACTIVE,
                first_access_at=now - told.first_access,
                opened_at=now - told.detected,
                published_at=None if told.state == "unpublished" else now - told.detected,
            )
            if not told.is_left_to_evidence:
                _indicators_seed(incident, told)
                _phish_seed(incident, told, now)
            act = Act(
                verb="open_incident",
                summary=f"Incident opened – {account}: {incident.title}",
                object_type="incident",
                object_id=incident.pk,
                incident_id=incident.pk,
            )
            audit.record([act], tenant=tenant, by=Actor(None, PETRA))
    return incident


def _indicators_seed(incident: Incident, told: story.DemoIncident) -> None:
    """What the detection knows of the attacker already; of the others' the evidence tells."""
    Indicator.objects.bulk_create(
        Indicator(tenant_id=incident.tenant_id, incident=incident, kind=one.kind, value=one.value, reason=one.reason)
        for one in told.indicators
    )


def _phish_seed(incident: Incident, told: story.DemoIncident, now: datetime) -> None:
    """The mail with which it began, where the detection knows it. What was sent on inside is for step 3 to find."""
    outside = [phish for phish in told.phish if not phish.is_internal]
    PhishTag.objects.bulk_create(
        PhishTag(
            tenant_id=incident.tenant_id,
            incident=incident,
            internet_message_id=phish.internet_message_id,
            subject=phish.subject,
            sender_address=phish.sender,
            sender_name=phish.sender_name,
            received_at=now - told.phish_received if told.phish_received else None,
            origin=TagOrigin.EVIDENCE,
            reason="Read shortly before the attacker's first sign-in, from a sender outside the tenant, with a link.",
            tagged_by_name=PETRA,
        )
        for phish in outside
    )


def _work_begin(incident: Incident) -> None:
    """Let the workers read the logs, and look for traces where the work on the incident has begun."""
    with tenant_scope([incident.tenant_id]), transaction.atomic():
        ring_collection(incident.pk)
        if incident.state == IncidentState.ACTIVE:
            scans_begin(incident=incident, by=None)
            campaign_follow(incident=incident)
