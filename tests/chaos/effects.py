"""Each effect once: every write that happened in the cloud is traced to the attempt that sent it.

The id that the client gives each request leads from the cloud's log to the worker's diary, and the diary to the attempt.
Whether the request was one that the attempt's run may send, is told by its fingerprint.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.chaos.evidence import Attempt, Effect, Evidence, Run, Sent

LOST = "its answer was lost or spoiled"
KILLED = "its worker was killed before it could record it"
OUTAGE = "the database was away when it should have been recorded"
# What Petra asks of Microsoft beside the steps: a search in the audit log is begun with a POST.
ASKING = "/security/auditLog/queries"


@dataclass(frozen=True, slots=True)
class Traced:
    """An effect, the request it came from, and the try that sent it."""

    effect: Effect
    sent: Sent
    attempt: Attempt
    run: Run


def effects_once(seen: Evidence) -> Iterator[str]:
    """An attempt's write is followed by the same write of the same run only where the first one is excused."""
    for earlier, later, excuse in repeats(seen):
        if not excuse:
            yield (
                f"Run {later.run.id} ({later.run.action}, {later.run.town}) did it twice: {later.effect.what}, "
                f"in the attempts {earlier.attempt.id} and {later.attempt.id}."
            )
    yield from _done_without_effect(seen)
    yield from _done_again(seen)


def nothing_unordered(seen: Evidence) -> Iterator[str]:
    """Every effect is one that its run is for; a worker noted each request before it was sent."""
    traced = {each.effect.id for each in trace(seen)}
    for effect in seen.effects:
        if effect.id not in traced and ASKING not in effect.what:
            yield f"Nobody ordered this: {effect.what} (log line {effect.id})."


def trace(seen: Evidence) -> list[Traced]:
    """All effects that can be traced to a run."""
    sent = {each.client_request_id: each for each in seen.sent}
    runs = {run.id: run for run in seen.runs}
    attempts = {attempt.id: attempt for attempt in seen.attempts}
    traced = []
    for effect in sorted(seen.effects, key=lambda effect: effect.id):
        request = sent.get(effect.client_request_id)
        attempt = attempts.get(request.attempt) if request and request.attempt else None
        if request and attempt and request.fingerprint in runs[attempt.run].requests.get(attempt.kind, ()):
            traced.append(Traced(effect, request, attempt, runs[attempt.run]))
    return traced


def repeats(seen: Evidence) -> list[tuple[Traced, Traced, str]]:
    """Writes of one run, of one kind, that happened more than once: the earlier, the later, and the excuse or ""."""
    groups: dict[tuple[int, str, str], list[Traced]] = defaultdict(list)
    for each in trace(seen):
        groups[each.run.id, each.attempt.kind, each.sent.fingerprint].append(each)
    killed = frozenset(fence for kill in seen.kills for fence in kill.fences)
    pairs = []
    for group in groups.values():
        group.sort(key=lambda each: (each.attempt.id, each.effect.id))
        for earlier, later in pairwise(group):
            pairs.append((earlier, later, _excuse(seen, killed, earlier, later)))
    return pairs


def _excuse(seen: Evidence, killed: frozenset[str], earlier: Traced, later: Traced) -> str:
    """Why the earlier one may be followed by a second; "" when nothing excuses it."""
    status = earlier.sent.status
    if status is not None and not 200 <= status < 300:
        return LOST
    if not earlier.attempt.is_open:
        return ""  # it was answered, and recorded
    if earlier.attempt.fence in killed:
        return KILLED
    span = (earlier.attempt.started_at, later.attempt.started_at)
    if any(span[0] <= outage.ended and outage.began <= span[1] for outage in seen.outages):
        return OUTAGE
    return ""


def _done_without_effect(seen: Evidence) -> Iterator[str]:
    """What is called done was done by an effect that the cloud knows of."""
    kinds: dict[int, set[str]] = defaultdict(set)
    for each in trace(seen):
        kinds[each.run.id].add(each.attempt.kind)
    for run in seen.runs:
        missing = {"succeeded": {"apply"}, "undone": {"apply", "undo"}}.get(run.state, set()) - kinds[run.id]
        if missing:
            yield f"Run {run.id} ({run.action}, {run.town}) is {run.state} without an effect: {', '.join(missing)}."


# Another run may do the same thing again only after one of these took it back; "again" is pressed for these alone.
TAKEN_BACK = {"lock_account": "enable_account", "enable_account": "lock_account"}
ON_PURPOSE = {"reset_password", "revoke_sessions"}


def _done_again(seen: Evidence) -> Iterator[str]:
    """Two runs of one action on one target did it, and nothing was taken back in between."""
    done: dict[tuple[int, str, str], list[Run]] = defaultdict(list)
    for run in sorted(seen.runs, key=lambda run: run.id):
        if run.state == "succeeded" and run.action not in ON_PURPOSE:
            done[run.incident, run.action, run.target_key].append(run)
    for (incident, action, _), runs in done.items():
        opposites = _done_ids(seen.runs, incident, TAKEN_BACK.get(action, ""))
        for first, second in pairwise(runs):
            if not any(first.id < each < second.id for each in opposites):
                yield f"Runs {first.id} and {second.id} both did {action} on the same target ({first.town})."


def _done_ids(runs: Sequence[Run], incident: int, action: str) -> list[int]:
    return [run.id for run in runs if run.incident == incident and run.action == action and run.state == "succeeded"]
