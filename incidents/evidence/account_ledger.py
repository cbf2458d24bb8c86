"""The log rows of one account in order: what the person used before, and what was done since, by address."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from incidents.enums import LogSource, Workload
from incidents.evidence.client_addresses import is_of_client, place_key
from incidents.models import LogRecord

BASELINE = timedelta(days=30)
_SERVICES = ("Client=RESTSystem", "EvoSTS", "Microsoft ADO.NET")  # Microsoft's own, in the person's name


def is_from_client(record: LogRecord) -> bool:
    """Whether the row's address is that of whoever did it, and not of a service of Microsoft's in between.

    The directory's rows of the unified audit log often name the server of a portal: only a network that is known to be
    somebody else's tells that it is not.
    """
    if not record.ip_address or record.user_agent.startswith(_SERVICES):
        return False
    is_portal = record.source == LogSource.UNIFIED_AUDIT_LOG and record.workload == Workload.DIRECTORY
    if is_portal and not record.network:
        return False
    return is_of_client(record.ip_address, record.network)


@dataclass(slots=True)
class Ledger:
    """The rows, put in order: what the person used before, and what was done in the window, by address."""

    window_at: datetime
    sign_ins: int = 0
    used: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_address: dict[str, list[LogRecord]] = field(default_factory=lambda: defaultdict(list))
    failed: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    session_places: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    window: list[LogRecord] = field(default_factory=list)

    def add(self, record: LogRecord) -> None:
        is_clients = is_from_client(record)
        if record.is_success is False:
            if is_clients and record.occurred_at >= self.window_at:
                self.failed[record.ip_address].append(record.occurred_at)
            return
        if is_clients and record.session_id:
            self.session_places[record.session_id].add(record.ip_address)
        if record.occurred_at >= self.window_at:
            self.window.append(record)
            if is_clients:
                self.by_address[record.ip_address].append(record)
        elif record.occurred_at >= self.window_at - BASELINE:
            self._keep_as_used(record, is_clients=is_clients)

    def _keep_as_used(self, record: LogRecord, *, is_clients: bool) -> None:
        self.sign_ins += record.workload == Workload.LOGINS
        theirs = {
            "device": record.device,
            "agent": record.user_agent,
            "application": record.application,
            "session": record.session_id,
        }
        if is_clients:
            number = record.network.partition(" ")[0]
            theirs |= {"address": place_key(record.ip_address), "network": number, "country": record.country}
        for name, value in theirs.items():
            if value:
                self.used[name].add(value)

    def is_used(self, name: str, value: str) -> bool:
        return value in self.used[name]
