"""What was read of each of Microsoft's logs: complete until when, being read, not licensed, or failed and why."""

from dataclasses import dataclass
from datetime import datetime

from incidents.enums import LogSource
from incidents.models import Incident, SourceReading
from tenants.enums import TenantState

IMPORTED = "Imported logs"
FROM_FILES = "read from files; what these do not hold is not known, and nothing is collected from Microsoft"
LATE = "Microsoft adds records up to 90 minutes late, some later."


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNote:
    """One log. `tone`: done, warn, waiting or none. `complete_until` is told also where a later reading failed."""

    label: str
    tone: str
    words: str
    complete_until: datetime | None = None
    since: datetime | None = None
    notes: tuple[str, ...] = ()
    request_id: str = ""


def source_notes(incident: Incident) -> list[SourceNote]:
    """All logs of an incident whose readings were fetched with it: no query."""
    if incident.tenant.state == TenantState.UNCONNECTED:
        return [SourceNote(label=IMPORTED, tone="done", words=FROM_FILES)]
    readings = {reading.source: reading for reading in incident.source_readings.all()}
    return [_note(source, readings.get(source.value)) for source in LogSource]


def _note(source: LogSource, reading: SourceReading | None) -> SourceNote:
    if reading is None:
        return SourceNote(label=str(source.label), tone="waiting", words="not collected yet")
    tone, words = _state(reading)
    late = LATE if source == LogSource.UNIFIED_AUDIT_LOG and tone == "done" else ""
    return SourceNote(
        label=str(source.label),
        tone=tone,
        words=words,
        complete_until=reading.complete_until,
        since=reading.since,
        notes=tuple(note for note in (reading.note, late) if note),
        request_id=reading.request_id if tone == "warn" else "",
    )


def _state(reading: SourceReading) -> tuple[str, str]:
    counted = "1 record" if reading.found == 1 else f"{reading.found} records"
    if reading.finished_at is None:
        return "waiting", f"being read, {counted} so far" if reading.found else "being read"
    if not reading.is_licensed:
        return "none", f"not licensed. {reading.failure}"
    if reading.failure:
        return "warn", f"failed. {reading.failure}"
    return "done", counted if reading.found else "none found"
