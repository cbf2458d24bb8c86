"""Everything that a report of an incident tells, as plain values; times are texts in the report's zone."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from incidents import extensions
from incidents.contexts.impact import LABELS, impact_notes, not_collected
from incidents.contexts.sources import source_notes
from incidents.contexts.timeline_picture import MARK_HEIGHT, Mark, Picture, picture_of, whole_span
from incidents.enums import IncidentState, Workload
from incidents.evidence.impact import Impact, impact_of
from incidents.evidence.words import record_words
from incidents.exports.cells import clean
from incidents.extensions import DoneAction
from incidents.models import Incident, LogRecord
from incidents.reports.sentences import summary
from incidents.selectors import attacker_records

MOST_EVENTS, MOST_MESSAGES, MOST_FILES = 2_000, 500, 200
STEPS = (
    "Revoke Sessions and Lock Account",
    "Retract Phishing Emails",
    "Disable Persistence Mechanisms",
    "Reset Password",
    "Re-enable Account",
    "Mark as Remediated",
)
Facts = dict[str, Any]


def incident_facts(incident: Incident, *, made_by: str) -> Facts:
    """The facts of an incident in the active time zone; a constant number of queries."""
    actions = extensions.remediation().actions_of([incident.pk])
    impact = impact_of(incident)
    events = list(attacker_records(incident).defer("raw", "messages")[:MOST_EVENTS])
    total = attacker_records(incident).count()
    now = timezone.now()
    return {
        "organization": clean(incident.tenant.organization.name),
        "tenant": clean(incident.tenant.name),
        "person": clean(incident.account.display_name or incident.account.user_principal_name),
        "address": clean(incident.account.user_principal_name),
        "job": clean(incident.account.job_title),
        "number": str(incident.pk),
        "title": clean(incident.title),
        "made_at": told(now),
        "made_by": clean(made_by),
        "zone": now_zone(now),
        "state": incident.get_state_display(),
        "facts": _head(incident),
        "summary": summary(incident, impact, actions, missing=not_collected(incident)),
        "picture": _picture(incident, actions),
        "counters": _counters(impact, not_collected(incident)),
        "notes": [clean(note) for note in impact_notes(impact)] + _missing(incident),
        "messages": [_message(one) for one in impact.messages[:MOST_MESSAGES]],
        "messages_left_out": max(0, len(impact.messages) - MOST_MESSAGES),
        "files": [_file(one) for one in impact.files[:MOST_FILES]],
        "files_left_out": max(0, len(impact.files) - MOST_FILES),
        "steps": _steps(incident, actions),
        "actions": [_action(one) for one in actions],
        "indicators": [_indicator(one) for one in incident.indicators.all() if one.state != "rejected"],
        "phish": [_tag(one) for one in incident.phish_tags.order_by("pk")],
        "sources": [_source(one) for one in source_notes(incident)],
        "events": [_event(one) for one in events],
        "events_left_out": max(0, total - len(events)),
    }


def told(at: datetime | None) -> str:
    """A time of the report, with seconds; the zone is named once in it."""
    return f"{timezone.localtime(at):%-d %b %Y, %H:%M:%S}" if at else ""


def now_zone(now: datetime) -> str:
    """The report's zone, with what it is ahead of UTC: "Europe/Oslo (UTC+01:00)"."""
    local = timezone.localtime(now)
    offset = f"{local:%z}"
    name = timezone.get_current_timezone_name()
    return name if name == "UTC" else f"{name} (UTC{offset[:3]}:{offset[3:]})"


def _head(incident: Incident) -> list[tuple[str, str]]:
    pairs = (
        ("Account", _account(incident)),
        ("Detected by", incident.detected_by),
        ("Root cause", incident.root_cause or "Not known."),
        ("First access by the attacker", told(incident.first_access_at)),
        ("Incident opened", told(incident.opened_at)),
        ("Contained", told(incident.contained_at) or "Not contained yet."),
        (
            "Closed",
            f"{told(incident.closed_at)} by {incident.closed_by_name}" if incident.closed_at else "Not closed yet.",
        ),
        ("Owner", str(incident.owner or "Nobody")),
    )
    return [(name, clean(value)) for name, value in pairs]


