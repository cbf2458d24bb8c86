"""Lists of incidents."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page
from django.urls import reverse

from incidents.contexts.badges import Badge, Clock, StepDot, clock_of, dots_of, state_badge
from incidents.models import Incident
from tenants.models import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """One incident in a list."""

    pk: int
    url: str
    tenant: Tenant
    account_name: str
    initials: str
    address: str
    title: str
    first_access_at: datetime
    opened_at: datetime
    badge: Badge
    is_active: bool
    steps: tuple[StepDot, ...]
    steps_done_count: int
    clock: Clock | None
    owner_name: str


@dataclass(frozen=True, slots=True)
class SortLink:
    """A column head. `direction` is "ascending" or "descending" where the list is sorted by it, else empty."""

    key: str
    label: str
    query: str  # value of `sort` that the press gives
    direction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView:
    """A page of incidents. `page` is the paginator's, for components/pagination.html; `rows` are its rows."""

    page: Page[Incident]
    rows: list[IncidentRow]
    heads: tuple[SortLink, ...]
    total: int
    is_filtered: bool
    clear_url: str
    has_tenant_column: bool


# key of `sort`, label; a leading minus in the address turns the order round.
COLUMNS = (
    ("account", "Account"),
    ("tenant", "Tenant"),
    ("title", "What happened"),
    ("first_access", "First attacker access"),
    ("opened", "Opened"),
    ("state", "State"),
    ("steps", "Steps"),
    ("contained", "Time to contain"),
    ("owner", "Owner"),
)


def incident_rows(incidents: Iterable[Incident]) -> list[IncidentRow]:
    """Rows for incidents loaded with account, tenant and owner."""
    return [_row(incident) for incident in incidents]


def _row(incident: Incident) -> IncidentRow:
    steps = dots_of(incident)
    return IncidentRow(
        pk=incident.pk,
        url=reverse("incidents:detail", args=[incident.tenant.slug, incident.pk]),
        tenant=incident.tenant,
        account_name=str(incident.account),
        initials=incident.account.initials,
        address=incident.account.user_principal_name,
        title=incident.title,
        first_access_at=incident.first_access_at,
        opened_at=incident.opened_at,
        badge=state_badge(incident.state),
        is_active=incident.is_active,
        steps=steps,
        steps_done_count=sum(step.is_done for step in steps),
        clock=clock_of(incident),
        owner_name=incident.owner.display_name if incident.owner else "",
    )


def list_view(*, page: Page[Incident], sort: str, is_filtered: bool, clear_url: str, one_tenant: bool) -> ListView:
    """The list's page as the template gets it. `sort` is the address's, with its minus."""
    heads = tuple(_head(key, label, sort) for key, label in COLUMNS if not (one_tenant and key == "tenant"))
    return ListView(
        page=page,
        rows=incident_rows(page.object_list),
        heads=heads,
        total=page.paginator.count,
        is_filtered=is_filtered,
        clear_url=clear_url,
        has_tenant_column=not one_tenant,
    )


def _head(key: str, label: str, sort: str) -> SortLink:
    if sort == key:
        return SortLink(key, label, f"-{key}", "ascending")
    return SortLink(key, label, key, "descending" if sort == f"-{key}" else "")
