"""Microsoft's logs about an account: for which window each is asked, in which requests, and who reads its records."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from graph import Request
from incidents.enums import LogSource
from incidents.evidence import directory_audits, risk_detections, sign_ins, unified_audit_log
from incidents.evidence.fields import Record
from incidents.evidence.rows import Columns

BEFORE_ACCESS = timedelta(days=1)  # what opened the door came before the first access
BASELINE = timedelta(days=30)  # of sign-ins before that: what the person usually uses

Parse = Callable[[Record], Columns | None]
RequestsFor = Callable[..., list[Request]]


@dataclass(frozen=True, slots=True)
class Source:
    """One of the logs.

    `lateness`: how long a record may take to appear; so far back each later reading begins. `kept`: for how long
    Microsoft has them. `requests_for` is None for the unified audit log, which is asked by a query of its own.
    """

    parse: Parse
    lateness: timedelta
    kept: timedelta
    requests_for: RequestsFor | None = None

    def retention_note(self, *, first_access_at: datetime, now: datetime) -> str:
        """What to tell where the attack itself is older than what Microsoft still has."""
        if first_access_at - BEFORE_ACCESS >= now - self.kept:
            return ""
        return f"Microsoft keeps these for {self.kept.days} days: what is older could not be read."


# Retention with Entra ID P1 or P2 and an audit log of the standard kind.
# https://learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention
# https://learn.microsoft.com/purview/audit-log-retention-policies
SOURCES = {
    LogSource.SIGN_INS: Source(sign_ins.parse, timedelta(minutes=30), timedelta(days=30), sign_ins.requests_for),
    LogSource.DIRECTORY_AUDITS: Source(
        directory_audits.parse, timedelta(minutes=30), timedelta(days=30), directory_audits.requests_for
    ),
    LogSource.UNIFIED_AUDIT_LOG: Source(unified_audit_log.parse, timedelta(hours=4), timedelta(days=180)),
    LogSource.RISK_DETECTIONS: Source(
        risk_detections.parse, timedelta(hours=4), timedelta(days=90), risk_detections.requests_for
    ),
}


def window_begin(source: LogSource, first_access_at: datetime) -> datetime:
    """From when on a log is read for an incident."""
    begin = first_access_at - BEFORE_ACCESS
    return begin - BASELINE if source == LogSource.SIGN_INS else begin
