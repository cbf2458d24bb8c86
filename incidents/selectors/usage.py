"""How much Petra was used, month by month, in numbers only: the one page that Billing sees."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.db.models.functions import TruncMonth
from django.utils import timezone

from incidents.models import Incident
from tenants.enums import Role
from tenants.models import Member, Tenant
from tenants.scoping import tenant_scope

MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """`tenants` and `members` count those that are here today and were there by the end of the month."""

    begins: datetime
    tenants: int
    members: int
    incidents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """`roles`: active members by role, in the order of the roles. `months`: newest first, from the first used on."""

    tenants: int
    roles: list[tuple[str, int]]
    months: list[Month]


def usage_get(*, organization_id: int) -> Usage:
    """The numbers of one organization. Months are those of the reader's time zone."""
    tenants = dict(Tenant.objects.filter(organization_id=organization_id).values_list("pk", "created_at"))
    members = list(
        Member.objects.filter(organization_id=organization_id, is_active=True).values_list("role", "created_at")
    )
    begins = _months(timezone.localtime())
    with tenant_scope(tenants):  # sums over tenants that do not exist for the reader; none is named
        opened = dict(
            Incident.objects.filter(opened_at__gte=begins[-1])
            .annotate(month=TruncMonth("opened_at"))
            .order_by()
            .values_list("month")
            .annotate(count=Count("pk"))
        )
    by_role = Counter(role for role, _ in members)
    ends = [timezone.localtime(), *begins[:-1]]
    months = [
        Month(
            begins=first,
            tenants=_by(tenants.values(), end),
            members=_by((joined for _, joined in members), end),
            incidents=opened.get(first, 0),
        )
        for first, end in zip(begins, ends, strict=True)
    ]
    roles = [(role.label, by_role[role]) for role in Role]
    used = [number for number, month in enumerate(months) if month.tenants or month.members or month.incidents]
    return Usage(tenants=len(tenants), roles=roles, months=months[: used[-1] + 1] if used else months[:1])


def _by(moments: Iterable[datetime], end: datetime) -> int:
    return sum(moment <= end for moment in moments)


def _months(now: datetime) -> list[datetime]:
    """The beginnings of this month and the eleven before it, newest first."""
    found = []
    year, month = now.year, now.month
    for _ in range(MONTHS):
        found.append(datetime(year, month, 1, tzinfo=now.tzinfo))
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return found
