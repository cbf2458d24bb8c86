"""Take away another account's rights on a mailbox: FullAccess, SendAs or Send on Behalf."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from graph import EXCHANGE_ADMIN, Request, exchange
from remediation.actions.base import Action, Reading, Stages, State, Target, ask, read_each

FULL_ACCESS, SEND_AS, SEND_ON_BEHALF = "FullAccess", "SendAs", "SendOnBehalf"


class RemoveMailboxPermission(Action):
    key = "remove_mailbox_permission"
    title = "Take the permission away"
    done = "Permission taken away"
    undone = "Permission given again"
    identity = ("user_id", "right", "trustee")
    permissions = ("Exchange.ManageAsApp",)

    def lane(self, target: Target) -> str:
        return EXCHANGE_ADMIN

    def read(self, targets: Sequence[Target]) -> Stages[list[Reading]]:
        return read_each(targets, _list, _state)

    def is_done(self, state: State, *, target: Target, since: datetime, before: State | None = None) -> bool:
        return not state["exists"]

    def apply(self, target: Target, before: State | None) -> Stages[State]:
        yield from ask(_remove(target))
        return {"exists": False}

    def undo(self, target: Target, before: State, after: State) -> Stages[State]:
        yield from ask(_add(target))
        return {"exists": True}

    def is_undone(self, state: State, *, target: Target, before: State) -> bool:
        return bool(state["exists"])


def trustees(right: str, body: Any) -> list[str]:
    """Who holds `right`, from the answer of the cmdlet that lists it; the owner and inherited rights left out."""
    rows = body.get("value") or []
    if right == SEND_ON_BEHALF:
        return list((rows[0] if rows else {}).get("GrantSendOnBehalfTo") or [])
    name = "User" if right == FULL_ACCESS else "Trustee"
    return [
        row[name]
        for row in rows
        if right in row.get("AccessRights", [])
        and not row.get("IsInherited")
        and not row.get("Deny")
        and not row[name].upper().startswith("NT AUTHORITY\\")
    ]


def list_request(right: str, mailbox: str) -> Request:
    """The request that lists who holds a right on a mailbox."""
    match right:
        case "FullAccess":
            return exchange.mailbox_permissions(mailbox)
        case "SendAs":
            return exchange.recipient_permissions(mailbox)
        case _:
            return exchange.mailbox(mailbox)


def _list(target: Target) -> Request:
    return list_request(target["right"], target["mailbox"])


def _state(target: Target, body: Any) -> State:
    holders = {holder.casefold() for holder in trustees(target["right"], body)}
    return {"exists": target["trustee"].casefold() in holders}


def _remove(target: Target) -> Request:
    match target["right"]:
        case "FullAccess":
            return exchange.remove_mailbox_permission(target["mailbox"], target["trustee"])
        case "SendAs":
            return exchange.remove_recipient_permission(target["mailbox"], target["trustee"])
        case _:
            return exchange.set_send_on_behalf(target["mailbox"], remove=target["trustee"])


def _add(target: Target) -> Request:
    match target["right"]:
        case "FullAccess":
            return exchange.add_mailbox_permission(target["mailbox"], target["trustee"])
        case "SendAs":
            return exchange.add_recipient_permission(target["mailbox"], target["trustee"])
        case _:
            return exchange.set_send_on_behalf(target["mailbox"], add=target["trustee"])
