"""What was done, and by whom, as it is handed to the trail."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tenants.audit.chain import append
from tenants.audit.entry import as_stored
from tenants.before_commit import before_commit
from tenants.enums import Outcome
from tenants.models import AuditEvent, Member, Organization, Tenant

PETRA = "Petra"  # the actor of what happens by itself
PETRA_RESPONSE = "Petra Response"  # the actor of steps that a tenant wants taken at once


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
    """Append acts done in one tenant, as a set. Call it inside the transaction that does what they tell of.

    They are chained and written when that transaction ends, as its last act; what is rolled back is not told of.
    """
    _keep(acts, by, organization_id=tenant.organization_id, tenant_id=tenant.pk, tenant_name=tenant.name)


def record_for_organization(acts: Iterable[Act], *, organization: Organization, by: Actor) -> None:
    """As `record`, for acts that concern the organization itself and no tenant: members, policies."""
    _keep(acts, by, organization_id=organization.pk)


def _keep(acts: Iterable[Act], by: Actor, **place: Any) -> None:
    if events := [_event(act, by, **place) for act in acts]:
        before_commit(_append_all, events)


def _append_all(sets: list[list[AuditEvent]]) -> None:
    append([event for events in sets for event in events])


def _event(act: Act, by: Actor, **place: Any) -> AuditEvent:
    return AuditEvent(
        actor_id=by.member_id,
        actor_name=by.name,
        verb=act.verb,
        object_type=act.object_type,
        object_id=str(act.object_id),
        incident_id=act.incident_id,
        summary=act.summary,
        before=as_stored(act.before),
        after=as_stored(act.after),
        reason=act.reason,
        request_id=act.request_id,
        outcome=act.outcome,
        **place,
    )
