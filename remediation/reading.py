"""Reading the present state of many targets at once: one read a mailbox or account, however many actions look at it."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from graph import GraphClient, GraphError, Inconclusive
from remediation.actions.base import Reading
from remediation.actions.registry import ACTIONS
from remediation.models import ActionRun
from remediation.stages import advance

BROKEN = "Petra made a mistake here; the trace is in the log. Nothing else is affected. Retry, or do it by hand."


def read_states(client: GraphClient, runs: Sequence[ActionRun], *, pulse: Callable[[], None]) -> dict[int, Reading]:
    """The present state of the targets, by run id; each action reads all of its targets together."""
    groups: dict[str, list[ActionRun]] = defaultdict(list)
    for run in runs:
        groups[run.action_key].append(run)
    reads = [ACTIONS[key].read([run.target for run in group]) for key, group in groups.items()]
    results = advance(client, reads, pulse=pulse)
    readings: dict[int, Reading] = {}
    for group, result in zip(groups.values(), results, strict=True):
        for position, run in enumerate(group):
            readings[run.pk] = result[position] if isinstance(result, list) else _as_error(result)
    return readings


def _as_error(error: Exception) -> GraphError:
    return error if isinstance(error, GraphError) else Inconclusive(message=BROKEN, code=type(error).__name__)
