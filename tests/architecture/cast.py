"""Two organizations, a member of each kind, and in every tenant a row of everything: data that could leak."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone
from model_bakery import baker

from incidents.enums import IncidentState, LogSource, ReportKind, ReportState, Workload
from incidents.models import Account, Incident, Indicator, LogRecord, Report
from remediation.enums import OrderState, RunState, Step
from remediation.models import ActionRun, Campaign, Finding, IssuedPassword, Retraction, Scan, WorkOrder
from tenants.enums import Role
from tenants.models import Connection, Member, Organization, Tenant
from tenants.scoping import tenant_scope

# kind of member -> (role and flags, the tenants of their organization that exist for them)
KINDS: dict[str, tuple[dict, set[str]]] = {
    "admin": ({"role": Role.ADMIN}, {"common", "secret", "shared"}),
    "full member": ({"role": Role.FULL_MEMBER}, {"common", "shared"}),
    "full member, sensitive tenants": (
        {"role": Role.FULL_MEMBER, "can_view_sensitive_tenants": True},
        {"common", "secret", "shared"},
    ),
    "full member, read-only": ({"role": Role.FULL_MEMBER, "is_read_only": True}, {"common", "shared"}),
    "external guest": ({"role": Role.EXTERNAL_GUEST}, {"shared"}),
    "billing": ({"role": Role.BILLING}, set()),
}
NOBODYS = "absent"  # the slug of no tenant; as long as the others, so that pages are as long
# Where the phish of a tenant's incident was found.
REACHED = {"common": ("secret", "shared"), "secret": ("common", "shared"), "shared": ("secret",), "theirs": ("theirs",)}
NO_ID = 9999  # the id of no row; all ids have four digits


@dataclass
class Place:
    """A tenant and the ids of its rows, under the names that addresses use."""

    tenant: Tenant
    ids: dict[str, int] = field(default_factory=dict)
    # Where the phish of its incident was found: a copy there, and a run that took one out, by the tenant's slug.
    reached: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass
class Cast:
    """Everybody and everything. `places` are keyed by slug; "theirs" is of the other organization."""

    members: dict[str, Member] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    def unseen_by(self, kind: str) -> list[str]:
        """Slugs of the tenants that do not exist for this kind of member."""
        return sorted(set(self.places) - KINDS[kind][1])


def make_cast() -> Cast:
    ours, other = Organization.objects.create(name="Ours"), Organization.objects.create(name="Others")
    cast = Cast()
    for first_id, slug in enumerate(("common", "secret", "shared", "theirs"), 1):
        organization = other if slug == "theirs" else ours
        tenant = Tenant.objects.create(
            pk=first_id * 1000 + 9,
            organization=organization,
            slug=slug,
            name=f"Tenant {slug}",
            is_sensitive=slug == "secret",
        )
        cast.places[slug] = make_place(tenant, first_id * 1000)
    for number, slug in enumerate(cast.places, 1):
        make_campaign(cast, slug, number * 1000)
    for kind, (flags, _) in KINDS.items():
        email = f"{kind.replace(' ', '-').replace(',', '')}@ours.example"
        cast.members[kind] = Member.objects.create_user(email, None, organization=ours, display_name=kind, **flags)
    cast.members["external guest"].tenants.add(cast.places["shared"].tenant)
    return cast


def make_place(tenant: Tenant, first_id: int) -> Place:
    """A tenant with one incident on which a bit of everything was done. The ids of its rows begin at `first_id`."""
    now = timezone.now()
    with tenant_scope([tenant.pk]):
        baker.make(Connection, tenant=tenant)
        account = baker.make(
            Account,
            pk=first_id + 7,
            tenant=tenant,
            user_principal_name=f"victim@{tenant.slug}.example",
            display_name="Victim",
            roles=[],
        )
        incident = baker.make(
            Incident,
            pk=first_id + 1,
            tenant=tenant,
            account=account,
            state=IncidentState.ACTIVE,
            opened_at=now,
            first_access_at=now,
        )
        finding = baker.make(
            Finding,
            pk=first_id + 2,
            tenant=tenant,
            incident=incident,
            step=Step.PERSISTENCE,
            kind="device",
            action_key="disable_device",
            target={"device_id": "d"},
        )
        order = baker.make(WorkOrder, tenant=tenant, incident=incident, step=Step.PASSWORD)
        run = baker.make(
            ActionRun,
            pk=first_id + 3,
            tenant=tenant,
            order=order,
            incident=incident,
            finding=None,
            step=Step.PASSWORD,
            action_key="reset_password",
            target={"user_id": "u"},
            state=RunState.SUCCEEDED,
            finished_at=now,
        )
        baker.make(IssuedPassword, tenant=tenant, run=run, password="a secret", accepted_at=now)
        waiting = baker.make(
            WorkOrder,
            pk=first_id + 10,
            tenant=tenant,
            incident=incident,
            step=Step.RETRACT,
            state=OrderState.AWAITING_APPROVAL,
            expires_at=now + timedelta(hours=1),
        )
        baker.make(Scan, tenant=tenant, incident=incident, step=Step.PERSISTENCE)
        record = baker.make(
            LogRecord,
            pk=first_id + 4,
            tenant=tenant,
            source=LogSource.UNIFIED_AUDIT_LOG,
            workload=Workload.EXCHANGE,
            user_principal_name=account.user_principal_name,
            internet_message_id="<1@mail.example>",
            country="",
            occurred_at=now,
        )
        indicator = baker.make(
            Indicator, pk=first_id + 5, tenant=tenant, incident=incident, kind="ip", value="203.0.113.5"
        )
        report = baker.make(
            Report,
            pk=first_id + 6,
            tenant=tenant,
            incident=incident,
            kind=ReportKind.PDF,
            state=ReportState.FINISHED,
            content=b"%PDF",
            file_name="report.pdf",
        )
    ids = {
        "incident_id": incident.pk,
        "account_id": account.pk,
        "report_id": report.pk,
        "indicator_id": indicator.pk,
        "finding_id": finding.pk,
        "run_id": run.pk,
        "order_id": waiting.pk,
        "record_id": record.pk,
    }
    return Place(tenant, ids)


def make_campaign(cast: Cast, slug: str, first_id: int) -> None:
    """The phish of a tenant's incident, with a copy in each other tenant of the organization, one taken out there."""
    place, now = cast.places[slug], timezone.now()
    organization = place.tenant.organization
    campaign = baker.make(
        Campaign,
        pk=first_id + 8,
        organization=organization,
        tenant=place.tenant,
        incident_id=place.ids["incident_id"],
        mails=[{"internet_message_id": "<1@evil.example>", "subject": "Hello", "sender_address": "a@evil.example"}],
        since=now,
    )
    retraction = baker.make(Retraction, pk=first_id + 16, organization=organization, campaign=campaign)
    place.ids |= {"campaign_id": campaign.pk, "retraction_id": retraction.pk}
    for number, other in enumerate(REACHED[slug]):
        place.reached[other] = _reach(campaign, retraction, cast.places[other].tenant, first_id + 20 + number)


def _reach(campaign: Campaign, retraction: Retraction, tenant: Tenant, pk: int) -> tuple[int, int]:
    """A copy that lies in a tenant, and a run that took another one out: their ids."""
    of_copy = {"tenant": tenant, "step": Step.RETRACT, "action_key": "retract_message"}
    target = {"user_id": "u", "message_id": "m", "internet_message_id": "<1@evil.example>", "mailbox": "a@b.example"}
    with tenant_scope([tenant.pk]):
        order = baker.make(WorkOrder, tenant=tenant, retraction=retraction, step=Step.RETRACT)
        run = baker.make(
            ActionRun,
            **of_copy,
            pk=pk + 10,
            order=order,
            finding=None,
            target=target,
            target_key=f"another {pk}",
            state=RunState.SUCCEEDED,
            finished_at=timezone.now(),
        )
        finding = baker.make(
            Finding,
            **of_copy,
            pk=pk,
            campaign=campaign,
            kind="phish_copy",
            target=target,
            target_key=f"this {pk}",
            is_suspicious=True,
            refusal="",
            protected_address="",
            others_affected=0,
            verdict="",
            before={"parentFolderId": "f"},
        )
    return finding.pk, run.pk
