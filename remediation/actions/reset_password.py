"""Set a new password. It was made and stored before; what is sent here is only a reference to it."""

from collections.abc import Sequence
from datetime import datetime

from graph import SecretRef, users
from remediation.actions.accounts import read_accounts
from remediation.actions.base import CLOCK_TOLERANCE, Action, Reading, Stages, State, Target, ask, moment


class ResetPassword(Action):
    key = "reset_password"
    title = "Set a new password"
    done = "New password set"
    undo_note = "The old password cannot be brought back."
    identity = ("user_id",)
    can_repeat = True
    never_skips = True  # a password that somebody else has just set is not the one that was made here
    permissions = ("User-PasswordProfile.ReadWrite.All",)

    def read(self, targets: Sequence[Target]) -> Stages[list[Reading]]:
        return read_accounts(targets)

    def is_done(self, state: State, *, target: Target, since: datetime, before: State | None = None) -> bool:
        # An attacker can change a password too: only a change after our own first try counts as ours.
        changed_at = moment(state.get("lastPasswordChangeDateTime"))
        known = (target.get("password_changed_before"), (before or {}).get("lastPasswordChangeDateTime"))
        if changed_at is None or changed_at in [moment(text) for text in known]:
            return False
        return changed_at >= since - CLOCK_TOLERANCE

    def apply(self, target: Target, before: State | None) -> Stages[State]:
        password = SecretRef(target["secret"])
        yield from ask(users.set_password(target["user_id"], password, force_change=target["force_change"]))
        return {}
