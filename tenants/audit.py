"""The audit trail: written in the same transaction as the act it tells of, and never changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from tenants.enums import Outcome
from tenants.models import AuditEvent, Member, Organization, Tenant

PETRA = "Petra"  # the actor of what happens by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What to write down. `before` and `after` are small JSON values and never hold a secret."""

    verb: str
    summary: str
    object_type: str
    object_id: str | int
    outcome: Outcome = Outcome.DONE
    incident_id: int | None = None
    before: Any = None
    after: Any = None
    reason: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted: a member, or Petra itself (`member_id` None)."""

    member_id: int | None
    name: str

    @classmethod
    def of(cls, member: Member | None) -> "Actor":
        return cls(member.pk, member.display_name) if member else cls(None, PETRA)


def record(acts: Iterable[Act], *, tenant: Tenant, by: Actor) -> None:
    """Append acts done in one tenant, as a set. Call it inside the transaction that does what they tell of."""
    _append(acts, by, organization_id=tenant.organization_id, tenant_id=tenant.pk, tenant_name=tenant.name)


def record_for_organization(acts: Iterable[Act], *, organization: Organization, by: Actor) -> None:
    """Append acts that concern the organization itself and no tenant: members, policies. Otherwise as `record`."""
    _append(acts, by, organization_id=organization.pk)


def _append(acts: Iterable[Act], by: Actor, **place: Any) -> None:
    now = timezone.now()
    AuditEvent.objects.bulk_create(
        [
            AuditEvent(
                **place,
                at=now,
                actor_id=by.member_id,
                actor_name=by.name,
                verb=act.verb,
                object_type=act.object_type,
                object_id=str(act.object_id),
                incident_id=act.incident_id,
                summary=act.summary,
                before=act.before,
                after=act.after,
                reason=act.reason,
                request_id=act.request_id,
                outcome=act.outcome,
            )
            for act in acts
        ]
    )
