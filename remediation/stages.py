"""Advances many generators of requests together: one set of requests to Microsoft a stage, however many actions."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import structlog

from graph import GraphClient, GraphError, Request, Response
from remediation.actions.base import Stages

T = TypeVar("T")
logger = structlog.get_logger(__name__)


def unattended() -> None:
    """The pulse of work that holds no lease."""


def advance(
    client: GraphClient, stages: Sequence[Stages[T]], *, pulse: Callable[[], None] = unattended
) -> list[T | Exception]:
    """Drive all to their end. The result of each is what it returned, or the exception that it ended with.

    `pulse` keeps the caller's lease alive: see `GraphClient.send_all`. What it raises ends it all.
    """
    drive = _Drive(stages)
    while drive.waiting:
        asked = [request for requests in drive.waiting.values() for request in requests]
        answers = iter(client.send_all(asked, pulse=pulse))
        for position, requests in list(drive.waiting.items()):
            drive.feed(position, [next(answers) for _ in requests])
    return drive.results


class _Drive:
    """The generators that still wait for answers, and the results of those that do not."""

    def __init__(self, stages: Sequence[Stages[Any]]) -> None:
        self._stages = stages
        self.results: list[Any] = [None] * len(stages)
        self.waiting: dict[int, Sequence[Request]] = {}
        for position, stage in enumerate(stages):
            self._step(position, stage.__next__)

    def feed(self, position: int, answers: list[Response]) -> None:
        stage = self._stages[position]
        self._step(position, lambda: stage.send(answers))

    def _step(self, position: int, go: Callable[[], Sequence[Request]]) -> None:
        try:
            self.waiting[position] = go()
        except StopIteration as end:
            self._end(position, end.value)
        except GraphError as error:
            self._end(position, error)
        except Exception as error:  # an action of ours broke: that run fails, the others go on
            logger.exception("action_broke", action=str(self._stages[position]))
            self._end(position, error)

    def _end(self, position: int, result: Any) -> None:
        self.waiting.pop(position, None)
        self.results[position] = result
