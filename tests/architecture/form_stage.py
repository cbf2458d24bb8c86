"""The cast, and how the rows of each of its tenants are named in forms: what the cast itself lacks is made."""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.utils import timezone
from model_bakery import baker

from incidents.models import LogRecord, PhishTag
from remediation.enums import RunState, Step
from remediation.models import ActionRun, WorkOrder
from tenants import audit
from tenants.audit import Act, Actor
from tenants.enums import ConnectionApplication, Role, TenantState
from tenants.membership import token_hash
from tenants.models import ConsentRequest, Invitation, Member, Tenant
from tenants.scoping import tenant_scope
from tests.architecture.cast import NO_ID, NOBODYS, Cast, Place, make_cast

Names = dict[str, str | int]  # what a field names -> how it is named
NEVER_ANYBODYS = "f" * 32

# What an organization's own pages take of all tenants that one sees.
OF_ORGANIZATION = {"incident of a filter", "member's address", "tenant id", "tenant of a filter", "tenant of a sweep"}
OF_ORGANIZATION |= {"tenant's name", "tenant of a campaign"}
ROWS = ("incident of a filter", "record", "finding", "run", "member")


@dataclass
class Stage:
    """The cast, and by slug how the rows of each tenant are named in forms; "absent" names none."""

    cast: Cast
    names: dict[str, Names]

    def others(self, kind: str, own: str, what: str) -> list[str]:
        """The tenants of which nothing may be named here."""
        is_of_organization = what in OF_ORGANIZATION
        return self.cast.unseen_by(kind) if is_of_organization else sorted({*self.cast.places} - {own})


def make_stage() -> Stage:
    """The cast with all that forms can name; members who may act manage tenants, too."""
    cast = make_cast()
    Tenant.objects.update(state=TenantState.CONNECTED)
    Member.objects.filter(role=Role.FULL_MEMBER, is_read_only=False).update(can_manage_tenants=True)
    names = {slug: named_in(place, number) for number, (slug, place) in enumerate(cast.places.items(), 1)}
    name_copies(cast, names)
    ask_consents(cast)
    names[NOBODYS] = {
        "tenant": NOBODYS,
        "tenant of a filter": NOBODYS,
        "tenant of a sweep": NOBODYS,
        "tenant of a campaign": NOBODYS,
        "tenant id": NO_ID,
        "tenant's name": f"Tenant of {NOBODYS}",
        "account": f"victim@{NOBODYS}.example",
        "member's address": f"owner@{NOBODYS}.example",
        "message": f"<1@{NOBODYS}.example>",
        "press": NEVER_ANYBODYS,
        "consent": f"state-{NOBODYS}",
        **dict.fromkeys((*ROWS, "copy of a campaign", "run of a campaign"), NO_ID),
    }
    return Stage(cast, names)


def named_in(place: Place, number: int) -> Names:
    """How a tenant's rows are named; what the cast lacks is made: it could leak."""
    named = Tenant.objects.create(
        organization=place.tenant.organization,
        slug=f"tenant-of-{place.tenant.slug}",  # as an address is made of a name
        name=f"Tenant of {place.tenant.slug}",
        is_sensitive=place.tenant.is_sensitive,
    )
    with tenant_scope([place.tenant.pk]):
        run, press, message = make_run(place, number), str(number) * 32, f"<1@{place.tenant.slug}.example>"
        letter = {"id": message, "subject": "Hello", "sender": "a@b.example", "received": "", "folder": ""}
        LogRecord.objects.update(internet_message_id=message, messages=[letter])
        baker.make(WorkOrder, tenant=place.tenant, incident_id=place.ids["incident_id"], step=3, idempotency_key=press)
        baker.make(PhishTag, tenant=place.tenant, incident_id=place.ids["incident_id"], internet_message_id=message)
        incident_id = place.ids["incident_id"]
        act = Act(
            verb="open_incident", summary="", object_type="incident", object_id=incident_id, incident_id=incident_id
        )
        audit.record([act], tenant=place.tenant, by=Actor.of(None))
    return make_people(place, number) | {
        "tenant": place.tenant.slug,
        "tenant of a filter": place.tenant.slug,
        "tenant of a sweep": place.tenant.slug,
        "tenant id": place.tenant.pk,
        "tenant's name": named.name,
        "account": f"victim@{place.tenant.slug}.example",
        "message": message,
        "press": press,
        "consent": f"state-{place.tenant.slug}",
        "incident of a filter": place.ids["incident_id"],
        "record": place.ids["record_id"],
        "finding": place.ids["finding_id"],
        "run": run.pk,
        "campaign_id": place.ids["campaign_id"],
    }


