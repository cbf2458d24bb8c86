"""The picture of the timeline: a lane for each service, drawn on the server as SVG. Each mark is a link to its stretch
of time, so the picture is zoomed by pressing it, with or without a mouse.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from incidents.enums import Workload
from incidents.extensions import DoneAction
from incidents.models import Incident
from incidents.selectors.logs import Span
from incidents.selectors.timeline import bucket_counts

BUCKETS = 60
LEFT, WIDTH, LANE, TOP = 116, 1000, 30, 8  # units of the drawing
MARK_HEIGHT = LANE - 8
TEAM = "Remediation"
SHORTEST = timedelta(seconds=BUCKETS)  # a bucket is a second at least
STEPS = tuple(
    timedelta(seconds=seconds)
    for seconds in (10, 30, 60, 300, 900, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000)
)
MOST_TICKS = 8
ANCHORED = 40  # units; half a label


@dataclass(frozen=True, slots=True)
class Mark:
    """What happened in one lane in one stretch of time. `x`, `y`, `width`, `height` are units of the drawing."""

    x: float
    y: float
    width: float
    height: float
    name: str
    url: str
    is_team: bool


@dataclass(frozen=True, slots=True)
class Lane:
    label: str
    y: float
    marks: list[Mark]

    @property
    def middle(self) -> float:
        return self.y + LANE / 2


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    label: str

    @property
    def anchor(self) -> str:
        """How its label stands to it: one at the end would be cut off in the middle."""
        return "end" if self.x > WIDTH - ANCHORED else "middle"


@dataclass(frozen=True, slots=True)
class Picture:
    """The drawing is `width` by `height` units."""

    lanes: list[Lane]
    ticks: list[Tick]
    span: Span
    width: int
    height: int
    left: int
    base: float


UrlFor = Callable[[Span], str]


def picture_of(
    incident: Incident,
    actions: Iterable[DoneAction],
    span: Span,
    url_for: UrlFor,
    keep: Collection[str] = (),
) -> Picture:
    """Draw a stretch of time: one query. `url_for` gives the address of a shorter one. Lanes whose labels are in `keep`
    are drawn also where nothing is in them, so that the picture stays as high when one looks closer.
    """
    edges = _edges(span)
    counts = bucket_counts(incident, edges)
    lanes: list[Lane] = []
    for workload in Workload:
        own = {bucket: count for (name, bucket), count in counts.items() if name == workload}
        if own or workload.label in keep:
            lanes.append(_lane(str(workload.label), len(lanes), own, edges, url_for))
    done = _team(actions, edges)
    if done or TEAM in keep:
        lanes.append(_lane(TEAM, len(lanes), done, edges, url_for, is_team=True))
    base = TOP + LANE * len(lanes)
    return Picture(lanes, _ticks(span), span, WIDTH, int(base) + 22, LEFT, base)


def whole_span(first: datetime, last: datetime) -> Span:
    """The stretch that has both, with a second to spare."""
    return Span(first.replace(microsecond=0), max(last, first + SHORTEST) + timedelta(seconds=1))


def _edges(span: Span) -> list[datetime]:
    step = (span.end - span.begin) / BUCKETS
    return [span.begin + step * number for number in range(BUCKETS)] + [span.end]


def _team(actions: Iterable[DoneAction], edges: list[datetime]) -> dict[int, int]:
    within = (action.at for action in actions if edges[0] <= action.at < edges[-1])
    return Counter(bisect_right(edges, at) - 1 for at in within)


def _lane(
    label: str, number: int, counts: dict[int, int], edges: list[datetime], url_for: UrlFor, *, is_team: bool = False
) -> Lane:
    y, most = TOP + LANE * number, max(counts.values(), default=0)
    marks = [_mark(label, y, bucket, counts[bucket], most, edges, url_for, is_team) for bucket in sorted(counts)]
    return Lane(label, y, marks)


def _mark(  # noqa: PLR0913  # a drawing has many numbers
    label: str, y: float, bucket: int, count: int, most: int, edges: list[datetime], url_for: UrlFor, is_team: bool
) -> Mark:
    """Between a third and all of the lane's height, by how much happened."""
    width = (WIDTH - LEFT) / BUCKETS
    height = MARK_HEIGHT * (1 / 3 + 2 / 3 * count / most)
    stretch = Span(edges[bucket], edges[bucket + 1])
    return Mark(
        x=round(LEFT + width * bucket + 1, 1),
        y=round(y + (LANE - height) / 2, 1),
        width=round(width - 2, 1),
        height=round(height, 1),
        name=_name(label, count, stretch, is_team=is_team),
        url=url_for(stretch) if stretch.end - stretch.begin >= timedelta(seconds=2) else "",
        is_team=is_team,
    )


def _name(label: str, count: int, span: Span, *, is_team: bool) -> str:
    """For people who hear the picture: "Exchange, 26 Nov 14:00 to 14:10: 132 events of the attacker"."""
    begin, end = timezone.localtime(span.begin), timezone.localtime(span.end)
    until = f"{end:%H:%M:%S}" if begin.date() == end.date() else f"{end:%-d %b %H:%M:%S}"
    what = "act of the team" if is_team else "event of the attacker"
    if count != 1:
        what = what.replace(" of", "s of", 1)
    return f"{label}, {begin:%-d %b %H:%M:%S} to {until}: {count:,} {what}"


def _ticks(span: Span) -> list[Tick]:
    """At round times of the active zone, not more than are legible."""
    length = span.end - span.begin
    step = next((one for one in STEPS if length / one <= MOST_TICKS), length / MOST_TICKS)
    at = _first_tick(timezone.localtime(span.begin), step)
    ticks: list[Tick] = []
    while at < span.end and len(ticks) <= MOST_TICKS:
        x = LEFT + (WIDTH - LEFT) * ((at - span.begin) / length)
        ticks.append(Tick(round(x, 1), _tick_label(at, step, is_first=not ticks)))
        at += step
    return ticks


def _first_tick(begin: datetime, step: timedelta) -> datetime:
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    passed = begin - midnight
    return midnight + step * -(-passed // step)


def _tick_label(at: datetime, step: timedelta, *, is_first: bool) -> str:
    """The first one and midnight tell the day, too."""
    if step >= timedelta(days=1):
        return f"{at:%-d %b %Y}" if is_first else f"{at:%-d %b}"
    time = f"{at:%H:%M:%S}" if step < timedelta(minutes=1) else f"{at:%H:%M}"
    return f"{at:%-d %b} {time}" if is_first or (at.hour, at.minute, at.second) == (0, 0, 0) else time
