"""The timeline: what the attacker did, by the logs, and what the team did, in one order."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from itertools import groupby
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from incidents import extensions
from incidents.contexts.timeline_picture import TEAM, Picture, picture_of, whole_span
from incidents.enums import Workload
from incidents.evidence.words import record_icon, record_words
from incidents.extensions import DoneAction
from incidents.models import Incident, LogRecord
from incidents.selectors import attacker_counts
from incidents.selectors.logs import Span, attacker_rows
from incidents.selectors.timeline import attacker_span

MODES = (("summary", "Summary"), ("full", "Full"))
LONGEST = 500  # events; beyond it the logs are the place to look


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line. `css_class` is is-attacker or is-team; `who` says the same in words."""

    at: datetime
    who: str
    css_class: str
    icon: str
    label: str  # the workload, or "Step 3"
    words: str
    note: str
    tick: str  # for the team's: done, verified, failed
    verified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Day:
    date: date
    events: list[Event]


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryRow:
    """A workload (or the team) with how many events, and from when to when."""

    label: str
    icon: str
    is_team: bool
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineView:
    """`mode` is "summary" or "full"; `days` are filled for "full" only. `left_out` counts events beyond the longest."""

    mode: str
    modes: list[tuple[str, str, str]]  # value in the address, label, address
    summary: list[SummaryRow]
    days: list[Day]
    total: int
    left_out: int
    picture: Picture | None = None
    span: Span | None = None  # what the range was narrowed to
    url: str = ""
    whole_url: str = ""
    wider_url: str = ""


_WORKLOAD_ICONS = {
    Workload.LOGINS: "login",
    Workload.EXCHANGE: "mail",
    Workload.SHAREPOINT: "file",
    Workload.TEAMS: "brand-teams",
    Workload.DIRECTORY: "users",
    Workload.OTHER: "file",
}
_TICKS = {"succeeded": "done", "skipped": "done", "undone": "waiting"}


def timeline_view(*, incident: Incident, mode: str, span: Span | None = None) -> TimelineView:
    """The timeline of an incident, whose tenant's scope is open. Days are those of the active time zone."""
    every = extensions.remediation().actions_of([incident.pk])
    whole = _whole(incident, every)
    shown_span = span or whole
    actions = [action for action in every if shown_span is None or shown_span.covers(action.at)]
    summary = _summary(incident, actions, shown_span)
    total = sum(row.count for row in summary)
    days = _full(incident, actions, shown_span) if mode == "full" else []
    shown = sum(len(day.events) for day in days)
    return TimelineView(
        mode=mode,
        summary=summary,
        days=days,
        total=total,
        left_out=total - shown if days else 0,
        picture=_picture(incident, mode, actions, shown_span),
        span=span,
        url=timeline_url(incident, mode, span),
        modes=[(name, label, timeline_url(incident, name, span)) for name, label in MODES],
        whole_url=timeline_url(incident, mode),
        wider_url=timeline_url(incident, mode, _wider(span, whole)) if span and whole else "",
    )


def _picture(incident: Incident, mode: str, actions: list[DoneAction], span: Span | None) -> Picture | None:
    return picture_of(incident, actions, span, partial(timeline_url, incident, mode)) if span else None


def timeline_url(incident: Incident, mode: str, span: Span | None = None) -> str:
    """The address at which the timeline stands as chosen; times are in UTC."""
    query = {"timeline": mode}
    if span:
        query |= {"from": _told(span.begin), "to": _told(span.end)}
    return f"{reverse('incidents:timeline', args=[incident.tenant.slug, incident.pk])}?{urlencode(query)}"


def _told(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _whole(incident: Incident, actions: list[DoneAction]) -> Span | None:
    first, last = attacker_span(incident)
    times = [at for at in (first, last) if at] + [action.at for action in actions]
    return whole_span(min(times), max(times)) if times else None


def _wider(span: Span, whole: Span) -> Span | None:
    """Three times as long, as far as there is anything; None where that is all."""
    length = span.end - span.begin
    wider = Span(max(span.begin - length, whole.begin), min(span.end + length, whole.end))
    return None if wider == whole else wider


def _full(incident: Incident, actions: list[DoneAction], span: Span | None) -> list[Day]:
    events = [_attacker_event(record) for record in attacker_rows(incident, span)[:LONGEST]]
    events += [_team_event(action) for action in actions]
    events.sort(key=lambda event: event.at)
    return _days(events)


def _summary(incident: Incident, actions: list[DoneAction], span: Span | None) -> list[SummaryRow]:
    rows = [
        SummaryRow(
            label=str(Workload(count["workload"]).label),
            icon=_WORKLOAD_ICONS[Workload(count["workload"])],
            is_team=False,
            count=count["count"],
            first_at=count["first_at"],
            last_at=count["last_at"],
        )
        for count in attacker_counts(incident, span)
    ]
    rows.sort(key=lambda row: row.first_at)
    if actions:
        rows.append(_team_row(actions))
    return rows


def _team_row(actions: list[DoneAction]) -> SummaryRow:
    times = [action.at for action in actions]
    return SummaryRow(
        label=TEAM,
        icon="shield-check",
        is_team=True,
        count=len(actions),
        first_at=min(times),
        last_at=max(times),
    )


def _attacker_event(record: LogRecord) -> Event:
    place = " ".join(part for part in (record.ip_address, record.network, record.country) if part)
    return Event(
        at=record.occurred_at,
        who="Attacker",
        css_class="is-attacker",
        icon=record_icon(record),
        label=record.get_workload_display(),
        words=record_words(record),
        note=" · ".join(part for part in (record.operation.strip(), place) if part),
        tick="",
    )


def _team_event(action: DoneAction) -> Event:
    return Event(
        at=action.at,
        who="Team",
        css_class="is-team",
        icon="shield-check",
        label=f"Step {action.step}",
        words=action.words,
        note=f"by {action.by_name}",
        tick="verified" if action.verified_at else _TICKS.get(action.outcome, "failed"),
        verified_at=action.verified_at,
    )


def _days(events: Iterable[Event]) -> list[Day]:
    by_day = groupby(events, key=lambda event: timezone.localtime(event.at).date())
    return [Day(day, list(those)) for day, those in by_day]
