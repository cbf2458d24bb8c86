"""The verdict on a run: what must hold afterwards, each in a function of its own that yields what does not.

Nothing here asks Petra whether Petra is right: its rows are held against the database's own history, the cloud's log
and true state, and what the workers wrote down before they died.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from remediation.enums import RUN_TRANSITIONS, RunState
from tests.chaos.effects import effects_once, nothing_unordered
from tests.chaos.evidence import Change, Evidence, Row, Run
from tests.chaos.truth import honest_mail_is_untouched, nothing_is_there_twice, says_what_is_true

ENDED = {"succeeded", "failed", "skipped", "errored", "canceled", "undone", "undo_failed"}
NEEDS_REASON = {"failed", "errored", "undo_failed"}
# How the audit trail tells of each end: the outcome, and the words that only this end has.
TOLD: dict[str, tuple[str, str]] = {
    "succeeded": ("done", ""),
    "skipped": ("done", "it was so already"),
    "undone": ("done", ""),
    "canceled": ("done", "Canceled: "),
    "failed": ("failed", "Failed: "),
    "errored": ("failed", "Failed: "),
    "undo_failed": ("failed", "Undo failed: "),
}
SECOND = 1.0  # clocks of one machine, read at two places


def every_run_ended(seen: Evidence) -> Iterator[str]:
    """Succeeded, failed with its reason, or skipped (or taken back)."""
    for run in seen.runs:
        if run.state not in ENDED:
            yield f"{_name(run)} is {run.state}."
        elif run.state in NEEDS_REASON and not run.message.strip():
            yield f"{_name(run)} is {run.state} and does not say why."
        if run.state in ("succeeded", "undone") and not run.is_verified and not run.message.strip():
            yield f"{_name(run)} was never read back, and nobody is told."


def nothing_is_stuck(seen: Evidence) -> Iterator[str]:
    """No lease, no reading back that is overdue, no search that waits, no order that is open."""
    yield from (f"{_name(run)} still has a lease." for run in seen.runs if run.has_lease)
    yield from (f"{_name(run)} still waits to be read back." for run in seen.runs if run.is_verification_due)
    for search in seen.searches:
        if search.state not in ("complete", "failed") or search.has_lease:
            yield f"Search {search.id} is {search.state}{', and has a lease' if search.has_lease else ''}."
    yield from (f"Order {order.id} is {order.state}." for order in seen.orders if order.state != "finished")
    for incident, is_remediated in seen.remediated.items():
        if not is_remediated:
            yield f"Incident {incident} was not marked as remediated."
    yield from seen.surprises


def only_the_dead_left_attempts_open(seen: Evidence) -> Iterator[str]:
    """An attempt without an end is one whose worker was killed or came late, or whose database was away."""
    excused = (
        {fence for kill in seen.kills for fence in kill.fences} | {stall.fence for stall in seen.stalls} | seen.late
    )
    taken_over = {(c.run, c.old_fence): c.at for c in seen.history if c.old_fence and c.old in ("running", "undoing")}
    for attempt in seen.attempts:
        if not attempt.is_open or attempt.fence in excused:
            continue
        until = taken_over.get((attempt.run, attempt.fence), attempt.started_at)
        if not any(attempt.started_at <= outage.ended and outage.began <= until for outage in seen.outages):
            yield f"Attempt {attempt.id} of run {attempt.run} has no end, and its worker was not killed."


def transitions_are_legal(seen: Evidence) -> Iterator[str]:
    """Only arrows of the table; and a set that is taken over was free, or its lease had run out."""
    for change in seen.history:
        if change.new != change.old and RunState(change.new) not in RUN_TRANSITIONS[RunState(change.old)]:
            yield f"Run {change.run} went from {change.old} to {change.new}."
        if _is_stolen(change):
            yield f"Run {change.run} was claimed while another worker held it."


def _is_stolen(change: Change) -> bool:
    is_claim = change.new_fence != change.old_fence
    return is_claim and change.old_lease is not None and change.old_lease > change.at + SECOND


def audit_has_no_gap(seen: Evidence) -> Iterator[str]:
    """Each end of a run has its row, in order, and no row tells of an end that was none."""
    ends: dict[int, list[str]] = defaultdict(list)
    for change in sorted(seen.history, key=lambda change: change.id):
        if change.new in ENDED and change.new != change.old:
            ends[change.run].append(change.new)
    told: dict[int, list[Row]] = defaultdict(list)
    for row in sorted(seen.audit, key=lambda row: row.id):
        if row.object_type == "action_run" and row.verb != "reveal_password":
            told[int(row.object_id)].append(row)
    for run in sorted(ends.keys() | told.keys()):
        yield from _untold(run, ends[run], told[run])


def _untold(run: int, ends: list[str], rows: list[Row]) -> Iterator[str]:
    if len(ends) != len(rows):
        yield f"Run {run} ended {len(ends)} times ({', '.join(ends)}), the audit trail tells of {len(rows)}."
        return
    for end, row in zip(ends, rows, strict=True):
        outcome, words = TOLD[end]
        if row.outcome != outcome or words not in row.summary:
            yield f"Run {run} ended as {end}, the audit trail says: {row.outcome}, {row.summary}."


def every_act_is_told_once(seen: Evidence) -> Iterator[str]:
    """Each press has one row; Retry and Undo tell of just as many runs as went that way; step 6 stands there too."""
    pressed = Counter(int(row.object_id) for row in seen.audit if row.verb == "press_step")
    for order in seen.orders:
        if pressed[order.id] != 1:
            yield f"Order {order.id} has {pressed[order.id]} rows about its press."
    yield from (f"A press of order {order} is told, and there is none." for order in pressed.keys() - _ids(seen))
    incident_of = {run.id: run.incident for run in seen.runs}
    for verb, sources, to in (("retry_failed", ("failed", "errored"), "queued"), ("undo", UNDOABLE, "undoing")):
        arrows = [c for c in seen.history if c.old in sources and c.new == to]
        went = Counter(incident_of[change.run] for change in arrows)
        told = Counter[int]()
        for row in seen.audit:
            if row.verb == verb:
                told[row.incident] += sum(int(number) for number in re.findall(r"\((\d+)\)", row.summary))
        for incident in went.keys() | told.keys():
            if went[incident] != told[incident]:
                yield f"{verb}: {went[incident]} runs of incident {incident} went, {told[incident]} are told of."
    yield from _closings(seen)


UNDOABLE = ("succeeded", "undo_failed")


def _ids(seen: Evidence) -> set[int]:
    return {order.id for order in seen.orders}


def _closings(seen: Evidence) -> Iterator[str]:
    """Marked as remediated once more than opened again."""
    rows = Counter((row.incident, row.verb) for row in seen.audit)
    for incident, is_remediated in seen.remediated.items():
        closed, opened = rows[incident, "mark_remediated"], rows[incident, "reopen_incident"]
        if closed - opened != int(is_remediated):
            yield f"Incident {incident} was closed {closed} times and opened again {opened} times."


def a_press_is_one_order(seen: Evidence) -> Iterator[str]:
    """One order a form at most, and none that nobody pressed for."""
    for key, count in Counter(order.key for order in seen.orders).items():
        if count != 1:
            yield f"The form {key} made {count} orders."
        if key not in seen.posted_keys:
            yield f"An order was made for the form {key}, which was never posted."


def every_planned_kill_happened(seen: Evidence) -> Iterator[str]:
    """Else the run proved less than it says."""
    killed = Counter((kill.point, kill.ordinal) for kill in seen.kills)
    for point, ordinal in sorted(seen.planned_kills - killed.keys()):
        yield f"No worker was killed at {point}, number {ordinal}: the run was too short."
    for (point, ordinal), count in killed.items():
        if count > 1 or (point, ordinal) not in seen.planned_kills:
            yield f"{count} workers were killed at {point}, number {ordinal}; planned was another."


CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    every_planned_kill_happened,
    every_run_ended,
    nothing_is_stuck,
    only_the_dead_left_attempts_open,
    transitions_are_legal,
    effects_once,
    nothing_unordered,
    audit_has_no_gap,
    every_act_is_told_once,
    a_press_is_one_order,
    says_what_is_true,
    nothing_is_there_twice,
    honest_mail_is_untouched,
)


def judge(seen: Evidence) -> dict[str, list[str]]:
    """What does not hold, by the name of the check; empty when all is well."""
    found = {check.__name__: list(check(seen)) for check in CHECKS}
    return {name: words for name, words in found.items() if words}


def _name(run: Run) -> str:
    return f"Run {run.id} ({run.action}, {run.town})"
