"""Stop a mailbox from forwarding."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from graph import EXCHANGE_ADMIN, exchange
from remediation.actions.base import Action, Reading, Stages, State, Target, ask, read_each

SEEN = ("ForwardingSmtpAddress", "ForwardingAddress", "DeliverToMailboxAndForward")


class ClearForwarding(Action):
    key = "clear_forwarding"
    title = "Stop forwarding"
    done = "Forwarding stopped"
    undone = "Forwarding set again"
    identity = ("user_id",)
    permissions = ("Exchange.ManageAsApp",)

    def lane(self, target: Target) -> str:
        return EXCHANGE_ADMIN

    def read(self, targets: Sequence[Target]) -> Stages[list[Reading]]:
        return read_each(targets, lambda target: exchange.mailbox(target["mailbox"]), forwarding_state)

    def is_done(self, state: State, *, target: Target, since: datetime, before: State | None = None) -> bool:
        return not (state.get("ForwardingSmtpAddress") or state.get("ForwardingAddress"))

    def apply(self, target: Target, before: State | None) -> Stages[State]:
        yield from ask(exchange.clear_forwarding(target["mailbox"]))
        return dict.fromkeys(SEEN)

    def undo(self, target: Target, before: State, after: State) -> Stages[State]:
        smtp, address, deliver = (before.get(name) for name in SEEN)
        yield from ask(exchange.set_forwarding(target["mailbox"], smtp, address, bool(deliver)))
        return before

    def is_undone(self, state: State, *, target: Target, before: State) -> bool:
        return all(state.get(name) == before.get(name) for name in SEEN)


def forwarding_state(_target: Target, body: Any) -> State:
    """Where the mailbox of a Get-Mailbox answer forwards to."""
    rows = body.get("value") or [{}]
    return {"exists": True, **{name: rows[0].get(name) for name in SEEN}}
