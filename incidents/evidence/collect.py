"""Collecting evidence: Microsoft's three logs about the account of an incident, as rows. Run twice, it stores once."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from django.utils import timezone

from graph import BadRequest, GraphClient, GraphError, NotFound, PermissionDenied, audit, in_plain_words
from incidents.enums import LogSource
from incidents.evidence import directory_audits, sign_ins, unified_audit_log
from incidents.evidence.fields import Record
from incidents.evidence.messages import messages_name
from incidents.evidence.rows import Columns, log_record, records_store
from incidents.evidence.weigh import weigh_evidence
from incidents.models import Incident, LogRecord, SourceReading
from incidents.phish.tagging import phish_tag_from_evidence
from incidents.services import incident_changed
from tenants.connections import ConnectionUnusable, calls_count, contact_made, graph_client
from tenants.models import Connection

SIGN_INS_BACK = timedelta(days=30)  # as long as Microsoft keeps them
BEFORE_ACCESS = timedelta(days=1)  # what opened the door came before the first access
QUERY_WAIT = 10.0  # seconds; a query that needs longer is asked for again by the next collection
QUERY_EXPIRY = timedelta(hours=2)  # a query not done by then never will be
FROM_V1 = "Read from v1.0: session ids and non-interactive sign-ins are missing."
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds between two looks at a query


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOutcome:
    """What came of one log. `failure` says in plain words why nothing could be read; `is_pending`: ask again later.

    `again_in` is the number of seconds that Microsoft asked to wait; 0.0 where it named none.
    """

    source: LogSource
    found: int = 0
    added: int = 0
    failure: str = ""
    request_id: str = ""
    is_pending: bool = False
    again_in: float | None = None


@dataclass(frozen=True, slots=True)
class CollectSummary:
    """What came of all logs. One that fails leaves the others as they are."""

    sources: tuple[SourceOutcome, ...]

    @property
    def added(self) -> int:
        return sum(one.added for one in self.sources)

    @property
    def is_pending(self) -> bool:
        return any(one.is_pending for one in self.sources)

    @property
    def again_in(self) -> float | None:
        """In how many seconds to collect again; 0.0 for the usual while, None for not at all."""
        return max((one.again_in for one in self.sources if one.again_in is not None), default=None)

    @property
    def is_complete(self) -> bool:
        return not any(one.is_pending or one.failure for one in self.sources)


class QueryRunning(Exception):
    """Microsoft is still looking: the query's id is kept for the next collection."""


class QueryFailed(Exception):
    """Microsoft's search came to no end; the message says so in plain words."""


def collect(*, incident: Incident, sleep: Callable[[float], None] = time.sleep) -> CollectSummary:
    """Read the logs about the incident's account, store what is new, suggest indicators, tag the phish.

    The scope of the incident's tenant is open, no transaction is. Never raises for what Microsoft or the network did.
    """
    connection = Connection.objects.select_related("tenant").filter(tenant_id=incident.tenant_id).first()
    try:
        if connection is None:
            raise ConnectionUnusable("This tenant is not connected to Microsoft 365.")
        client = graph_client(connection)
    except ConnectionUnusable as error:
        summary = CollectSummary(tuple(_fail(incident, source, str(error)) for source in LogSource))
    else:
        reader = _Reader(client, incident, sleep)
        summary = CollectSummary(tuple(reader.read(source) for source in LogSource))
        if any(not one.failure for one in summary.sources):
            contact_made(incident.tenant)
        messages_name(client, incident)
        weigh_evidence(incident=incident)  # before the phish: it is looked for by the attacker's first sign-in
        phish_tag_from_evidence(client=client, incident=incident, own_domains=connection.domains)
        calls_count(client)
    incident_changed(incident_id=incident.pk)
    return summary


Fetch = Callable[[SourceReading], list[Record]]
Parse = Callable[[Record], Columns | None]


