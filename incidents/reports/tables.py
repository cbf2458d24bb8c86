"""The export of an incident: its evidence and what was done, as tables for Excel and CSV."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

from incidents import extensions
from incidents.evidence.impact import MessageImpact, impact_of
from incidents.exports.cells import time_cell
from incidents.exports.records import HEADS, record_rows
from incidents.exports.sheets import Table, csv_lines, workbook_of
from incidents.models import Incident, LogRecord
from incidents.reports.facts import Facts
from incidents.selectors.logs import marked_records

MOST_ROWS = 200_000  # of log records; an Excel sheet ends at a million
PIECE = 2_000
MESSAGE_HEADS = ("Subject", "Operations", "Folder", "From", "Attachments", "Last activity", "Internet message id")


def tables_of(incident: Incident, facts: Facts) -> list[Table]:
    """All tables. The evidence is read as it is written, in pieces."""
    return [
        ("Summary", ("What", "Value"), _summary(facts)),
        ("Log records", HEADS, record_rows(_records(incident))),
        ("Messages", MESSAGE_HEADS, _messages(impact_of(incident).messages)),
        ("Indicators", ("Kind", "Value", "State", "Why"), [[*one.values()] for one in facts["indicators"]]),
        ("Actions", ("When", "Step", "What", "By", "Outcome", "Verified"), _actions(incident)),
        ("Sources", ("Log", "What was read", "Complete until", "Notes"), [[*one.values()] for one in facts["sources"]]),
    ]


def _messages(messages: Iterable[MessageImpact]) -> Iterator[list[Any]]:
    for one in messages:
        operations = ", ".join(f"{name} x{times}" for name, times in one.operations.items())
        folders = ", ".join(one.folders)
        yield [
            one.subject, operations, folders, one.sender, one.attachments, one.last_at, one.internet_message_id
        ]  # fmt: skip


def _records(incident: Incident, **only: bool) -> Iterator[LogRecord]:
    return marked_records(incident).filter(**only).order_by("-occurred_at", "-pk")[:MOST_ROWS].iterator(PIECE)


def _summary(facts: Facts) -> list[tuple[str, str]]:
    head = [("Incident", facts["number"]), ("Tenant", facts["tenant"]), ("Account", facts["address"])]
    made = [("Made", f"{facts['made_at']} by {facts['made_by']}"), ("Times are in", facts["zone"])]
    made.append(("Audit trail", facts["audit"]))
    limit = [("Log records", f"the newest {MOST_ROWS:,} at most")]
    return [*head, *made, *limit, *(("Summary", one) for one in facts["summary"]), *facts["facts"]]


def _actions(incident: Incident) -> Iterator[list[Any]]:
    for one in extensions.remediation().actions_of([incident.pk]):
        yield [one.at, one.step, one.words, one.by_name, one.outcome, time_cell(one.verified_at) or "not verified"]


def excel_of(incident: Incident, facts: Facts) -> bytes:
    """All tables as one Excel file, with the attacker's events once more on a sheet of their own."""
    summary, records, *others = tables_of(incident, facts)
    attacker = ("Attacker's events", HEADS, record_rows(_records(incident, is_attacker=True)))
    return workbook_of([summary, records, attacker, *others])


def csv_archive_of(incident: Incident, facts: Facts) -> bytes:
    """All tables as CSV files in one ZIP."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, heads, rows in tables_of(incident, facts):
            with file.open(f"{name.lower().replace(' ', '-')}.csv", "w") as member:
                for line in csv_lines(heads, rows):
                    member.write(line.encode())
    return archive.getvalue()
