"""Everything that a report of an incident tells, as plain values; times are texts in the report's zone.

Texts are as they were recorded: `printing` makes them fit for the page, `exports.cells` for a spreadsheet.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from incidents import extensions
from incidents.contexts.impact import LABELS, impact_notes, none_words, not_collected
from incidents.contexts.sources import SourceNote, source_notes
from incidents.contexts.timeline_picture import MARK_HEIGHT, Mark, Picture, picture_of, whole_span
from incidents.enums import IndicatorState, Workload
from incidents.evidence.impact import FileImpact, Impact, MessageImpact, impact_of
from incidents.evidence.words import record_words
from incidents.extensions import DoneAction
from incidents.models import Incident, Indicator, LogRecord, PhishTag
from incidents.phish.links import read_link
from incidents.reports.digest import Line, joined, lines_of, team_line
from incidents.reports.notable import notable_of
from incidents.reports.sentences import DONE, Case, open_steps, summary
from incidents.reports.wording import clock, day, sentence, short, told, zone_now
from incidents.selectors import attacker_records
from incidents.selectors.timeline import attacker_span
from tenants import audit

MOST_EVENTS, MOST_MESSAGES, MOST_FILES, MOST_LINES = 2_000, 300, 200, 60
MOST_KNOWN = 5  # links and attachments of one mail
SUBJECT, WORDS, PLACE, ADDRESS, LINK = (
    120,
    200,
    80,
    80,
    160,
)  # characters of such a text in a table; the exports have them whole
OUTCOMES = {
    "succeeded": "Done",
    "skipped": "Was so already",
    "failed": "Failed",
    "errored": "Failed",
    "undone": "Undone",
    "undo_failed": "Undo failed",
}
Facts = dict[str, Any]


def incident_facts(incident: Incident, *, made_by: str) -> Facts:
    """The facts of an incident in the active time zone; a constant number of queries."""
    actions = extensions.remediation().actions_of([incident.pk])
    events = list(attacker_records(incident).defer("raw", "messages")[:MOST_EVENTS])
    total = attacker_records(incident).count()
    case = Case(
        incident=incident,
        impact=impact_of(incident),
        notable=notable_of(events),
        actions=actions,
        phish=list(incident.phish_tags.order_by("pk")),
        missing=not_collected(incident),
    )
    lines = lines_of(events, actions)
    return {
        **_cover(incident, made_by, timezone.now()),
        "facts": _head(incident),
        "summary": summary(case),
        "counters": _counters(case.impact, case.missing),
        "notes": [*impact_notes(case.impact), *_missing(case)],
        "picture": _picture(incident, actions),
        "timeline": [_line(line) for line in lines[:MOST_LINES]],
        "timeline_left_out": max(0, len(lines) - MOST_LINES),
        **_reached(case),
        "done": [_done(line) for line in joined(map(team_line, actions))],
        "still_open": open_steps(incident),
        "indicators": [_indicator(one) for one in incident.indicators.all() if one.state != IndicatorState.REJECTED],
        "phish": [_tag(one) for one in case.phish],
        "sources": [_source(one) for one in source_notes(incident)],
        "events": [_event(one) for one in events],
        "events_empty": _nothing(incident),
        "events_left_out": total - len(events),
        "actions": [_action(one) for one in actions],
    }


def _cover(incident: Incident, made_by: str, now: datetime) -> Facts:
    return {
        "organization": incident.tenant.organization.name,
        "tenant": incident.tenant.name,
        "person": _person(incident),
        "running_head": f"{short(incident.tenant.name, 50)} · {short(_person(incident), 50)}",
        "address": incident.account.user_principal_name,
        "number": str(incident.pk),
        "title": incident.title,
        "state": incident.get_state_display(),
        "period": f"{day(incident.first_access_at)} – {day(incident.closed_at or now)}",
        "made_at": told(now),
        "made_by": made_by,
        "zone": zone_now(now),
        "audit": str(audit.newest(incident.tenant)),
    }


def _person(incident: Incident) -> str:
    return incident.account.display_name or incident.account.user_principal_name


def _head(incident: Incident) -> list[tuple[str, str]]:
    closed = f"{told(incident.closed_at)} by {incident.closed_by_name}" if incident.closed_at else "Not closed yet"
    return [
        ("State", incident.get_state_display()),
        ("First access by the attacker", told(incident.first_access_at)),
        ("Owner", str(incident.owner or "Nobody")),
        ("Incident opened", told(incident.opened_at)),
        ("Job", incident.account.job_title or "Not known"),
        ("Contained", told(incident.contained_at) or "Not contained yet"),
        ("Account", incident.account.user_principal_name),
        ("Closed", closed),
    ]


def _missing(case: Case) -> list[str]:
    return [sentence(case.missing)] if case.missing else []


def _counters(impact: Impact, missing: str) -> list[dict[str, str]]:
    return [
        {
            "label": label,
            "figure": "–" if missing and not impact.counts[kind].operations else f"{impact.counts[kind].messages:,}",
            "words": _counted(impact.counts[kind].operations) or none_words(impact, missing),
        }
        for kind, label in LABELS.items()
    ]


def _counted(operations: int) -> str:
    if not operations:
        return ""
    return "in 1 operation" if operations == 1 else f"in {operations:,} operations"


# --- What happened ----------------------------------------------------------------------------------------------------
def _line(line: Line) -> Facts:
    until = f" – {clock(line.last_at)}" if line.last_at != line.first_at else ""
    return {
        "day": day(line.first_at),
        "time": f"{clock(line.first_at)}{until}",
        "is_team": line.is_team,
        "where": line.label,
        "words": _more(line),
        "note": short(line.note, PLACE),
    }


def _more(line: Line) -> str:
    words = short(line.words, WORDS)
    return f"{words} – and {line.more:,} more of the same kind" if line.more else words


def _nothing(incident: Incident) -> str:
    """Why no event of the attacker is told."""
    sources = source_notes(incident)
    if not any(one.complete_until or one.tone == "done" for one in sources):
        return "Not collected: no log has been read yet."
    if not any(one.counts for one in incident.indicators.all()):
        return "Not known: without an indicator that counts, no row of the logs can be told as the attacker's."
    return "None found: no row of the logs that were read matches an indicator of the attacker."


def _picture(incident: Incident, actions: Sequence[DoneAction]) -> Facts | None:
    first, last = attacker_span(incident)
    times = [at for at in (first, last) if at] + [one.at for one in actions]
    if not times:
        return None
    span = whole_span(min(times), max(times) + timedelta(seconds=1))
    drawn = picture_of(incident, actions, span, lambda _span: "")
    return {
        "lanes": [{"label": lane.label, "marks": [_mark(drawn, mark) for mark in lane.marks]} for lane in drawn.lanes],
        "ticks": [{"x": _part(drawn, tick.x), "label": tick.label} for tick in drawn.ticks],
        "words": f"Events by service, from {told(span.begin)} to {told(span.end)}",
    }


def _part(drawn: Picture, x: float) -> float:
    return round((x - drawn.left) / (drawn.width - drawn.left), 4)


def _mark(drawn: Picture, mark: Mark) -> Facts:
    return {
        "x": _part(drawn, mark.x),
        "width": round(mark.width / (drawn.width - drawn.left), 4),
        "height": round(mark.height / MARK_HEIGHT, 3),
        "is_team": mark.is_team,
    }


# --- What was reached -------------------------------------------------------------------------------------------------
def _reached(case: Case) -> Facts:
    impact = case.impact
    missing = sentence(case.missing) if case.missing else ""
    if impact.rows_left_out:
        missing = f"Cut off: none among the first {impact.rows:,} of the attacker's rows; the others were not counted."
    return {
        "messages": [_message(one) for one in impact.messages[:MOST_MESSAGES]],
        "messages_left_out": max(0, len(impact.messages) - MOST_MESSAGES),
        "messages_empty": missing or "None found: no row of the attacker's names a message.",
        "files": [_file(one) for one in impact.files[:MOST_FILES]],
        "files_left_out": max(0, len(impact.files) - MOST_FILES),
        "files_empty": missing or "None found: no row of the attacker's names a file of SharePoint or OneDrive.",
    }


def _message(one: MessageImpact) -> dict[str, str]:
    return {
        "subject": short(one.subject, SUBJECT) or "(subject not recorded)",
        "operations": _operations(one.operations),
        "folder": short(", ".join(one.folders), PLACE),
        "sender": short(one.sender, ADDRESS),
        "attachments": short(one.attachments, SUBJECT),
        "last": _to_the_minute(one.last_at),
    }


def _file(one: FileImpact) -> dict[str, str]:
    return {
        "name": short(one.name, WORDS),
        "operations": _operations(one.operations),
        "last": _to_the_minute(one.last_at),
    }


def _operations(operations: dict[str, int]) -> str:
    return ", ".join(f"{name} ×{times}" if times > 1 else name for name, times in operations.items())


def _to_the_minute(at: datetime | None) -> str:
    return f"{day(at)}, {clock(at)[:5]}" if at else ""


# --- What was done ----------------------------------------------------------------------------------------------------
def _done(line: Line) -> dict[str, str]:
    step, outcome, by, _verb = line.kind
    number = line.more + 1
    verified = "–"
    if outcome in DONE:
        verified = {0: "Not verified", number: "Verified"}.get(line.verified, f"{line.verified} of {number} verified")
    return {
        "at": told(line.last_at),
        "step": step,
        "words": _more(line),
        "by": by,
        "outcome": OUTCOMES.get(outcome, outcome),
        "verified": verified,
    }


def _action(one: DoneAction) -> dict[str, str]:
    return {
        "day": day(one.at),
        "time": clock(one.at),
        "step": str(one.step),
        "words": short(one.words, WORDS),
        "by": one.by_name,
        "outcome": OUTCOMES.get(one.outcome, one.outcome),
        "verified": clock(one.verified_at) if one.verified_at else "Not verified",
    }


# --- What is known ----------------------------------------------------------------------------------------------------
def _indicator(one: Indicator) -> dict[str, str]:
    state = one.get_state_display()
    if one.state == IndicatorState.SUGGESTED:
        state = "Suggested, on strong evidence" if one.counts else "Suggested, on weak evidence: not counted"
    return {"kind": one.get_kind_display(), "value": one.value, "state": state, "reason": one.reason or "–"}


def _tag(one: PhishTag) -> Facts:
    return {
        "subject": short(one.subject, WORDS) or "(no subject)",
        "sender": one.sender_address or one.sender_name or "–",
        "received": _to_the_minute(one.received_at) or "Not known",
        "reason": f"{one.get_origin_display()}. {one.reason or one.tagged_by_name}",
        "content": _content(one),
    }


def _content(one: PhishTag) -> list[str]:
    """Links and attachments by which copies are known; no reader of the report can follow such a link by a click."""
    links = [link for text in one.links if (link := read_link(text))]
    known = [f"Link {short(link.defanged, LINK)}" for link in links]
    known += [f"Attachment, SHA-256 {digest}" for digest in one.attachment_hashes]
    left_out = len(known) - MOST_KNOWN
    return [*known[:MOST_KNOWN], f"and {left_out} more"] if left_out > 0 else known


def _source(one: SourceNote) -> dict[str, str]:
    words = f"{one.words[:1].upper()}{one.words[1:]}"
    return {"label": one.label, "words": words, "until": told(one.complete_until), "notes": " ".join(one.notes)}


def _event(one: LogRecord) -> dict[str, str]:
    return {
        "day": day(one.occurred_at),
        "time": clock(one.occurred_at),
        "service": str(Workload(one.workload).label),
        "words": short(record_words(one), WORDS),
        "place": short(", ".join(part for part in (one.ip_address, one.network, one.country) if part), PLACE) or "–",
    }