def _account(incident: Incident) -> str:
    name, address = incident.account.display_name, incident.account.user_principal_name
    return address if name.lower() in ("", address.lower()) else f"{name} <{address}>"


def _missing(incident: Incident) -> list[str]:
    words = not_collected(incident)
    return [clean(f"{words}.")] if words else []


def _counters(impact: Impact, missing: str) -> list[dict[str, str]]:
    return [
        {
            "label": label,
            "figure": "–" if missing and not impact.counts[kind].operations else f"{impact.counts[kind].messages:,}",
            "words": _counted(impact.counts[kind].operations, missing),
        }
        for kind, label in LABELS.items()
    ]


def _counted(operations: int, missing: str) -> str:
    if not operations:
        return "not collected" if missing else "none found"
    return "1 operation" if operations == 1 else f"{operations:,} operations"


def _message(one: Any) -> dict[str, str]:
    operations = ", ".join(f"{name} ×{times}" if times > 1 else name for name, times in one.operations.items())
    return {
        "subject": clean(one.subject) or "(subject not recorded)",
        "sender": clean(one.sender),
        "folder": clean(", ".join(one.folders)),
        "operations": clean(operations),
        "attachments": clean(one.attachments),
        "last": told(one.last_at),
    }


def _file(one: Any) -> dict[str, str]:
    operations = ", ".join(f"{name} ×{times}" if times > 1 else name for name, times in one.operations.items())
    return {"name": clean(one.name), "operations": clean(operations), "last": told(one.last_at)}


def _steps(incident: Incident, actions: Iterable[DoneAction]) -> list[dict[str, Any]]:
    counts = {step: [one for one in actions if one.step == step] for step in range(1, 7)}
    return [
        {
            "number": number,
            "title": title,
            "is_done": incident.has_done(number),
            "words": _step_words(incident, number, counts[number]),
        }
        for number, title in enumerate(STEPS, start=1)
    ]


def _step_words(incident: Incident, number: int, actions: list[DoneAction]) -> str:
    if number == 6 and incident.state == IncidentState.REMEDIATED:
        return f"Done {told(incident.closed_at)} by {clean(incident.closed_by_name)}"
    if not actions:
        return "Not done" if not incident.has_done(number) else "Done"
    verified = sum(1 for one in actions if one.verified_at)
    people = ", ".join(dict.fromkeys(clean(one.by_name) for one in actions))
    times = "1 action" if len(actions) == 1 else f"{len(actions)} actions"
    return f"{times}, {verified} verified, by {people}; last {told(actions[-1].at)}"


def _action(one: DoneAction) -> dict[str, str]:
    return {
        "at": told(one.at),
        "step": str(one.step),
        "words": clean(one.words),
        "by": clean(one.by_name),
        "outcome": clean(one.outcome),
        "verified": told(one.verified_at) or "not verified",
    }


def _indicator(one: Any) -> dict[str, str]:
    return {
        "kind": one.get_kind_display(),
        "value": clean(one.value),
        "state": "counts" if one.counts else "to be decided",
        "reason": clean(one.reason),
    }


def _tag(one: Any) -> dict[str, str]:
    return {
        "subject": clean(one.subject) or "(no subject)",
        "sender": clean(one.sender_address),
        "received": told(one.received_at) or "not known",
        "reason": clean(one.reason or one.tagged_by_name),
    }


def _source(one: Any) -> dict[str, str]:
    until = told(one.complete_until)
    return {"label": one.label, "words": clean(one.words), "until": until, "notes": clean(" ".join(one.notes))}


def _event(one: LogRecord) -> dict[str, str]:
    place = ", ".join(part for part in (one.ip_address, one.network, one.country) if part)
    return {
        "at": told(one.occurred_at),
        "service": str(Workload(one.workload).label),
        "words": clean(record_words(one)),
        "operation": clean(one.operation),
        "place": clean(place),
    }


def _picture(incident: Incident, actions: list[DoneAction]) -> Facts | None:
    """The lanes of the timeline; positions are parts of one."""
    ends = attacker_records(incident).order_by("occurred_at").values_list("occurred_at", flat=True)
    first, last = ends.first(), ends.last()
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
