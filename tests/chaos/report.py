"""What a run prints: the counts, and what does not hold."""

from collections import Counter
from collections.abc import Iterator, Mapping

from tests.chaos.effects import repeats, trace
from tests.chaos.evidence import Evidence


def lines(seen: Evidence, findings: Mapping[str, list[str]]) -> Iterator[str]:
    """The report, line by line."""
    counts = seen.counts
    yield f"{'seed':<28}{counts['seed']}"
    yield f"{'ran on':<28}{counts['on']}"
    yield f"{'seconds':<28}{counts['seconds']:.0f}"
    yield from _counted("workers killed", Counter(kill.point for kill in seen.kills))
    yield from _counted("workers held up", Counter(stall.point for stall in seen.stalls))
    yield f"{'sets found taken over':<28}{len(seen.late)}"
    yield from _counted("answers spoiled", counts["weather"])
    yield f"{'  of all answers':<28}{counts['spoiled']:.0%}"
    yield f"{'longest sending, seconds':<28}{counts['longest sending']:.1f}"
    for name in ("messages doubled", "forms posted twice", "queue emptied", "database restarted"):
        yield f"{name:<28}{counts[name]}"
    yield from _counted("action runs", Counter(run.state for run in seen.runs))
    yield f"{'attempts':<28}{len(seen.attempts)} ({sum(each.is_open for each in seen.attempts)} without an end)"
    yield f"{'searches':<28}{len(seen.searches)}"
    yield from _counted("effects in the cloud", Counter(each.run.action for each in trace(seen)))
    yield from _counted("repeated writes", Counter(excuse or "WITHOUT EXCUSE" for _, _, excuse in repeats(seen)))
    yield f"{'audit rows':<28}{len(seen.audit)}"
    for name, words in findings.items():
        yield ""
        yield f"DOES NOT HOLD: {name.replace('_', ' ')} ({len(words)})"
        yield from (f"  {each}" for each in words[:20])
    yield ""
    yield "All holds." if not findings else f"{sum(map(len, findings.values()))} things do not hold."


def _counted(name: str, found: Mapping[str, int]) -> Iterator[str]:
    yield f"{name:<28}{sum(found.values())}"
    for key, count in sorted(found.items(), key=lambda item: (-item[1], item[0])):
        yield f"  {key:<26}{count}"
