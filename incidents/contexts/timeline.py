"""The timeline: what the attacker did, by the logs, and what the team did, in one order."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from django.utils import timezone

from incidents import extensions
from incidents.enums import Workload
from incidents.evidence.words import record_icon, record_words
from incidents.extensions import DoneAction
from incidents.models import Incident, LogRecord
from incidents.selectors import attacker_counts, attacker_records

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
    modes: tuple[tuple[str, str], ...]  # value in the address, label
    summary: list[SummaryRow]
    days: list[Day]
    total: int
    left_out: int


_WORKLOAD_ICONS = {
    Workload.LOGINS: "login",
    Workload.EXCHANGE: "mail",
    Workload.SHAREPOINT: "file",
    Workload.TEAMS: "brand-teams",
    Workload.DIRECTORY: "users",
    Workload.OTHER: "file",
}
_TICKS = {"succeeded": "done", "skipped": "done", "undone": "waiting"}


def timeline_view(*, incident: Incident, mode: str) -> TimelineView:
    """The timeline of an incident, whose tenant's scope is open. Days are those of the active time zone."""
    actions = extensions.remediation().actions_of([incident.pk])
    summary = _summary(incident, actions)
    total = sum(row.count for row in summary)
    days: list[Day] = []
    if mode == "full":
        events = [_attacker_event(record) for record in attacker_records(incident)[:LONGEST]]
        events += [_team_event(action) for action in actions]
        events.sort(key=lambda event: event.at)
        days = _days(events)
    shown = sum(len(day.events) for day in days)
    left_out = total - shown if days else 0
    return TimelineView(mode=mode, modes=MODES, summary=summary, days=days, total=total, left_out=left_out)


def _summary(incident: Incident, actions: list[DoneAction]) -> list[SummaryRow]:
    rows = [
        SummaryRow(
            label=str(Workload(count["workload"]).label),
            icon=_WORKLOAD_ICONS[Workload(count["workload"])],
            is_team=False,
            count=count["count"],
            first_at=count["first_at"],
            last_at=count["last_at"],
        )
        for count in attacker_counts(incident)
    ]
    rows.sort(key=lambda row: row.first_at)
    if actions:
        times = [action.at for action in actions]
        team = SummaryRow(
            label="Remediation",
            icon="shield-check",
            is_team=True,
            count=len(actions),
            first_at=min(times),
            last_at=max(times),
        )
        rows.append(team)
    return rows


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
