"""Reads of the incidents app. Each sees the open scope and nothing else; the caller opens it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self

from django.db.models import Case, Count, F, Max, Min, Q, QuerySet, When
from django.shortcuts import get_object_or_404
from django.utils import timezone

from incidents.enums import IncidentState, IndicatorKind, LogSource, Workload
from incidents.models import Incident, Indicator, LogRecord, PhishTag
from tenants.models import AuditEvent, Connection, Member, ProtectedAccount

# The column of a log row that an indicator of this kind is held against.
MATCHED_COLUMNS = {
    IndicatorKind.IP_ADDRESS: "ip_address",
    IndicatorKind.NETWORK: "network",
    IndicatorKind.COUNTRY: "country",
    IndicatorKind.DEVICE: "device",
    IndicatorKind.SESSION: "session_id",
    IndicatorKind.USER_AGENT: "user_agent",
    IndicatorKind.APPLICATION: "application",
}


# --- Incidents --------------------------------------------------------------------------------------------------------
def incident_get(incident_id: int) -> Incident:
    """The incident with its account, tenant, owner, indicators and what was read of the logs.

    Raises:
        Http404: when it is not in the open scope, be it another tenant's or nobody's.
    """
    incidents = Incident.objects.select_related("account", "tenant", "owner")
    return get_object_or_404(incidents.prefetch_related("indicators", "source_readings"), pk=incident_id)


def incidents_open() -> list[Incident]:
    """Active incidents, then unpublished ones; the latest of each first."""
    rows = Incident.objects.filter(state__in=[IncidentState.ACTIVE, IncidentState.UNPUBLISHED])
    return list(rows.select_related("account", "tenant", "owner").order_by("state", "-opened_at", "-pk"))


def incident_counts() -> dict[int, dict[str, int]]:
    """How many incidents each tenant has, by state: {tenant id: {state: count}}."""
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for row in Incident.objects.values("tenant_id", "state").annotate(count=Count("pk")):
        counts[row["tenant_id"]][row["state"]] = row["count"]
    return counts


def active_counts() -> dict[int, int]:
    """How many active incidents each tenant has; tenants without any are left out."""
    rows = Incident.objects.filter(state=IncidentState.ACTIVE).values("tenant_id").annotate(count=Count("pk"))
    return {row["tenant_id"]: row["count"] for row in rows}


SORTS: dict[str, tuple[str, ...]] = {
    "account": ("account__display_name",),
    "tenant": ("tenant__name",),
    "title": ("title",),
    "first_access": ("first_access_at",),
    "opened": ("opened_at",),
    "state": ("state",),
    "steps": ("steps_done",),
    "contained": ("time_to_contain",),
    "owner": ("owner__display_name",),
}
NEWEST_FIRST = "-opened"


def incident_list(
    *,
    text: str = "",
    states: Sequence[str] = (),
    tenant_id: int | None = None,
    owner_id: int | None = None,
    days: tuple[date | None, date | None] = (None, None),
    sort: str = NEWEST_FIRST,
) -> QuerySet[Incident]:
    """Incidents for the list. `owner_id` 0 means: without owner. `days` are the first and last day of opening, in the
    active time zone; `sort` is a key of SORTS, with a minus for the other way round.
    """
    incidents = Incident.objects.select_related("account", "tenant", "owner")
    incidents = incidents.annotate(time_to_contain=F("contained_at") - F("opened_at"))
    for word in text.split():
        incidents = incidents.filter(_holds(word))
    if states:
        incidents = incidents.filter(state__in=states)
    if tenant_id is not None:
        incidents = incidents.filter(tenant_id=tenant_id)
    if owner_id is not None:
        incidents = incidents.filter(owner_id=owner_id or None)
    first, last = days
    if first:
        incidents = incidents.filter(opened_at__gte=_midnight(first))
    if last and last < date.max:
        incidents = incidents.filter(opened_at__lt=_midnight(last + timedelta(days=1)))
    return incidents.order_by(*_ordering(sort))


def _holds(word: str) -> Q:
    return (
        Q(account__display_name__icontains=word)
        | Q(account__user_principal_name__icontains=word)
        | Q(title__icontains=word)
        | Q(tenant__name__icontains=word)
    )


def _ordering(sort: str) -> list[Any]:
    columns = SORTS[sort.removeprefix("-")]
    if sort.startswith("-"):
        return [*(F(column).desc(nulls_last=True) for column in columns), "-pk"]
    return [*(F(column).asc(nulls_last=True) for column in columns), "pk"]


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def incident_owners() -> list[Member]:
    """The members who own an incident of the open scope, by name."""
    return list(Member.objects.filter(pk__in=Incident.objects.values("owner_id")))


# --- Tenants, as the pages of this app show them ----------------------------------------------------------------------
def connections_by_tenant() -> dict[int, Connection]:
    return {connection.tenant_id: connection for connection in Connection.objects.all()}


def protected_accounts() -> list[ProtectedAccount]:
    return list(ProtectedAccount.objects.order_by("kind", "user_principal_name"))


# --- Evidence ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Keyset:
    """A place in the logs, newest first: everything before this moment, or at it with a smaller id."""

    at: datetime
    pk: int

    def __str__(self) -> str:
        microseconds = (self.at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        return f"{microseconds}-{self.pk}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The place that `str` gave; None for anything else."""
        moment, _, pk = text.partition("-")
        if not (moment.isdecimal() and pk.isdecimal() and len(moment) <= 17 and len(pk) <= 18):
            return None
        return cls(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(moment)), int(pk))


