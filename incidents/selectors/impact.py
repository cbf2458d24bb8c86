"""The attacker's rows about one message, and the raw records of some rows."""

import json
from collections.abc import Collection
from itertools import islice

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast, Length

from incidents.enums import Workload
from incidents.models import Incident, LogRecord
from incidents.selectors.logs import attacker_records

MOST_ROWS = 2_000  # whose messages are looked through for one
LARGEST = 65_536  # bytes; a raw record that is larger is left unread


def message_records(incident: Incident, internet_message_id: str, *, most: int) -> tuple[list[LogRecord], int]:
    """The attacker's rows that name a message, oldest first, at most `most`; and how many more there are, as far as
    is known.
    """
    if not internet_message_id:
        return [], 0
    rows = _mentioning(attacker_records(incident, Workload.EXCHANGE), internet_message_id)[:MOST_ROWS]
    naming = (row for row in rows.iterator(500) if _names(row, internet_message_id))
    found = list(islice(naming, most))
    return found, sum(1 for _ in naming)


def _mentioning(rows: QuerySet[LogRecord], internet_message_id: str) -> QuerySet[LogRecord]:
    """Rows with the id anywhere in the text of their messages: databases differ in how they look into JSON, and in
    whether they keep it escaped.
    """
    forms = {json.dumps(internet_message_id, ensure_ascii=escaped)[1:-1] for escaped in (True, False)}
    mentioned = Q()
    for form in forms:
        mentioned |= Q(messages_text__contains=form)
    return rows.annotate(messages_text=Cast("messages", TextField())).filter(mentioned)


def _names(row: LogRecord, internet_message_id: str) -> bool:
    return any(isinstance(one, dict) and one.get("id") == internet_message_id for one in row.messages)


def raw_rows(row_ids: Collection[int]) -> list[LogRecord]:
    """The raw records of these rows, without any that is very large. The latest come first."""
    rows = LogRecord.objects.filter(pk__in=row_ids).annotate(size=Length("raw")).filter(size__lte=LARGEST)
    return list(rows.only("pk", "raw").order_by("-occurred_at", "-pk"))
