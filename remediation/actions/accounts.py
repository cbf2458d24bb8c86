"""What the actions on an account share: how it is read, and what is kept of it."""

from collections.abc import Sequence
from typing import Any

from graph import users
from remediation.actions.base import Reading, Stages, State, Target, read_each

SEEN = (
    "id",
    "accountEnabled",
    "onPremisesSyncEnabled",
    "signInSessionsValidFromDateTime",
    "lastPasswordChangeDateTime",
)


def read_accounts(targets: Sequence[Target]) -> Stages[list[Reading]]:
    """The account of each target; all actions on one account share the read."""
    return read_each(targets, lambda target: users.get(target["user_id"], select=SEEN), _state)


def _state(_target: Target, body: Any) -> State:
    return {"exists": True, **{name: body.get(name) for name in SEEN[1:]}}