def matches_any(indicators: Collection[Indicator]) -> Q | None:
    """The condition that a log row matches one of the indicators; None where there is nothing to match."""
    by_column: dict[str, list[str]] = defaultdict(list)
    for indicator in indicators:
        if indicator.value:
            by_column[MATCHED_COLUMNS[IndicatorKind(indicator.kind)]].append(indicator.value)
    condition: Q | None = None
    for column, values in by_column.items():
        one = Q(**{f"{column}__in": values})
        condition = one if condition is None else condition | one
    return condition


def incident_records(incident: Incident, workload: Workload | None = None) -> QuerySet[LogRecord]:
    """The log rows of the incident's account, without their raw records: what it did, and what was done to it in the
    directory. `workload` narrows them to one tab.

    The unified audit log repeats sign-ins and directory audits with less in them; its copies are left out where the
    logs themselves were read.
    """
    address = incident.account.user_principal_name.lower()
    concerned = Q(user_principal_name=address)
    if workload in (None, Workload.DIRECTORY):
        concerned |= Q(workload=Workload.DIRECTORY, item=address)
    records = LogRecord.objects.filter(concerned).defer("raw")
    for source, repeated in REPEATED.items():
        if _was_read(incident, source):
            records = records.exclude(source=LogSource.UNIFIED_AUDIT_LOG, workload=repeated)
    return records.filter(workload=workload) if workload else records


REPEATED = {LogSource.SIGN_INS: Workload.LOGINS, LogSource.DIRECTORY_AUDITS: Workload.DIRECTORY}


def _was_read(incident: Incident, source: LogSource) -> bool:
    readings = incident.source_readings.all()
    return any(one.source == source and one.finished_at and not one.failure for one in readings)


def _of_attacker(incident: Incident) -> Q:
    """The condition that a log row matches an indicator of the incident."""
    return matches_any(list(incident.indicators.all())) or Q(pk__in=[])


def attacker_records(incident: Incident, workload: Workload | None = None) -> QuerySet[LogRecord]:
    """The attacker's rows, oldest first."""
    records = incident_records(incident, workload).filter(_of_attacker(incident))
    return records.order_by("occurred_at", "pk")


def own_records(incident: Incident, workload: Workload) -> QuerySet[LogRecord]:
    """The account's rows that match no indicator: what its owner did, as far as is known."""
    return incident_records(incident, workload).exclude(_of_attacker(incident))


def attacker_counts(incident: Incident) -> list[dict[str, Any]]:
    """The attacker's rows counted: [{"workload", "count", "first_at", "last_at"}]."""
    rows = attacker_records(incident).order_by().values("workload")
    counted = rows.annotate(count=Count("pk"), first_at=Min("occurred_at"), last_at=Max("occurred_at"))
    return [dict(row) for row in counted]


def log_counts(incident: Incident) -> dict[str, tuple[int, int]]:
    """Rows and attacker's rows by workload."""
    rows = incident_records(incident).order_by().values("workload")
    counted = rows.annotate(count=Count("pk"), attackers=Count("pk", filter=_of_attacker(incident)))
    return {row["workload"]: (row["count"], row["attackers"]) for row in counted}


@dataclass(frozen=True, slots=True)
class LogChoice:
    """What to show of the logs: a tab, whose rows, and from where on."""

    workload: Workload = Workload.LOGINS
    only_attacker: bool = False
    before: Keyset | None = None


def log_page(incident: Incident, choice: LogChoice, *, size: int) -> tuple[list[LogRecord], Keyset | None]:
    """One page of a tab, newest first, and from where the next one goes on (None on the last). Each row has
    `is_attacker`: whether it matches an indicator.
    """
    rows = incident_records(incident, choice.workload)
    if choice.only_attacker:
        rows = rows.filter(_of_attacker(incident))
    if choice.before:
        place = choice.before
        rows = rows.filter(Q(occurred_at__lt=place.at) | Q(occurred_at=place.at, pk__lt=place.pk))
    marked = rows.annotate(is_attacker=Case(When(_of_attacker(incident), then=True), default=False))
    found: list[LogRecord] = list(marked.order_by("-occurred_at", "-pk")[: size + 1])
    page = found[:size]
    following = Keyset(page[-1].occurred_at, page[-1].pk) if len(found) > size else None
    return page, following


def log_record_get(incident: Incident, record_id: int) -> LogRecord:
    """A log row of the incident's account.

    Raises:
        Http404: when it is another's, or there is none.
    """
    return get_object_or_404(incident_records(incident), pk=record_id)


def tagged_message_ids(incident: Incident) -> frozenset[str]:
    """The internet message ids of what is tagged as the phish."""
    tags = PhishTag.objects.filter(incident=incident)
    return frozenset(tags.values_list("internet_message_id", flat=True))


# --- The audit trail of one incident ----------------------------------------------------------------------------------
def incident_trail(incident: Incident, *, before_id: int | None, size: int) -> tuple[list[AuditEvent], int | None]:
    """Acts on the incident, newest first, and the id before which the next page begins."""
    rows = AuditEvent.objects.filter(tenant_id=incident.tenant_id, incident_id=incident.pk)
    if before_id is not None:
        rows = rows.filter(pk__lt=before_id)
    found = list(rows.order_by("-pk")[: size + 1])
    page = found[:size]
    return page, page[-1].pk if len(found) > size else None
