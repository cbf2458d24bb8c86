"""Persistence from the log alone, for tenants that are not connected: what was left, by the rows that made it.

Whether it still exists nobody can know from here. What a later row removed is told as removed, by whom.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import Q

from incidents.enums import Workload
from incidents.evidence.fields import pairs, text
from incidents.evidence.raw_records import record_data
from incidents.models import Incident, LogRecord
from incidents.selectors import incident_records
from remediation.actions.finders.reading import shown
from remediation.actions.finding import Candidate, FindScope, Found, details
from remediation.actions.signs import Grounds, written
from remediation.log_traces import OPERATIONS, Trace, removal_of, trace_of

SOURCE = "Imported logs"
NOT_CONNECTED = "Not connected: what exists there now could not be looked at."
SEEN_IN_LOG = "Seen in the imported log; whether it still exists is not known. Connect the tenant to act."
_ON_A_MAILBOX = ("Add-MailboxPermission", "Add-RecipientPermission", "Set-Mailbox", "Remove-MailboxPermission")
_MOST = 2000  # rows of either question; those that matter are few


def find_in_logs(incident: Incident, scope: FindScope) -> list[Found]:
    """What the rows of the incident's window say was left by the account, or on it."""
    traces: dict[tuple[str, str], _Left] = {}
    count = 0
    for record in _rows(incident, scope):
        count += 1
        if removed := removal_of(record):
            if removed in traces:
                traces[removed].removed = record
        elif trace := trace_of(record, scope):
            traces.setdefault((trace.kind, trace.key), _Left()).add(trace)
    candidates = [left.candidate() for left in traces.values()]
    return [
        Found(source=SOURCE, candidates=candidates, rows=count),
        Found(source="Microsoft 365", is_checked=False, note=NOT_CONNECTED),
    ]


def log_key(name: str) -> str:
    """Tells one thing of the log from another, as an action's target key does for what is read from Microsoft."""
    return hashlib.sha256(f"log:{name}".encode()).hexdigest()


@dataclass(slots=True)
class _Left:
    """One thing that was left, and the rows about it."""

    traces: list[Trace] = field(default_factory=list)
    removed: LogRecord | None = None

    def add(self, trace: Trace) -> None:
        self.traces.append(trace)
        self.removed = None  # made again since

    def candidate(self) -> Candidate:
        last = self.traces[-1]
        grounds = self._grounds()
        gone = f"Removed on {written(self.removed.occurred_at)} by {_by(self.removed)}" if self.removed else ""
        reasons = dict.fromkeys(words for words in (gone, *grounds.reasons, *self._evidence()) if words)
        return Candidate(
            kind=last.kind,
            action_key=last.action_key,
            target={"from_log": f"{last.kind}/{last.key}"[:400]},
            title=shown(last.title).strip() or "(no name)",
            facts=tuple((label, shown(value)) for label, value in self._facts()),
            reasons=tuple(shown(reason) for reason in reasons),
            is_suspicious=grounds.are_enough and not self.removed,
        )

    def _grounds(self) -> Grounds:
        """What any of the rows gave ground for. A rule that was changed keeps what it did when it was made."""
        reasons = dict.fromkeys(reason for trace in self.traces for reason in trace.grounds.reasons)
        return Grounds(tuple(reasons), max(trace.grounds.weight for trace in self.traces))

    def _facts(self) -> tuple[tuple[str, str], ...]:
        facts = {label: value for trace in self.traces for label, value in trace.facts}
        parts = dict.fromkeys(part for trace in self.traces for part in trace.parts)
        return (*facts.items(), *details(Roles=", ".join(parts)))

    def _evidence(self) -> Iterator[str]:
        for trace in (self.traces[0], *self.traces[1:][-1:]):
            record = trace.record
            source = f" from {record.ip_address}" if record.ip_address else ""
            yield f"Log row: {record.operation.strip()} by {_by(record)}, {written(record.occurred_at)}{source}"


def _by(record: LogRecord) -> str:
    return record.user_principal_name or "somebody the log does not name"


def _rows(incident: Incident, scope: FindScope) -> Iterator[LogRecord]:
    """The rows that may leave something, oldest first: of the account, and on its mailbox or in the directory."""
    window = Q(occurred_at__gte=scope.since, occurred_at__lte=scope.until)
    named = Q(pk__in=[])
    for operation in OPERATIONS:
        named |= Q(operation__startswith=operation)  # Microsoft ends some with a full stop or a space
    own = incident_records(incident).defer(None).filter(window & named)
    others = LogRecord.objects.filter(
        window, tenant_id=incident.tenant_id, workload=Workload.EXCHANGE, operation__in=_ON_A_MAILBOX
    ).exclude(user_principal_name=incident.account.user_principal_name.lower())
    people = others.exclude(user_principal_name__startswith="nt authority")
    on_it = [record for record in people.order_by("occurred_at")[:_MOST] if _is_on_mailbox(record, scope)]
    found = {record.pk: record for record in (*own.order_by("occurred_at")[:_MOST], *on_it)}
    return iter(sorted(found.values(), key=lambda record: (record.occurred_at, record.pk)))


def _is_on_mailbox(record: LogRecord, scope: FindScope) -> bool:
    """Whether a cmdlet was run on the account's own mailbox, by its address or alias."""
    data = record_data(record)
    named = (text(data.get("ObjectId")), pairs(data.get("Parameters")).get("Identity", ""))
    own = {scope.mailbox.casefold(), scope.user_principal_name.casefold(), scope.mailbox.partition("@")[0].casefold()}
    return any(name.replace("\\", "/").rpartition("/")[2].casefold() in own for name in named if name)
