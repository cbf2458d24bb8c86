"""What a filter of the logs shows, as a file: CSV that is written while it is read, or Excel up to its limit."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Any

from django.db import transaction
from django.utils import timezone

from incidents.exports.cells import file_name, time_cell
from incidents.exports.records import HEADS, record_rows
from incidents.exports.sheets import csv_lines, workbook_of
from incidents.models import LogRecord
from incidents.selectors import Logbook, LogChoice
from incidents.selectors.log_search import log_pieces
from tenants import audit
from tenants.audit import Act, Actor
from tenants.models import Member
from tenants.scoping import tenant_scope

MOST_IN_EXCEL = 100_000  # rows
PIECE = 2_000  # rows read at a time
CSV, EXCEL = "csv", "xlsx"
KINDS = {CSV: "CSV", EXCEL: "Excel"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogExport:
    """What is exported, and what the file says of itself. `filters`: each filter in words."""

    book: Logbook
    choice: LogChoice
    filters: Sequence[str]
    by: Member
    at: datetime

    @property
    def whose(self) -> str:
        """The account, or that it is the whole tenant."""
        return self.book.account.user_principal_name if self.book.account else "all users"

    @property
    def filter_words(self) -> str:
        return "; ".join(self.filters) or "none"

    def head(self) -> list[tuple[str, str]]:
        """What stands before the rows."""
        return [
            ("Tenant", self.book.tenant.name),
            ("User", self.whose),
            ("Log", str(self.choice.workload.label)),
            ("Filter", self.filter_words),
            ("Exported", f"{time_cell(self.at)} by {self.by.display_name}"),
            ("Times are in", timezone.get_current_timezone_name()),
            ("Audit trail", str(audit.newest(self.book.tenant))),
        ]

    def name(self, kind: str) -> str:
        """The file's name."""
        who = self.book.account.user_principal_name if self.book.account else ""
        day = f"{timezone.localtime(self.at):%Y-%m-%d}"
        return file_name(self.book.tenant.name, who, str(self.choice.workload.label), day, ending=kind)


def export_recorded(export: LogExport, kind: str) -> None:
    """Write into the audit trail who takes what with them."""
    incident = export.book.incident
    act = Act(
        verb="export_logs",
        summary=f"Exported logs ({KINDS[kind]}) – {export.choice.workload.label} of {export.whose}",
        object_type="incident" if incident else "logs",
        object_id=incident.pk if incident else export.choice.workload.value,
        incident_id=incident.pk if incident else None,
        after={"filter": export.filter_words},
    )
    with transaction.atomic():
        audit.record([act], tenant=export.book.tenant, by=Actor.of(export.by))


def csv_of(export: LogExport) -> Iterator[str]:
    """The file in pieces. Each is read in a scope and time zone of its own: nobody holds them open in between."""
    zone = timezone.get_current_timezone()
    first, *others = export.head()
    lines = csv_lines(first, chain(others, [(), _heads()], record_rows(_records(export))))
    while True:
        with tenant_scope([export.book.tenant.pk]), timezone.override(zone):
            piece = list(islice(lines, PIECE))
        if not piece:
            return
        yield "".join(piece)


def excel_of(export: LogExport) -> bytes:
    """The file. It ends at `MOST_IN_EXCEL` rows, and says so."""
    limit = ("Rows", f"the newest {MOST_IN_EXCEL:,} at most; a CSV has all")
    tables = [
        ("About", ("What", "Value"), [*export.head(), limit]),
        (str(export.choice.workload.label), _heads(), _limited(record_rows(_records(export)))),
    ]
    return workbook_of(tables)


def _heads() -> list[str]:
    return [f"Time ({timezone.get_current_timezone_name()})", *HEADS[1:]]


def _records(export: LogExport) -> Iterator[LogRecord]:
    return chain.from_iterable(log_pieces(export.book, export.choice, size=PIECE))


def _limited(rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
    for number, row in enumerate(rows):
        if number == MOST_IN_EXCEL:
            yield [f"Cut off after {MOST_IN_EXCEL:,} rows. A CSV has all."]
            return
        yield row
