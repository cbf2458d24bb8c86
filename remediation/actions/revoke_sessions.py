"""End all sessions: refresh tokens and browser cookies die, access tokens already issued live out their hour."""

from collections.abc import Sequence
from datetime import datetime

from graph import users
from remediation.actions.accounts import read_accounts
from remediation.actions.base import CLOCK_TOLERANCE, Action, Reading, Stages, State, Target, ask, moment


class RevokeSessions(Action):
    key = "revoke_sessions"
    title = "End all sessions"
    done = "Sessions ended"
    undo_note = "Ended sessions cannot be brought back: the person signs in again."
    identity = ("user_id",)
    can_repeat = True
    in_doubt_again = True  # sessions that began since an earlier revoke have to end, too
    permissions = ("User.RevokeSessions.All",)
    reads_first = False

    def read(self, targets: Sequence[Target]) -> Stages[list[Reading]]:
        return read_accounts(targets)

    def is_done(self, state: State, *, target: Target, since: datetime, before: State | None = None) -> bool:
        valid_from = moment(state.get("signInSessionsValidFromDateTime"))
        if valid_from is None or valid_from < since - CLOCK_TOLERANCE:
            return False
        # What was so before, by step 1 a minute ago for one, ended no session that began since.
        return valid_from != moment((before or {}).get("signInSessionsValidFromDateTime"))

    def apply(self, target: Target, before: State | None) -> Stages[State]:
        yield from ask(users.revoke_sessions(target["user_id"]))
        return {}
