"""The filters of the logs: what each asks of a row. Names and values are those that the address has."""

import json
import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils import timezone

Asked = tuple[tuple[str, str], ...]  # names and values, each name once

NOT = "not"
IN_MESSAGES = frozenset({"subject", "sender"})
# Filters by text: the column in which it is looked for, whatever its case.
TEXTS = {
    "operation": "operation",
    "network": "network",
    "application": "application",
    "user": "user_principal_name",
}


def span_condition(asked: Asked) -> Q:
    """The first and last day, in the active time zone. Rows lie in order of time: this narrows where is looked."""
    given = dict(asked)
    condition = Q()
    if since := given.get("since"):
        condition &= Q(occurred_at__gte=_begin_of(date.fromisoformat(since)))
    if until := given.get("until"):
        condition &= Q(occurred_at__lt=_begin_of(date.fromisoformat(until) + timedelta(days=1)))
    return condition


def row_condition(asked: Asked) -> Q:
    """What else is asked of a row."""
    condition = Q()
    for name, value in asked:
        if name in TEXTS:
            condition &= Q(**{f"{TEXTS[name]}__icontains": value})
        elif name in _MADE:
            condition &= _MADE[name](value, dict(asked))
    return condition


def _begin_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _result(value: str, _asked: dict[str, str]) -> Q:
    return Q(is_success=value == "succeeded")


def _country(value: str, asked: dict[str, str]) -> Q:
    """A row whose country is not known is not "not from there": nobody knows."""
    condition = Q(country=value)
    return ~condition & ~Q(country="") if asked.get("country_is") == NOT else condition


def _hosting(value: str, _asked: dict[str, str]) -> Q:
    return Q(is_hosting=value == "yes")


def _address(value: str, _asked: dict[str, str]) -> Q:
    return Q(ip_address__startswith=value) if value.endswith((".", ":")) else Q(ip_address=value)


def _subject(value: str, _asked: dict[str, str]) -> Q:
    return Q(subject__icontains=value) | _in_messages("subject", value)


def _sender(value: str, _asked: dict[str, str]) -> Q:
    return Q(sender__icontains=value) | _in_messages("sender", value)


def _in_messages(key: str, value: str) -> Q:
    """The text in one field of the messages that a row names. They are one JSON document, whose text databases write
    alike but for letters outside of ASCII, which SQLite holds escaped.
    """
    ways = {json.dumps(value, ensure_ascii=False)[1:-1], json.dumps(value)[1:-1]}
    condition = Q()
    for way in sorted(ways):
        # The plain search comes first: it is quick, and nearly always enough to know that a row has it not.
        pattern = rf'"{key}": "([^"\\]|\\.)*{re.escape(way)}'
        condition |= Q(messages_text__icontains=way) & Q(messages_text__iregex=pattern)
    return condition


MESSAGES_TEXT = Cast("messages", TextField())
_MADE: dict[str, Callable[[str, dict[str, str]], Q]] = {
    "result": _result,
    "country": _country,
    "hosting": _hosting,
    "ip": _address,
    "subject": _subject,
    "sender": _sender,
}
