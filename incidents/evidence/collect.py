"""Collecting evidence: Microsoft's logs about the account of an incident, as rows. Run twice, it stores once.

The first reading has the whole window; each later one begins a little before the end of the one before it, since
Microsoft's records are late.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone

from graph import (
    BadRequest,
    GraphClient,
    GraphError,
    NotFound,
    NotLicensed,
    PermissionDenied,
    Request,
    audit,
    in_plain_words,
)
from incidents.enums import LogSource
from incidents.evidence.messages import messages_name
from incidents.evidence.pages import Pages
from incidents.evidence.sources import SOURCES, window_begin
from incidents.evidence.weigh import weigh_evidence
from incidents.models import Incident, SourceReading
from incidents.phish.tagging import phish_tag_from_evidence
from incidents.services import incident_changed
from tenants.connections import ConnectionUnusable, calls_count, contact_made, graph_client
from tenants.models import Connection

QUERY_WAIT = 10.0  # seconds; a query that needs longer is asked for again by the next collection
QUERY_EXPIRY = timedelta(hours=2)  # a query not done by then never will be
PLACE_EXPIRY = timedelta(hours=2)  # a reading that was broken off longer ago begins anew
FROM_V1 = "Read from v1.0: session ids and non-interactive sign-ins are missing."
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds between two looks at a query
NOT_CONNECTED = "This tenant is not connected to Microsoft 365."


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOutcome:
    """What came of one log. `failure` says in plain words why nothing could be read; `is_pending`: ask again later.

    `found` counts the records of the window, `added` those that this reading stored. `again_in` is the number of
    seconds that Microsoft asked to wait; 0.0 where it named none.
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


def collect(
    *, incident: Incident, sleep: Callable[[float], None] = time.sleep, extend: Callable[[], None] = lambda: None
) -> CollectSummary:
    """Read the logs about the incident's account, store what is new, suggest indicators, tag the phish.

    The scope of the incident's tenant is open, no transaction is. Never raises for what Microsoft or the network did.
    `extend` is called after each page; what it raises ends the collection.
    """
    connection = Connection.objects.select_related("tenant").filter(tenant_id=incident.tenant_id).first()
    try:
        if connection is None:
            raise ConnectionUnusable(NOT_CONNECTED)
        client = graph_client(connection)
    except ConnectionUnusable as error:
        summary = CollectSummary(tuple(_fail(_begin(incident, source), str(error)) for source in LogSource))
    else:
        reader = _Reader(client, incident, sleep, extend)
        summary = CollectSummary(tuple(reader.read(source) for source in LogSource))
        if any(not one.failure for one in summary.sources):
            contact_made(incident.tenant)
        messages_name(client, incident)
        weigh_evidence(incident=incident)  # before the phish: it is looked for by the attacker's first sign-in
        phish_tag_from_evidence(client=client, incident=incident, own_domains=connection.domains)
        calls_count(client)
    incident_changed(incident_id=incident.pk)
    return summary


