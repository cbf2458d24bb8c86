"""Log rows of an incident's account, and which of them are the attacker's."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from django.db.models import Case, Count, Max, Min, Q, QuerySet, When
from django.shortcuts import get_object_or_404

from incidents.enums import LogSource, Workload
from incidents.models import Incident, LogRecord, PhishTag, SourceReading
from incidents.selectors.indicators import of_attacker


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time: from `begin` on and before `end`."""

    begin: datetime
    end: datetime

    def covers(self, at: datetime) -> bool:
        return self.begin <= at < self.end


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


def account_records(
    address: str, workload: Workload | None = None, *, was_read: Collection[LogSource] = ()
) -> QuerySet[LogRecord]:
    """The log rows of an account, without their raw records: what it did, and what was done to it in the directory.
    `workload` narrows them to one tab.

    The unified audit log repeats sign-ins and directory audits with less in them; its copies are left out where the
    logs themselves are among those that `was_read` names.
    """
    named = address.lower()
    concerned = Q(user_principal_name=named)
    if workload in (None, Workload.DIRECTORY):
        concerned |= Q(workload=Workload.DIRECTORY, item=named)
    records = LogRecord.objects.filter(concerned).defer("raw")
    for source, repeated in REPEATED.items():
        if source in was_read and workload in (None, repeated):
            records = records.exclude(source=LogSource.UNIFIED_AUDIT_LOG, workload=repeated)
    return records.filter(workload=workload) if workload else records


REPEATED = {LogSource.SIGN_INS: Workload.LOGINS, LogSource.DIRECTORY_AUDITS: Workload.DIRECTORY}


def incident_records(incident: Incident, workload: Workload | None = None) -> QuerySet[LogRecord]:
    """The log rows of the incident's account; see `account_records`."""
    was_read = sources_read(incident.source_readings.all())
    return account_records(incident.account.user_principal_name, workload, was_read=was_read)


def sources_read(readings: Iterable[SourceReading]) -> frozenset[LogSource]:
    """The logs that were read to their end."""
    return frozenset(LogSource(one.source) for one in readings if one.finished_at and not one.failure)


def attacker_records(incident: Incident, workload: Workload | None = None) -> QuerySet[LogRecord]:
    """The attacker's rows, oldest first."""
    records = incident_records(incident, workload).filter(of_attacker(incident))
    return records.order_by("occurred_at", "pk")


def attacker_rows(incident: Incident, span: Span | None) -> QuerySet[LogRecord]:
    """The attacker's rows of a stretch of time, oldest first; all of them without one."""
    rows = attacker_records(incident)
    return rows.filter(occurred_at__gte=span.begin, occurred_at__lt=span.end) if span else rows


def own_records(incident: Incident, workload: Workload) -> QuerySet[LogRecord]:
    """The account's rows that match no indicator: what its owner did, as far as is known."""
    return incident_records(incident, workload).exclude(of_attacker(incident))


def marked_records(incident: Incident, workload: Workload | None = None) -> QuerySet[LogRecord]:
    """The account's rows, each with `is_attacker`: whether it matches an indicator."""
    rows = incident_records(incident, workload)
    return rows.annotate(is_attacker=Case(When(of_attacker(incident), then=True), default=False))


def attacker_counts(incident: Incident, span: Span | None = None) -> list[dict[str, Any]]:
    """The attacker's rows counted, in a stretch of time or all: [{"workload", "count", "first_at", "last_at"}]."""
    rows = attacker_rows(incident, span).order_by().values("workload")
    counted = rows.annotate(count=Count("pk"), first_at=Min("occurred_at"), last_at=Max("occurred_at"))
    return [dict(row) for row in counted]


def log_record_get(incident: Incident, record_id: int) -> LogRecord:
    """A log row of the incident's account.

    Raises:
        Http404: when it is another's, or there is none.
    """
    return get_object_or_404(incident_records(incident), pk=record_id)


def tenant_record_get(record_id: int) -> LogRecord:
    """A log row of the tenant whose scope is open.

    Raises:
        Http404: when there is none.
    """
    return get_object_or_404(LogRecord, pk=record_id)


def tagged_message_ids(incident: Incident) -> frozenset[str]:
    """The internet message ids of what is tagged as the phish."""
    tags = PhishTag.objects.filter(incident=incident)
    return frozenset(tags.values_list("internet_message_id", flat=True))