@dataclass(frozen=True, slots=True)
class _Reader:
    """One collection under way."""

    client: GraphClient
    incident: Incident
    sleep: Callable[[float], None]

    def read(self, source: LogSource) -> SourceOutcome:
        reading = self._begin(source)
        fetch, parse = self._ways[source]
        reading.note = ""
        try:
            records = fetch(reading)
        except QueryRunning:
            return SourceOutcome(source=source, is_pending=True, again_in=0.0)
        except QueryFailed as error:
            return _fail(self.incident, source, str(error))
        except GraphError as error:
            outcome = _fail(self.incident, source, in_plain_words(error), error.request_id)
            return replace(outcome, again_in=error.retry_after) if error.is_transient else outcome
        added = records_store(self._rows(source, records, parse))
        reading.found, reading.added, reading.failure, reading.request_id = len(records), added, "", ""
        reading.finished_at, reading.query_id = timezone.now(), ""
        reading.save()
        return SourceOutcome(source=source, found=len(records), added=added)

    @property
    def _ways(self) -> dict[LogSource, tuple[Fetch, Parse]]:
        return {
            LogSource.SIGN_INS: (self._sign_ins, sign_ins.parse),
            LogSource.DIRECTORY_AUDITS: (self._directory_audits, directory_audits.parse),
            LogSource.UNIFIED_AUDIT_LOG: (self._unified_audit_log, unified_audit_log.parse),
        }

    def _begin(self, source: LogSource) -> SourceReading:
        now = timezone.now()
        back = SIGN_INS_BACK if source == LogSource.SIGN_INS else timedelta(0)
        since = min(self.incident.first_access_at - BEFORE_ACCESS, now - back)
        reading, is_new = SourceReading.objects.get_or_create(
            tenant_id=self.incident.tenant_id,
            incident=self.incident,
            source=source,
            defaults={"started_at": now, "since": since},
        )
        if not is_new and not reading.query_id:
            reading.started_at, reading.since, reading.finished_at = now, since, None
            reading.save()
        return reading

    def _rows(self, source: LogSource, records: list[Record], parse: Parse) -> list[LogRecord]:
        told = ((parse(record), record) for record in records)
        tenant_id = self.incident.tenant_id
        return [log_record(one, record, tenant_id=tenant_id, source=source) for one, record in told if one]

    def _sign_ins(self, reading: SourceReading) -> list[Record]:
        beta, stable = sign_ins.requests_for(self.incident.account.object_id, since=reading.since)
        try:
            return list(self.client.pages(beta))
        except (BadRequest, NotFound, PermissionDenied):
            records: list[Record] = list(self.client.pages(stable))
            reading.note = FROM_V1
            return records

    def _directory_audits(self, reading: SourceReading) -> list[Record]:
        asked = directory_audits.requests_for(self.incident.account.object_id, since=reading.since)
        return [record for request in asked for record in self.client.pages(request)]

    def _unified_audit_log(self, reading: SourceReading) -> list[Record]:
        if not reading.query_id:
            name = f"Petra incident {self.incident.pk}"
            users = [self.incident.account.user_principal_name]
            made = self.client.send(audit.create_query(name, reading.since, reading.started_at, users=users))
            reading.query_id = str(made.require()["id"])
            reading.save()
        self._wait_for(reading)
        return list(self.client.pages(audit.query_records(reading.query_id)))

    def _wait_for(self, reading: SourceReading) -> None:
        waited, pause = 0.0, FIRST_PAUSE
        while True:
            status = str(self.client.send(audit.query(reading.query_id)).require().get("status", ""))
            if status == "succeeded":
                return
            if status in ("failed", "cancelled"):
                raise QueryFailed("Microsoft broke off its search of the unified audit log. Collect the logs again.")
            if waited >= QUERY_WAIT:
                break
            self.sleep(pause)
            waited, pause = waited + pause, min(pause * 2, LONGEST_PAUSE)
        if timezone.now() - reading.started_at > QUERY_EXPIRY:
            raise QueryFailed("Microsoft did not finish its search of the unified audit log within two hours.")
        raise QueryRunning


def _fail(incident: Incident, source: LogSource, words: str, request_id: str = "") -> SourceOutcome:
    """Keep why a log could not be read; what was read before stays."""
    now = timezone.now()
    SourceReading.objects.update_or_create(
        tenant_id=incident.tenant_id,
        incident=incident,
        source=source,
        defaults={"finished_at": now, "note": "", "failure": words, "request_id": request_id, "query_id": ""},
        create_defaults={
            "started_at": now,
            "since": incident.first_access_at,
            "finished_at": now,
            "failure": words,
            "request_id": request_id,
        },
    )
    return SourceOutcome(source=source, failure=words, request_id=request_id)
