"""How signs are weighed, and what the attacker was seen doing."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from remediation.actions.finding import AttackerAct, FindScope

WEAK, STRONG = 1, 2
ENOUGH = 2  # of the sum of weights

T = TypeVar("T")
# A table of signs: the weight, and a function that returns the reason in words, or "" where the sign is not there.
Table = Sequence[tuple[int, Callable[[T, FindScope], str]]]


@dataclass(frozen=True, slots=True)
class Grounds:
    """The signs found on one thing, and whether they are enough."""

    reasons: tuple[str, ...] = ()
    weight: int = 0

    @property
    def are_enough(self) -> bool:
        return self.weight >= ENOUGH


def weigh(thing: T, scope: FindScope, table: Table[T]) -> Grounds:
    """Hold a thing against each sign of a table."""
    found = [(weight, words) for weight, sign in table if (words := sign(thing, scope))]
    return Grounds(tuple(words for _, words in found), sum(weight for weight, _ in found))


def written(at: datetime) -> str:
    """A moment as it is written on the screen, in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def acts_on(scope: FindScope, operations: Iterable[str], names: Iterable[str]) -> list[AttackerAct]:
    r"""The attacker's log rows of these operations that name one of these things.

    Exchange writes a rule as "mailbox\name"; a row that says only what was done, and to nothing, is no ground.
    """
    known = _known(names)
    return [act for act in acts_of(scope, operations) if _bare(act.item) in known or _bare_rule(act.item) in known]


def acts_giving(scope: FindScope, operations: Iterable[str], values: Iterable[str]) -> list[AttackerAct]:
    """The attacker's log rows of these cmdlets that were given one of these values, or were done to it.

    Such a row names the parameters: "User bob@tiny.example, AccessRights FullAccess".
    """
    known = _known(values)
    return [act for act in acts_of(scope, operations) if not known.isdisjoint(_values(act.item))]


def _known(names: Iterable[str]) -> set[str]:
    return {_bare(name) for name in names} - {""}


def _bare(text: str) -> str:
    return text.strip().casefold()


def _bare_rule(item: str) -> str:
    return _bare(item.rpartition("\\")[2])


def _values(item: str) -> set[str]:
    parameters = item.split(", ")
    return {_bare(item), *(_bare(each) for each in parameters), *(_bare(each.partition(" ")[2]) for each in parameters)}


def acts_of(scope: FindScope, operations: Iterable[str]) -> list[AttackerAct]:
    """The attacker's log rows of these operations, whatever they were done to."""
    wanted = {_operation(name) for name in operations}
    return [act for act in scope.attacker_acts if _operation(act.operation) in wanted]


def _operation(name: str) -> str:
    """Microsoft ends some operations with a full stop or a space, and writes dashes of several lengths."""
    return re.sub(r"[\W_]+", " ", name).strip().casefold()


def act_in_words(verb: str, acts: Sequence[AttackerAct]) -> str:
    """Say "Made by the attacker on 2026-03-01 10:03 UTC from 203.0.113.7", or "" when there was no such act."""
    if not acts:
        return ""
    source = f" from {acts[0].ip_address}" if acts[0].ip_address else ""
    return f"{verb} by the attacker on {written(acts[0].at)}{source}"


def during_attack(verb: str, at: datetime | None, scope: FindScope) -> str:
    """Say "Created on 2026-03-01 10:03 UTC, during the attack", or "" when it was not, or nobody knows."""
    if at is None or not scope.is_inside_window(at):
        return ""
    return f"{verb} on {written(at)}, during the attack"
