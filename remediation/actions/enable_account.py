"""Allow sign-in again, when the attacker is out."""

from collections.abc import Sequence
from datetime import datetime

from graph import users
from remediation.actions.accounts import read_accounts
from remediation.actions.base import Action, Reading, Stages, State, Target, ask


class EnableAccount(Action):
    key = "enable_account"
    title = "Allow sign-in"
    done = "Sign-in allowed"
    undone = "Sign-in blocked again"
    identity = ("user_id",)
    can_repeat = True
    permissions = ("User.EnableDisableAccount.All", "User.Read.All")
    counters = frozenset({"lock_account", "revoke_sessions"})

    def read(self, targets: Sequence[Target]) -> Stages[list[Reading]]:
        return read_accounts(targets)

    def is_done(self, state: State, *, target: Target, since: datetime, before: State | None = None) -> bool:
        return state.get("accountEnabled") is True

    def apply(self, target: Target, before: State | None) -> Stages[State]:
        yield from ask(users.enable(target["user_id"]))
        return {"accountEnabled": True}

    def undo(self, target: Target, before: State, after: State) -> Stages[State]:
        yield from ask(users.disable(target["user_id"]))
        return {"accountEnabled": False}

    def is_undone(self, state: State, *, target: Target, before: State) -> bool:
        return state.get("accountEnabled") is False