def name_copies(cast: Cast, names: dict[str, Names]) -> None:
    """Of the common tenant's campaign, what it found in a tenant that one sees, and in one that one does not see."""
    places = cast.places
    copies = {
        "common": ("shared", places["common"].reached["shared"]),
        "secret": ("secret", places["common"].reached["secret"]),
        "shared": ("shared", places["shared"].reached["secret"]),  # of another campaign
        "theirs": ("theirs", places["theirs"].reached["theirs"]),
    }
    for slug, (tenant, (finding_id, run_id)) in copies.items():
        found = {"copy of a campaign": finding_id, "run of a campaign": run_id, "tenant of a campaign": tenant}
        names[slug] = {**names[slug], **found}


def make_run(place: Place, number: int) -> ActionRun:
    """What was done and can be undone."""
    order = baker.make(WorkOrder, tenant=place.tenant, incident_id=place.ids["incident_id"], step=Step.PERSISTENCE)
    return baker.make(
        ActionRun,
        pk=number * 1000 + 10,
        tenant=place.tenant,
        order=order,
        incident_id=place.ids["incident_id"],
        finding=None,
        step=Step.PERSISTENCE,
        action_key="disable_device",
        target={"device_id": "another"},
        target_key="another",
        state=RunState.SUCCEEDED,
        finished_at=timezone.now(),
    )


def make_people(place: Place, number: int) -> Names:
    """A guest of this tenant alone, with a passkey, a session and an invitation."""
    organization, slug = place.tenant.organization, place.tenant.slug
    address = f"owner@{slug}.example"
    made = Member.objects.create_user(
        address, None, pk=number * 1000 + 11, organization=organization, display_name="Owner", role=Role.EXTERNAL_GUEST
    )
    made.tenants.add(place.tenant)
    session = baker.make(UserSession, pk=number * 1000 + 12, user=made, ip="203.0.113.9", session_key=f"key-{slug}")
    passkey = baker.make(Authenticator, pk=number * 1000 + 14, user=made, type=Authenticator.Type.WEBAUTHN, data={})
    later = timezone.now() + timedelta(hours=1)
    invitation = baker.make(
        Invitation,
        pk=number * 1000 + 13,
        organization=organization,
        email=f"new@{slug}.example",
        token_hash=token_hash(f"token-{slug}"),
        role=Role.EXTERNAL_GUEST,
        invited_by=made,
        expires_at=later,
    )
    return {
        "member": made.pk,
        "member_id": made.pk,
        "session_id": session.pk,
        "pk": passkey.pk,
        "invitation_id": invitation.pk,
        "member's address": address,
    }


def ask_consents(cast: Cast) -> None:
    """A consent link in each tenant: those of one's own organization are all of one member."""
    for slug, place in cast.places.items():
        by = Member.objects.get(email="owner@theirs.example") if slug == "theirs" else cast.members["full member"]
        with tenant_scope([place.tenant.pk]):
            baker.make(
                ConsentRequest,
                tenant=place.tenant,
                member=by,
                state_digest=sha256(f"state-{slug}".encode()).hexdigest(),
                application=ConnectionApplication.SHARED,
                expires_at=timezone.now() + timedelta(hours=1),
                used_at=None,
            )