@dataclass(frozen=True, slots=True)
class _Reader:
    """One collection under way."""

    client: GraphClient
    incident: Incident
    sleep: Callable[[float], None]
    extend: Callable[[], None]

    def read(self, source: LogSource) -> SourceOutcome:
        reading = _begin(self.incident, source)
        before = reading.added
        try:
            self._fetch(source, reading)
        except QueryRunning:
            return SourceOutcome(source=source, is_pending=True, again_in=0.0)
        except QueryFailed as error:
            return _fail(reading, str(error))
        except GraphError as error:
            return _fail(reading, in_plain_words(error), error)
        reading.finished_at, reading.complete_until = timezone.now(), reading.started_at
        reading.query_id, reading.position = "", None
        reading.failure, reading.request_id, reading.is_licensed = "", "", True
        reading.save()
        return SourceOutcome(source=source, found=reading.found, added=reading.added - before)

    def _fetch(self, source: LogSource, reading: SourceReading) -> None:
        now, access = reading.started_at, self.incident.first_access_at
        reading.note = SOURCES[source].retention_note(first_access_at=access, now=now)
        if source == LogSource.SIGN_INS:
            self._sign_ins(reading)
        elif source == LogSource.UNIFIED_AUDIT_LOG:
            self._unified_audit_log(reading)
        else:
            self._read(reading, self._requests(reading))

    def _requests(self, reading: SourceReading) -> list[Request]:
        source = SOURCES[LogSource(reading.source)]
        assert source.requests_for is not None  # noqa: S101  # for the type checker
        return source.requests_for(self.incident.account.object_id, since=_asked_since(reading))

    def _read(self, reading: SourceReading, requests: list[Request]) -> None:
        """Read all pages; from the first on where Microsoft has forgotten the place of a reading broken off."""
        goes_on = reading.position is not None
        pages = Pages(self.client, reading, self.extend)
        try:
            pages.read(requests)
        except (BadRequest, NotFound):
            if not goes_on:
                raise
            _begin_anew(reading)
            pages.read(requests)

    def _sign_ins(self, reading: SourceReading) -> None:
        beta, stable = self._requests(reading)
        try:
            self._read(reading, [beta])
        except (BadRequest, NotFound, PermissionDenied):
            _begin_anew(reading)
            self._read(reading, [stable])
            reading.note = " ".join(part for part in (FROM_V1, reading.note) if part)

    def _unified_audit_log(self, reading: SourceReading) -> None:
        if not reading.query_id:
            name = f"Petra incident {self.incident.pk}"
            users = [self.incident.account.user_principal_name]
            made = audit.create_query(name, _asked_since(reading), reading.started_at, users=users)
            reading.query_id = str(self.client.send(made).require()["id"])
            reading.save()
        self._wait_for(reading)
        self._read(reading, [audit.query_records(reading.query_id)])

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


def _begin(incident: Incident, source: LogSource) -> SourceReading:
    """The reading of a log: the one that was broken off or waits for a query, otherwise a new one."""
    now, since = timezone.now(), window_begin(source, incident.first_access_at)
    reading, is_new = SourceReading.objects.get_or_create(
        tenant_id=incident.tenant_id, incident=incident, source=source, defaults={"started_at": now, "since": since}
    )
    is_stale = reading.position is not None and now - reading.started_at > PLACE_EXPIRY
    if not is_new and (is_stale or not (reading.query_id or reading.position)):
        reading.started_at, reading.since, reading.query_id = now, since, ""
        _begin_anew(reading)
    reading.finished_at = None
    reading.save()
    return reading


def _begin_anew(reading: SourceReading) -> None:
    """Forget the place, and what was counted of a window that was never read to its end."""
    reading.position = None
    if reading.complete_until is None:
        reading.found = reading.added = 0


def _asked_since(reading: SourceReading) -> datetime:
    """From when on this reading asks: all of the window, or what may be new or late since the last one."""
    if reading.complete_until is None:
        return reading.since
    return max(reading.since, reading.complete_until - SOURCES[LogSource(reading.source)].lateness)


def _fail(reading: SourceReading, words: str, error: GraphError | None = None) -> SourceOutcome:
    """Keep why a log could not be read; what was read before stays, and the place to go on where it may pass."""
    is_passing = error is not None and error.is_transient
    reading.finished_at, reading.failure, reading.note = timezone.now(), words, ""
    reading.request_id = error.request_id if error else ""
    reading.is_licensed = not isinstance(error, NotLicensed)
    reading.query_id = reading.query_id if is_passing else ""
    reading.position = reading.position if is_passing else None
    reading.save()
    source = LogSource(reading.source)
    outcome = SourceOutcome(source=source, failure=words, request_id=reading.request_id)
    return replace(outcome, again_in=error.retry_after) if error and is_passing else outcome
