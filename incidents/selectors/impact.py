"""The attacker's rows about one message."""

from itertools import islice

from incidents.enums import Workload
from incidents.models import Incident, LogRecord
from incidents.selectors.logs import attacker_records

MOST_ROWS = 20_000  # looked through: databases differ too much in how they look into JSON


def message_records(incident: Incident, internet_message_id: str, *, most: int) -> tuple[list[LogRecord], int]:
    """The attacker's rows that name a message, oldest first, at most `most`; and how many more there are."""
    rows = attacker_records(incident, Workload.EXCHANGE).exclude(messages=[])[:MOST_ROWS]
    naming = (row for row in rows.iterator(2000) if _names(row, internet_message_id))
    found = list(islice(naming, most))
    return found, sum(1 for _ in naming)


def _names(row: LogRecord, internet_message_id: str) -> bool:
    return any(isinstance(one, dict) and one.get("id") == internet_message_id for one in row.messages)
