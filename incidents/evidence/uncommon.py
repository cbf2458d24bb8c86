"""What a log row shows that its person did not use in the 30 days before the attacker's first access.

With fewer than three sign-ins in these days nothing follows from absence, and no row is uncommon.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Q
from django.db.models.functions import Lower

from incidents.enums import Workload
from incidents.evidence.account_ledger import BASELINE, is_from_client
from incidents.evidence.client_addresses import place_key
from incidents.evidence.indicators import BEFORE_ACCESS, SIGN_INS_NEEDED
from incidents.models import Incident, LogRecord
from incidents.selectors import Logbook

# What is compared -> how it is called.
_OF_CLIENT = {"ip_address": "address", "network": "network", "country": "country"}
_OF_ANYBODY = {"application": "application", "device": "device"}
_GROUPED = ("user_principal_name", "workload", *_OF_CLIENT, *_OF_ANYBODY)


@dataclass(slots=True)
class Habits:
    """What one person used in the 30 days before `until`, and how often they signed in."""

    until: datetime
    sign_ins: int = 0
    used: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def is_baseline(self) -> bool:
        return self.sign_ins >= SIGN_INS_NEEDED


def habits_of(book: Logbook, records: Sequence[LogRecord]) -> dict[str, Habits]:
    """The habits of the people in these rows who have an incident, by address: two queries, one for an incident's."""
    people = {record.user_principal_name for record in records} - {""}
    found = {name: Habits(at - BEFORE_ACCESS) for name, at in _first_accesses(book, people).items()}
    if not found:
        return {}
    spans = Q()
    for name, habits in found.items():
        begin = habits.until - BASELINE
        spans |= Q(user_principal_name=name, occurred_at__gte=begin, occurred_at__lt=habits.until)
    used = LogRecord.objects.filter(spans).exclude(is_success=False).values(*_GROUPED)
    for row in used.annotate(count=Count("pk")).order_by():
        _take(found[row["user_principal_name"]], row)
    return found


def uncommon_in(record: LogRecord, habits: Mapping[str, Habits]) -> list[str]:
    """What is uncommon about a row, in words: "network", "country"…; empty where nothing is, or nothing is known."""
    own = habits.get(record.user_principal_name)
    if own is None or not own.is_baseline or record.occurred_at < own.until:
        return []
    compared = _OF_ANYBODY if not is_from_client(record) else _OF_CLIENT | _OF_ANYBODY
    return [
        words
        for column, words in compared.items()
        if (value := _key(column, getattr(record, column))) and value not in own.used[column]
    ]


def _first_accesses(book: Logbook, people: Iterable[str]) -> dict[str, datetime]:
    """Of each person the first access of their latest incident."""
    if book.incident:
        return {book.incident.account.user_principal_name.lower(): book.incident.first_access_at}
    incidents = Incident.objects.annotate(person=Lower("account__user_principal_name")).filter(person__in=people)
    return dict(incidents.order_by("first_access_at").values_list("person", "first_access_at"))


def _take(habits: Habits, row: Mapping[str, str | int]) -> None:
    if row["workload"] == Workload.LOGINS:
        habits.sign_ins += int(row["count"])
    for column in (*_OF_CLIENT, *_OF_ANYBODY):
        if value := _key(column, str(row[column])):
            habits.used[column].add(value)


def _key(column: str, value: str) -> str:
    """What two values share that are the same to a person: one line's address, a network by its number."""
    if not value:
        return ""
    if column == "ip_address":
        return place_key(value)
    return value.partition(" ")[0] if column == "network" and value.startswith("AS") else value
