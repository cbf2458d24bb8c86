"""What an action is: one thing that can be done to one target, and looked up, checked and undone.

Actions are pure. They yield Microsoft requests and receive the answers; who sends them, together with those of many
other actions, is the runner. So a preview can show precisely what will be sent, and a test needs no patching.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

from graph import DIRECTORY, GraphError, Inconclusive, NotFound, Request, Response

T = TypeVar("T")
Stages = Generator[Sequence[Request], Sequence[Response], T]  # yields a set of requests, receives their answers
Target = Mapping[str, Any]  # the ids that an action needs; plain JSON
State = dict[str, Any]  # what was read of a target; plain JSON. {"exists": False} when it is gone
Reading = State | GraphError
GONE: State = {"exists": False}

# Microsoft's clock and ours may differ by this much, when a moment of theirs is compared with one of ours.
CLOCK_TOLERANCE = timedelta(seconds=120)

# No honest answer has so many pages; a link that leads in a circle must not keep a worker busy.
MAX_PAGES = 50
TOO_LONG = f"The list has more than {MAX_PAGES} pages, so not all of it could be read."


class Action(ABC):
    """One kind of remediation. A subclass is a file of its own, listed in `registry.py`."""

    key: ClassVar[str]
    title: ClassVar[str]  # "Block sign-in": what it does, in the imperative
    done: ClassVar[str]  # "Sign-in blocked"
    undone: ClassVar[str] = ""  # "Sign-in allowed again"; empty: cannot be undone
    undo_note: ClassVar[str] = ""  # why there is no undo, or what comes back changed
    identity: ClassVar[tuple[str, ...]]  # the names in the target that tell one target from another
    permissions: ClassVar[tuple[str, ...]]  # application permissions it needs, for the docs and the connection page
    reads_first: ClassVar[bool] = True
    never_skips: ClassVar[bool] = False  # its first try always acts: what is so already is not our doing
    in_doubt_again: ClassVar[bool] = False  # where it may be somebody else's doing it is sent again, which does no harm
    can_repeat: ClassVar[bool] = False  # pressing again, on purpose, after it was done
    counters: ClassVar[frozenset[str]] = frozenset()  # actions that a later success of this one takes back

    @property
    def can_undo(self) -> bool:
        return bool(self.undone)

    def target_key(self, target: Target) -> str:
        """Digest that two targets share only when they are the same thing."""
        parts = [str(target[name]) for name in self.identity]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def lane(self, target: Target) -> str:
        """The lane its requests go through: what must not be asked too much at once."""
        return DIRECTORY

    @abstractmethod
    def read(self, targets: Sequence[Target]) -> Stages[list[Reading]]:
        """The present state of each target, or the error that kept it from being read."""

    @abstractmethod
    def is_done(self, state: State, *, target: Target, since: datetime, before: State | None = None) -> bool:
        """Whether the state shows the action as done.

        `since` is when it was first tried, `before` what was read then, where that is known.
        """

    @abstractmethod
    def apply(self, target: Target, before: State | None) -> Stages[State]:
        """Do it. Returns what is worth keeping of the state after.

        Raises:
            GraphError: what Microsoft, or the network, said.
        """

    def undo(self, target: Target, before: State, after: State) -> Stages[State]:
        """Take it back, to the state before. Only called where `can_undo`."""
        raise NotImplementedError

    def is_undone(self, state: State, *, target: Target, before: State) -> bool:
        """Whether the state is again as it was before."""
        raise NotImplementedError


def read_each(
    targets: Sequence[Target],
    request_of: Callable[[Target], Request],
    state_of: Callable[[Target, Any], State],
    *,
    gone_when_missing: bool = False,
) -> Stages[list[Reading]]:
    """Read targets with a request each. Equal requests are sent once, so targets of one mailbox share a read.

    `gone_when_missing` is for requests that ask for the target itself: only then does Microsoft's 404 mean that it is
    gone. Where a list is asked for, a 404 is about the mailbox or the account, and nothing is known of the target.
    """
    responses = yield from read_whole([request_of(target) for target in targets])
    return [
        dict(GONE)
        if gone_when_missing and isinstance(response.error, NotFound)
        else response.error or state_of(target, response.body)
        for target, response in zip(targets, responses, strict=True)
    ]


def read_whole(requests: Sequence[Request]) -> Stages[list[Response]]:
    """The answer to each request, a collection with the rows of all its pages; all are followed in step.

    A collection of which a page is missing has that page's error instead: it must not be taken for the whole.
    """
    answers = list((yield requests))
    following = {at: request for at, answer in enumerate(answers) if (request := answer.next_request)}
    for _ in range(MAX_PAGES - 1):
        if not following:
            break
        answered = yield list(following.values())
        pages = dict(zip(following, answered, strict=True))
        for at, page in pages.items():
            answers[at] = _with_page(answers[at], page)
        following = {at: request for at, page in pages.items() if (request := page.next_request)}
    for at in following:
        answers[at] = replace(answers[at], error=Inconclusive(message=TOO_LONG), body=None)
    return answers


def _with_page(whole: Response, page: Response) -> Response:
    if page.error is not None:
        return replace(whole, error=page.error, body=None)
    return replace(whole, body={**page.body, "value": [*whole.items(), *page.items()]})


def ask(request: Request) -> Stages[Any]:
    """Send one request and return its body.

    Raises:
        GraphError: when it did not succeed.
    """
    (response,) = yield [request]
    return response.require()


def all_rows(request: Request) -> Stages[list[dict[str, Any]]]:
    """All rows of a collection, page by page.

    Raises:
        GraphError: when a page cannot be had.
    """
    rows: list[dict[str, Any]] = []
    following: Request | None = request
    while following is not None:
        (response,) = yield [following]
        rows += response.items()
        following = response.next_request
    return rows


def moment(text: str | None) -> datetime | None:
    """A Graph date-time as an aware datetime."""
    return datetime.fromisoformat(text) if text else None
