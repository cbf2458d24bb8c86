"""What cmdlets act on: finding a mailbox by any of its names, and how a cmdlet ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from graph.simulator.calls import Call
from graph.simulator.state import Query
from graph.simulator.users import User, find_user

Parameters = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a cmdlet gives back; nothing, for most that change something."""

    objects: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class CmdletFailed(Exception):
    """A cmdlet's own error: HTTP status, exception type and the sentence that people read."""

    def __init__(self, status: int, kind: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.kind = kind
        self.text = text


def missing(name: str) -> CmdletFailed:
    """404: no such object."""
    text = f"The operation couldn't be performed because object '{name}' couldn't be found on 'SIM01.PROD.OUTLOOK.COM'."
    return CmdletFailed(404, "ManagementObjectNotFoundException", text)


def required(parameters: Parameters, name: str) -> Any:
    """A parameter that has to be there. Raises CmdletFailed 400."""
    if parameters.get(name.lower()) in (None, ""):
        text = f"Cannot process command because of one or more missing mandatory parameters: {name}."
        raise CmdletFailed(400, "ParameterBindingException", text)
    return parameters[name.lower()]


def recipient(call: Call, name: str) -> User | None:
    """A user by id, user principal name, address, alias or display name."""
    found = find_user(call, name)
    if found is not None:
        return found
    where = (
        "json_extract(body, '$.mail') = ? COLLATE NOCASE OR json_extract(body, '$.displayName') = ? COLLATE NOCASE"
        " OR alias LIKE ? || '@%'"
    )
    users = call.store.rows(call.tenant, Query("users", where, (name, name, name), limit=1))
    return users[0] if users else None


def mailbox(call: Call, parameters: Parameters, name: str = "Identity") -> User:
    """The mailbox that a parameter names. Raises CmdletFailed 400 or 404."""
    wanted = str(required(parameters, name))
    user = recipient(call, wanted)
    if user is None or not user.get("_hasMailbox"):
        raise missing(wanted)
    return user


def alias_of(user: User) -> str:
    """The short name under which Exchange shows a mailbox's things."""
    return str(user.get("mailNickname") or user["userPrincipalName"].partition("@")[0])


def mailbox_state(call: Call, user: User) -> dict[str, Any]:
    """Forwarding, delegates and the rest of a mailbox; defaults where the world says nothing."""
    state = {
        "id": user["id"],
        "ForwardingSmtpAddress": None,
        "ForwardingAddress": None,
        "DeliverToMailboxAndForward": False,
        "GrantSendOnBehalfTo": [],
        "permissions": [],
        "recipientPermissions": [],
        "AuditEnabled": True,
    }
    return state | (call.store.one(call.tenant, "mailboxes", user["id"]) or {})
