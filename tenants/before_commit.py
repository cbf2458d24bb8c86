"""The last thing that a transaction does. Django has a hook for what comes after the commit, and none for before.

What is locked here is locked last, whatever the code before has locked, and only for as long as the commit takes.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

LastAct = Callable[[list[Any]], None]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Waits among Django's hooks, which forget it when its savepoint is rolled back."""

    act: LastAct
    item: Any

    def __call__(self) -> None:
        """Only where the database is not one of petra.database, which takes these out before the commit."""
        raise RuntimeError("This database runs nothing before a commit. Name one of petra.database as its ENGINE.")


def before_commit(act: LastAct, item: Any) -> None:
    """Have `act` called once at the end of this transaction, with all items that were given for it, in their order.

    It does its work in the transaction; when it raises, all of it is rolled back. Outside of a transaction it is
    called at once.
    """
    with transaction.atomic(savepoint=False):
        transaction.on_commit(_Waiting(act, item))


def run_last_acts(connection: BaseDatabaseWrapper) -> None:
    """Do what waits for the end of the transaction that is open in this connection."""
    hooks = connection.run_on_commit
    items: dict[LastAct, list[Any]] = defaultdict(list)
    for hook in hooks:
        if isinstance(hook[1], _Waiting):
            items[hook[1].act].append(hook[1].item)
    connection.run_on_commit = [hook for hook in hooks if not isinstance(hook[1], _Waiting)]
    for act, given in items.items():
        act(given)


class LastActsMixin(BaseDatabaseWrapper):
    """For a database backend."""

    def commit(self) -> None:
        try:
            run_last_acts(self)
        except BaseException:
            self.rollback()
            raise
        super().commit()
