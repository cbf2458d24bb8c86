"""Mailboxes as Exchange shows and changes them: forwarding, delegates, Send As, Send on Behalf.

EXODOC Set-Mailbox, Add-/Remove-MailboxPermission, Add-/Remove-RecipientPermission.
"""

from __future__ import annotations

from typing import Any

from graph.simulator.audit_trail import record_mailbox_operation
from graph.simulator.calls import Call
from graph.simulator.exchange_targets import (
    CmdletFailed,
    Outcome,
    Parameters,
    alias_of,
    mailbox,
    mailbox_state,
    missing,
    recipient,
    required,
)
from graph.simulator.state import Query
from graph.simulator.users import User

_SETTABLE = {
    "forwardingsmtpaddress": "ForwardingSmtpAddress",
    "forwardingaddress": "ForwardingAddress",
    "delivertomailboxandforward": "DeliverToMailboxAndForward",
    "grantsendonbehalfto": "GrantSendOnBehalfTo",
    "auditenabled": "AuditEnabled",
    "hiddenfromaddresslistsenabled": "HiddenFromAddressListsEnabled",
    "litigationholdenabled": "LitigationHoldEnabled",
}
_SWITCHES = {"identity", "confirm", "force", "erroraction", "warningaction"}


def get_mailbox(call: Call, parameters: Parameters) -> Outcome:
    """Get-Mailbox: one by Identity, or all."""
    if parameters.get("identity"):
        return Outcome([_shown(call, mailbox(call, parameters))])
    with_mailbox = Query("users", "json_extract(body, '$._hasMailbox') = 1", limit=1000)
    return Outcome([_shown(call, user) for user in call.store.rows(call.tenant, with_mailbox)])


def _shown(call: Call, user: User) -> dict[str, Any]:
    state = mailbox_state(call, user)
    hidden = {"id", "permissions", "recipientPermissions"}
    address = user.get("mail") or user["userPrincipalName"]
    shown = {
        "Identity": user["displayName"],
        "Name": user["displayName"],
        "DisplayName": user["displayName"],
        "Alias": alias_of(user),
        "UserPrincipalName": user["userPrincipalName"],
        "PrimarySmtpAddress": address,
        "EmailAddresses": [f"SMTP:{address}"],
        "ExternalDirectoryObjectId": user["id"],
        "Guid": user["id"],
        "RecipientTypeDetails": "UserMailbox",
        "HiddenFromAddressListsEnabled": False,
        "LitigationHoldEnabled": False,
    }
    return shown | {name: value for name, value in state.items() if name not in hidden and name[0] != "_"}


def set_mailbox(call: Call, parameters: Parameters) -> Outcome:
    """Set-Mailbox. A null clears; GrantSendOnBehalfTo takes a list, or Add and Remove."""
    user = mailbox(call, parameters)
    state = mailbox_state(call, user)
    changes = {}
    for name, value in parameters.items():
        if name in _SWITCHES:
            continue
        if name not in _SETTABLE:
            text = f"A parameter cannot be found that matches parameter name '{name}'."
            raise CmdletFailed(400, "ParameterBindingException", text)
        changes[_SETTABLE[name]] = _value(call, state, name, value)
    _save(call, user, state | changes, "Set-Mailbox", changes)
    return Outcome()


def _value(call: Call, state: dict[str, Any], name: str, value: Any) -> Any:
    if name == "grantsendonbehalfto":
        return _changed_list(call, state["GrantSendOnBehalfTo"], value)
    if name == "forwardingaddress" and value and recipient(call, str(value)) is None:
        raise missing(str(value))
    if name == "forwardingsmtpaddress" and value:
        return value if str(value).lower().startswith("smtp:") else f"smtp:{value}"
    return value or None if name.startswith("forwarding") else value


def _changed_list(call: Call, present: list[str], value: Any) -> list[str]:
    if not isinstance(value, dict):
        return [_name(call, each) for each in (value or [])]
    given = {key.lower(): each for key, each in value.items() if not key.startswith("@")}
    removed = {_name(call, each).lower() for each in _list(given.get("remove"))}
    kept = [each for each in present if each.lower() not in removed and _name(call, each).lower() not in removed]
    names = {_name(call, each).lower() for each in kept}
    return kept + [_name(call, each) for each in _list(given.get("add")) if _name(call, each).lower() not in names]


def _list(value: Any) -> list[str]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _name(call: Call, given: str) -> str:
    """Delegates are kept under the recipient's name, however they were given. Raises CmdletFailed for a stranger."""
    user = recipient(call, given)
    if user is None:
        raise missing(given)
    return str(user["displayName"])


