"""The timeline: what the attacker did, by the logs, and what the team did, in one order."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from incidents import extensions
from incidents.contexts.sources import SourceNote, source_notes
from incidents.contexts.timeline_picture import TEAM as TEAM_LABEL
from incidents.contexts.timeline_picture import Picture, picture_of, whole_span
from incidents.enums import Workload
from incidents.evidence.words import record_icon, record_words
from incidents.extensions import DoneAction
from incidents.models import Incident, LogRecord
from incidents.selectors import Keyset, attacker_counts
from incidents.selectors.logs import Span
from incidents.selectors.timeline import TEAM, TimelineChoice, timeline_page

MODES = (("summary", "Summary"), ("full", "Full"))
LONGEST = 500  # of the attacker's events on one page
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Counts = list[dict[str, Any]]  # as `attacker_counts` gives them


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
    """A workload (or the team) with how many events, and from when to when. `url`: all of them."""

    key: str
    url: str
    label: str
    icon: str
    is_team: bool
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """Leads to another view of the timeline."""

    key: str
    label: str
    url: str
    is_current: bool
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineView:
    """`mode` is "summary" or "full"; `days` are filled for "full" only. `total` counts the events of the range and
    service, `left_out` those of them that stand on other pages. `gaps`: logs that were not collected, and why.
    """

    mode: str
    modes: list[Link]
    services: list[Link]  # for "full": all, and each that has events in the range
    ranges: list[Link]
    gaps: list[str]
    summary: list[SummaryRow]
    days: list[Day]
    total: int
    shown: int
    left_out: int
    picture: Picture | None
    span: Span | None  # what the range was narrowed to
    service: str
    url: str
    whole_url: str
    wider_url: str
    first_url: str  # empty on the first page
    next_url: str  # empty on the last page


_WORKLOAD_ICONS = {
    Workload.LOGINS: "login",
    Workload.EXCHANGE: "mail",
    Workload.SHAREPOINT: "file",
    Workload.TEAMS: "brand-teams",
    Workload.DIRECTORY: "users",
    Workload.OTHER: "file",
}
_TICKS = {"succeeded": "done", "skipped": "done", "undone": "waiting"}


def timeline_view(*, incident: Incident, choice: TimelineChoice) -> TimelineView:
    """The timeline of an incident, whose tenant's scope is open. Days are those of the active time zone."""
    every = extensions.remediation().actions_of([incident.pk])
    counts = attacker_counts(incident)
    attack = _attack(counts)
    whole = _whole(attack, every)
    span = choice.span or whole
    actions = [action for action in every if span is None or span.covers(action.at)]
    summary = _summary(incident, choice, actions, attacker_counts(incident, span) if choice.span else counts)
    total = sum(row.count for row in summary if choice.service in ("", row.key))
    events, following = _full(incident, choice, actions, span) if choice.mode == "full" else ([], None)
    url_for = partial(timeline_url, incident)
    return TimelineView(
        mode=choice.mode,
        modes=[_mode(choice, name, label, url_for) for name, label in MODES],
        services=_services(choice, summary, url_for) if choice.mode == "full" else [],
        ranges=_ranges(choice, attack, whole, url_for),
        gaps=[f"{one.label}: {one.words}" for one in source_notes(incident) if _is_gap(one)],
        summary=summary,
        days=_days(events),
        total=total,
        shown=len(events),
        left_out=total - len(events) if choice.mode == "full" else 0,
        picture=_picture(incident, choice, actions, span, keep=_lanes(counts, every)),
        span=choice.span,
        service=choice.service,
        url=url_for(choice),
        whole_url=url_for(_ranged(choice, None)),
        wider_url=url_for(_ranged(choice, _wider(choice.span, whole))) if choice.span and whole else "",
        first_url=url_for(replace(choice, after=None)) if choice.after else "",
        next_url=url_for(replace(choice, after=following)) if following else "",
    )


def timeline_url(incident: Incident, choice: TimelineChoice) -> str:
    """The address at which the timeline stands as chosen; times are in UTC."""
    query = {"timeline": choice.mode}
    if choice.span:
        query |= {"from": _told(choice.span.begin), "to": _told(choice.span.end)}
    if choice.service and choice.mode == "full":
        query["service"] = choice.service
    if choice.after and choice.mode == "full":
        query["after"] = str(choice.after)
    return f"{reverse('incidents:timeline', args=[incident.tenant.slug, incident.pk])}?{urlencode(query)}"


