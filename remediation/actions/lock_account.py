"""Block sign-in: the first half of the strike."""

from collections.abc import Sequence
from datetime import datetime

from graph import users
from remediation.actions.accounts import read_accounts
from remediation.actions.base import Action, Reading, Stages, State, Target, ask


class LockAccount(Action):
    key = "lock_account"
    title = "Block sign-in"
    done = "Sign-in blocked"
    undone = "Sign-in allowed again"
    identity = ("user_id",)
    can_repeat = True
    counters = frozenset({"enable_account"})
    permissions = ("User.EnableDisableAccount.All", "User.Read.All")
    reads_first = False  # the strike waits for nobody; disabling twice does no harm

    def read(self, targets: Sequence[Target]) -> Stages[list[Reading]]:
        return read_accounts(targets)

    def is_done(self, state: State, *, target: Target, since: datetime, before: State | None = None) -> bool:
        return state.get("accountEnabled") is False

    def apply(self, target: Target, before: State | None) -> Stages[State]:
        yield from ask(users.disable(target["user_id"]))
        return {"accountEnabled": False}

    def undo(self, target: Target, before: State, after: State) -> Stages[State]:
        yield from ask(users.enable(target["user_id"]))
        return {"accountEnabled": True}

    def is_undone(self, state: State, *, target: Target, before: State) -> bool:
        return state.get("accountEnabled") is True
