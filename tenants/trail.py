"""Reads of the audit trail: what a member may see of it, filtered."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from tenants.access import can_see_organization
from tenants.audit import Newest
from tenants.models import AuditChain, AuditEvent, Member, Tenant

LATEST = 10_000  # entries in which kinds of acts are looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries: of one tenant or of all, by whom, what, with which outcome, when. What is empty asks for all.

    `since` and `until` are days in the reader's zone, both included.
    """

    tenant: Tenant | None = None
    who: str = ""
    verb: str = ""
    outcome: str = ""
    incident: int | None = None
    since: date | None = None
    until: date | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """The newest link of a chain that the reader may see. `name` is empty for the organization's."""

    name: str
    newest: Newest


def trail_rows(*, member: Member, tenants: list[Tenant], wanted: Wanted) -> "QuerySet[AuditEvent]":
    """The entries that the member may see and wants, newest first.

    Those of the tenants visible to them; those of the organization itself for organization roles, unless one tenant
    was asked for. A removed tenant's entries are of no visible tenant.
    """
    rows = AuditEvent.objects.filter(_visible(member, tenants, wanted.tenant), organization_id=member.organization_id)
    exact = {"verb": wanted.verb, "outcome": wanted.outcome, "incident_id": wanted.incident}
    rows = rows.filter(**{column: value for column, value in exact.items() if value})
    if wanted.who:
        rows = rows.filter(actor_name__icontains=wanted.who)
    if wanted.text:
        columns = ("summary__icontains", "reason__icontains", "request_id", "object_id", "hash")
        rows = rows.filter(Q(*((column, wanted.text) for column in columns), _connector=Q.OR))
    if wanted.since:
        rows = rows.filter(at__gte=_midnight(wanted.since))
    if wanted.until and wanted.until < date.max:
        rows = rows.filter(at__lt=_midnight(wanted.until + timedelta(days=1)))
    return rows.order_by("-pk")


def trail_page(
    rows: "QuerySet[AuditEvent]", *, before_id: int | None, size: int
) -> tuple[list[AuditEvent], int | None]:
    """One page of the rows, and the id before which the next one begins."""
    if before_id is not None:
        rows = rows.filter(pk__lt=before_id)
    found = list(rows[: size + 1])
    page = found[:size]
    return page, page[-1].pk if len(found) > size else None


def trail_verbs(*, member: Member, tenants: list[Tenant]) -> list[str]:
    """The kinds of acts among the latest entries that the member may see."""
    latest = trail_rows(member=member, tenants=tenants, wanted=Wanted()).values("pk")[:LATEST]
    return sorted(AuditEvent.objects.filter(pk__in=latest).order_by().values_list("verb", flat=True).distinct())


def chain_ends(*, member: Member, tenants: list[Tenant], tenant: Tenant | None) -> list[ChainEnd]:
    """The newest links of the chains that the member may see, or of one tenant's: by tenant, the organization last."""
    names: dict[int | None, str] = {one.pk: one.name for one in tenants}
    heads = AuditChain.objects.filter(_visible(member, tenants, tenant), organization_id=member.organization_id)
    ends = [ChainEnd(names.get(one.tenant_id, ""), Newest(sequence=one.sequence, hash=one.hash)) for one in heads]
    return sorted(ends, key=lambda end: (not end.name, end.name))


def _visible(member: Member, tenants: list[Tenant], tenant: Tenant | None) -> Q:
    visible = Q(tenant_id__in=[one.pk for one in ([tenant] if tenant else tenants)])
    return visible | Q(tenant_id=None) if tenant is None and can_see_organization(member) else visible


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