def _told(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _ranged(choice: TimelineChoice, span: Span | None) -> TimelineChoice:
    """The same of another stretch, from its beginning on."""
    return replace(choice, span=span, after=None)


def _picture(
    incident: Incident, choice: TimelineChoice, actions: list[DoneAction], span: Span | None, *, keep: set[str]
) -> Picture | None:
    def url_for(stretch: Span) -> str:
        return timeline_url(incident, _ranged(choice, stretch))

    return picture_of(incident, actions, span, url_for, keep) if span else None


def _lanes(counts: Counts, actions: list[DoneAction]) -> set[str]:
    return {str(Workload(count["workload"]).label) for count in counts} | ({TEAM_LABEL} if actions else set())


def _is_gap(note: SourceNote) -> bool:
    return note.tone != "done" and not note.complete_until


# --- Where one can go -------------------------------------------------------------------------------------------------
UrlFor = Callable[[TimelineChoice], str]


def _mode(choice: TimelineChoice, name: str, label: str, url_for: UrlFor) -> Link:
    return Link(name, label, url_for(replace(choice, mode=name, after=None)), choice.mode == name)


def _services(choice: TimelineChoice, summary: list[SummaryRow], url_for: UrlFor) -> list[Link]:
    total = sum(row.count for row in summary)
    every = Link("", "All", url_for(replace(choice, service="", after=None)), not choice.service, total)
    return [every, *(Link(row.key, row.label, row.url, choice.service == row.key, row.count) for row in summary)]


def _ranges(choice: TimelineChoice, attack: Span | None, whole: Span | None, url_for: UrlFor) -> list[Link]:
    """Stretches that are looked at often, as far as they are shorter than the whole."""
    if whole is None:
        return []
    begin, end = attack.begin if attack else whole.begin, whole.end
    spans = [
        ("attack", "Attack only", attack),
        ("hour", "First hour", Span(begin, begin + HOUR)),
        ("day", "First day", Span(begin, begin + DAY)),
        ("last", "Last day", Span(end - DAY, end)),
    ]
    length = whole.end - whole.begin
    return [
        Link(key, label, url_for(_ranged(choice, span)), choice.span == span)
        for key, label, span in spans
        if span and span.end - span.begin < length
    ]


def _attack(counts: Counts) -> Span | None:
    if not counts:
        return None
    return whole_span(min(count["first_at"] for count in counts), max(count["last_at"] for count in counts))


def _whole(attack: Span | None, actions: list[DoneAction]) -> Span | None:
    """The attack, and all that the team did."""
    if not actions:
        return attack
    first, last = min(action.at for action in actions), max(action.at for action in actions)
    team = whole_span(first, last)
    return Span(min(attack.begin, team.begin), max(attack.end, team.end)) if attack else team


def _wider(span: Span, whole: Span) -> Span | None:
    """Three times as long, as far as there is anything; None where that is all."""
    length = span.end - span.begin
    wider = Span(max(span.begin - length, whole.begin), min(span.end + length, whole.end))
    return None if wider == whole or wider.begin >= wider.end else wider


# --- What happened ----------------------------------------------------------------------------------------------------
def _full(
    incident: Incident, choice: TimelineChoice, actions: list[DoneAction], span: Span | None
) -> tuple[list[Event], Keyset | None]:
    """One page: the attacker's events, and what the team did from the page before to the last of them. And after
    which event the next page goes on.
    """
    records, following = timeline_page(incident, choice, span, size=LONGEST)
    begin, end = choice.after and choice.after.at, following and following.at
    events = [_attacker_event(record) for record in records]
    if choice.service in ("", TEAM):
        done = (one for one in actions if (not begin or one.at > begin) and (not end or one.at <= end))
        events += [_team_event(action) for action in done]
    events.sort(key=lambda event: event.at)
    return events, following


def _summary(incident: Incident, choice: TimelineChoice, actions: list[DoneAction], counts: Counts) -> list[SummaryRow]:
    def url(service: str) -> str:
        return timeline_url(incident, TimelineChoice("full", choice.span, service))

    rows = [
        SummaryRow(
            key=count["workload"],
            url=url(count["workload"]),
            label=str(Workload(count["workload"]).label),
            icon=_WORKLOAD_ICONS[Workload(count["workload"])],
            is_team=False,
            count=count["count"],
            first_at=count["first_at"],
            last_at=count["last_at"],
        )
        for count in counts
    ]
    rows.sort(key=lambda row: row.first_at)
    if actions:
        rows.append(_team_row(actions, url(TEAM)))
    return rows


def _team_row(actions: list[DoneAction], url: str) -> SummaryRow:
    times = [action.at for action in actions]
    return SummaryRow(
        key=TEAM,
        url=url,
        label=TEAM_LABEL,
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
