"""The audit logs that were imported into a tenant, and those that are being read."""

from dataclasses import dataclass

from incidents.enums import ImportState
from incidents.models import LogImport
from tenants.models import Tenant

SHOWN, SHOWN_PROBLEMS = 20, 50


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One file. `percent` is how far it was read; `more_problems` counts unreadable rows that are not shown."""

    log: LogImport
    percent: int
    problems: list[tuple[int, str]]
    more_problems: int

    @property
    def is_under_way(self) -> bool:
        return self.log.state in (ImportState.WAITING, ImportState.RUNNING)


@dataclass(frozen=True, slots=True)
class ImportsView:
    """The newest first. `is_under_way`: the page asks again."""

    rows: list[ImportRow]

    @property
    def is_under_way(self) -> bool:
        return any(row.is_under_way for row in self.rows)


def imports_view(*, tenant: Tenant) -> ImportsView:
    """The imports of a tenant: one query."""
    return ImportsView([_row(log) for log in LogImport.objects.filter(tenant=tenant).order_by("-pk")[:SHOWN]])


def _row(log: LogImport) -> ImportRow:
    shown = [(line, reason) for line, reason in log.problems[:SHOWN_PROBLEMS]]
    percent = 100 if log.state == ImportState.FINISHED else min(99, log.bytes_done * 100 // max(log.byte_count, 1))
    return ImportRow(log, percent, shown, log.unreadable - len(shown))
