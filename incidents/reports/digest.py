"""What happened, one line for what was done in one go, the attacker's events and the team's in one order."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.evidence.words import record_words
from incidents.extensions import DoneAction
from incidents.models import LogRecord

IN_ONE_GO = timedelta(minutes=30)  # between two events of the same kind that are told as one


@dataclass(slots=True)
class Line:
    """`more` counts the events of the same kind that came right after the first."""

    first_at: datetime
    last_at: datetime
    is_team: bool
    label: str
    words: str
    note: str
    kind: tuple[str, ...]
    more: int = 0
    verified: int = 0  # of the team's acts in it


def lines_of(records: Iterable[LogRecord], actions: Iterable[DoneAction]) -> list[Line]:
    """The lines of both, oldest first."""
    lines = [*joined(map(attacker_line, records)), *joined(map(team_line, actions))]
    return sorted(lines, key=lambda line: line.first_at)


def attacker_line(record: LogRecord) -> Line:
    """One event of the attacker."""
    place = " · ".join(part for part in (record.ip_address, record.network, record.country) if part)
    return Line(
        first_at=record.occurred_at,
        last_at=record.occurred_at,
        is_team=False,
        label=record.get_workload_display(),
        words=record_words(record),
        note=place,
        kind=(record.workload, record.operation, record.application, record.ip_address, str(record.is_success)),
    )


def team_line(action: DoneAction) -> Line:
    """One thing that the team did."""
    verb = action.words.partition(" – ")[0]
    return Line(
        first_at=action.at,
        last_at=action.at,
        is_team=True,
        label=f"Step {action.step}",
        words=action.words,
        note=f"by {action.by_name}",
        kind=(str(action.step), action.outcome, action.by_name, verb),
        verified=int(action.verified_at is not None),
    )


def joined(lines: Iterable[Line]) -> Iterator[Line]:
    """Lines of the same kind that follow one another closely, as one; other kinds in between do not part them."""
    open_lines: dict[tuple[str, ...], Line] = {}
    for line in lines:
        before = open_lines.get(line.kind)
        if before and line.first_at - before.last_at <= IN_ONE_GO:
            before.more += 1
            before.verified += line.verified
            before.last_at = line.first_at
            continue
        if before:
            yield before
        open_lines[line.kind] = line
    yield from open_lines.values()
