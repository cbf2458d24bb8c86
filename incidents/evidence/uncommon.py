"""What a log row shows that its person did not use in the 30 days before the attacker's first access.

With fewer than three sign-ins in these days nothing follows from absence, and no row is uncommon.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Case, Count, Q, Value, When
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
_COMPARED = _OF_CLIENT | _OF_ANYBODY
_GROUPED = ("network", "country", *_OF_ANYBODY)  # of these a person uses few


@dataclass(slots=True)
class Habits:
    """What one person used in the 30 days before `until`, and how often they signed in."""

    until: datetime
    sign_ins: int = 0
    used: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def is_baseline(self) -> bool:
        return self.sign_ins >= SIGN_INS_NEEDED

    def concerns(self, name: str, record: LogRecord) -> bool:
        """Whether a row can be uncommon for the person `name`."""
        return record.user_principal_name == name and record.occurred_at >= self.until

    def take(self, column: str, value: str) -> None:
        """Keep what was used."""
        if value:
            self.used[column].add(_key(column, value))


def habits_of(book: Logbook, records: Sequence[LogRecord]) -> dict[str, Habits]:
    """The habits of the people in these rows who have an incident, by address, as far as these rows ask for them. Two
    queries, one for an incident's; none where no row is one that can be uncommon.
    """
    people = {record.user_principal_name for record in records} - {""}
    found = {name: Habits(at - BEFORE_ACCESS) for name, at in _first_accesses(book, people).items()}
    found = {name: own for name, own in found.items() if any(own.concerns(name, record) for record in records)}
    if not found:
        return {}
    spans = Q()
    for name, habits in found.items():
        begin = habits.until - BASELINE
        spans |= Q(user_principal_name=name, occurred_at__gte=begin, occurred_at__lt=habits.until)
    used = LogRecord.objects.filter(spans).exclude(is_success=False).order_by()
    # Of addresses there may be thousands: those that these rows do not ask for count as none.
    asked = _as_told({record.ip_address for record in records})
    address = Case(When(asked, then="ip_address"), default=Value(""))
    grouped = used.values_list("user_principal_name", "workload", *_GROUPED, address).annotate(count=Count("pk"))
    for name, workload, *values, count in grouped:
        found[name].sign_ins += count if workload == Workload.LOGINS else 0
        for column, value in zip((*_GROUPED, "ip_address"), values, strict=True):
            found[name].take(column, value)
    return found


def _as_told(addresses: Collection[str]) -> Q:
    """The condition that a row has one of these addresses, or one that may be of the same line as one of them."""
    condition = Q(ip_address__in=addresses)
    return condition | Q(ip_address__contains=":") if any(":" in address for address in addresses) else condition


def uncommon_in(record: LogRecord, habits: Mapping[str, Habits]) -> list[str]:
    """What is uncommon about a row, in words: "network", "country"…; empty where nothing is, or nothing is known."""
    own = habits.get(record.user_principal_name)
    if own is None or not own.is_baseline or record.occurred_at < own.until:
        return []
    compared = _COMPARED if is_from_client(record) else _OF_ANYBODY
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


def _key(column: str, value: str) -> str:
    """What two values share that are the same to a person: one line's address, a network by its number."""
    if not value:
        return ""
    if column == "ip_address":
        return place_key(value)
    return value.partition(" ")[0] if column == "network" and value.startswith("AS") else value