def _save(call: Call, user: User, state: dict[str, Any], cmdlet: str, parameters: dict[str, Any]) -> None:
    call.store.save(call.tenant, "mailboxes", state)
    named = {"Identity": user["userPrincipalName"], **parameters}
    details = {
        "ObjectId": alias_of(user),
        "ExternalAccess": False,
        "Parameters": [{"Name": name, "Value": "" if value is None else str(value)} for name, value in named.items()],
    }
    record_mailbox_operation(call, cmdlet, "exchangeAdmin", user, details)


def get_mailbox_permission(call: Call, parameters: Parameters) -> Outcome:
    """Get-MailboxPermission: who may open the mailbox."""
    user = mailbox(call, parameters)
    rows = mailbox_state(call, user)["permissions"]
    common = {"Identity": user["displayName"], "InheritanceType": "All", "IsInherited": False, "Deny": False}
    return Outcome([common | row for row in rows])


def get_recipient_permission(call: Call, parameters: Parameters) -> Outcome:
    """Get-RecipientPermission: who may send as the mailbox."""
    user = mailbox(call, parameters)
    rows = mailbox_state(call, user)["recipientPermissions"]
    common = {"Identity": user["displayName"], "AccessControlType": "Allow", "IsInherited": False}
    return Outcome([common | row for row in rows])


def _same(call: Call, one: str, other: str) -> bool:
    """Whether two names mean one person: an address here, a display name there."""
    if one.lower() == other.lower():
        return True
    first, second = recipient(call, one), recipient(call, other)
    return first is not None and second is not None and first["id"] == second["id"]


def _add(call: Call, parameters: Parameters, kind: tuple[str, str, str]) -> Outcome:
    """Give a right. ``kind``: key of the state, name of the person's parameter, cmdlet."""
    key, person, cmdlet = kind
    user, given = mailbox(call, parameters), str(required(parameters, person))
    rights = _list(required(parameters, "AccessRights"))
    if recipient(call, given) is None:
        raise missing(given)
    state = mailbox_state(call, user)
    rows = state[key]
    row = next((each for each in rows if _same(call, each[person], given)), None)
    if row is None:
        row = {person: given, "AccessRights": [], "IsInherited": False}
        rows.append(row | ({"Deny": False} if person == "User" else {}))
        row = rows[-1]
    row["AccessRights"] = [*row["AccessRights"], *(each for each in rights if each not in row["AccessRights"])]
    _save(call, user, state, cmdlet, {person: given, "AccessRights": ",".join(rights)})
    return Outcome([{"Identity": user["displayName"], **row}])


def _remove(call: Call, parameters: Parameters, kind: tuple[str, str, str]) -> Outcome:
    """Take a right away; taking what is not there is a warning, not an error."""
    key, person, cmdlet = kind
    user, given = mailbox(call, parameters), str(required(parameters, person))
    rights = {each.lower() for each in _list(required(parameters, "AccessRights"))}
    state = mailbox_state(call, user)
    row = next((each for each in state[key] if _same(call, each[person], given)), None)
    if row is None or rights.isdisjoint(each.lower() for each in row["AccessRights"]):
        text = (
            f'Can\'t remove the access control entry on the object "{user["displayName"]}" for account "{given}"'
            " because the ACE isn't present."
        )
        return Outcome(warnings=[text])
    row["AccessRights"] = [each for each in row["AccessRights"] if each.lower() not in rights]
    state[key] = [each for each in state[key] if each["AccessRights"]]
    _save(call, user, state, cmdlet, {person: given, "AccessRights": ",".join(sorted(rights))})
    return Outcome()


def add_mailbox_permission(call: Call, parameters: Parameters) -> Outcome:
    """Add-MailboxPermission: Identity, User, AccessRights."""
    return _add(call, parameters, ("permissions", "User", "Add-MailboxPermission"))


def remove_mailbox_permission(call: Call, parameters: Parameters) -> Outcome:
    """Remove-MailboxPermission: Identity, User, AccessRights."""
    return _remove(call, parameters, ("permissions", "User", "Remove-MailboxPermission"))


def add_recipient_permission(call: Call, parameters: Parameters) -> Outcome:
    """Add-RecipientPermission: Identity, Trustee, AccessRights."""
    return _add(call, parameters, ("recipientPermissions", "Trustee", "Add-RecipientPermission"))


def remove_recipient_permission(call: Call, parameters: Parameters) -> Outcome:
    """Remove-RecipientPermission: Identity, Trustee, AccessRights."""
    return _remove(call, parameters, ("recipientPermissions", "Trustee", "Remove-RecipientPermission"))


MAILBOX_CMDLETS = (
    ("Get-Mailbox", get_mailbox),
    ("Set-Mailbox", set_mailbox),
    ("Get-MailboxPermission", get_mailbox_permission),
    ("Add-MailboxPermission", add_mailbox_permission),
    ("Remove-MailboxPermission", remove_mailbox_permission),
    ("Get-RecipientPermission", get_recipient_permission),
    ("Add-RecipientPermission", add_recipient_permission),
    ("Remove-RecipientPermission", remove_recipient_permission),
)
