"""The head of the incident page: who it is about, how the account stands, the clock."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from incidents.contexts.badges import Badge, Clock, StepDot, clock_of, dots_of, state_badge
from incidents.enums import INCIDENT_TRANSITIONS, IncidentState
from incidents.models import Account, Incident
from tenants.access import can_act
from tenants.models import Member, Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderView:
    """Everything above the panel. `roles` are pairs of name and whether it is an admin role, which is shouted."""

    incident: Incident
    tenant: Tenant
    account: Account
    badge: Badge
    enabled: Badge  # "Sign-in allowed", "Sign-in blocked", "Not known"; account.read_at says when
    kind_words: str
    roles: list[tuple[str, bool]]
    is_admin: bool
    clock: Clock | None
    steps: tuple[StepDot, ...]
    owners: list[Member] = field(default_factory=list)  # choices of the owner picker
    can_act: bool = False
    can_publish: bool = False
    can_dismiss: bool = False
    can_reopen: bool = False


def header_view(*, incident: Incident, member: Member, owners: Sequence[Member]) -> HeaderView:
    """The header of an incident that was loaded with account, tenant and owner."""
    account, state = incident.account, IncidentState(incident.state)
    may = can_act(member)
    following = INCIDENT_TRANSITIONS[state]
    return HeaderView(
        incident=incident,
        tenant=incident.tenant,
        account=account,
        badge=state_badge(state),
        enabled=_enabled(account),
        kind_words=_kind(account),
        roles=[(role, role in account.admin_roles) for role in account.roles],
        is_admin=bool(account.admin_roles),
        clock=clock_of(incident),
        steps=dots_of(incident),
        owners=list(owners) if may else [],
        can_act=may,
        can_publish=may and state == IncidentState.UNPUBLISHED,
        can_dismiss=may and IncidentState.DISMISSED in following,
        can_reopen=may and state in (IncidentState.REMEDIATED, IncidentState.DISMISSED),
    )


def _enabled(account: Account) -> Badge:
    if account.account_enabled is None:
        return Badge("", "circle-dashed", "Not known whether the account is enabled")
    if account.account_enabled:
        return Badge("", "lock-open", "Account enabled")
    return Badge("amber", "lock", "Account locked")


def _kind(account: Account) -> str:
    if account.is_guest:
        return "Guest from another organization"
    if account.on_premises_sync_enabled is None and account.read_at is None:
        return "Not known whether it is synced"
    if account.is_synced:
        domain = account.on_premises_domain_name
        return f"Synced from on-premises ({domain})" if domain else "Synced from on-premises"
    return "Cloud-only"
