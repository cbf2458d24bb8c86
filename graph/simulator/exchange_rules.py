"""Inbox rules as Exchange shows and changes them, hidden ones included.

EXODOC Get-InboxRule, Disable-InboxRule. Rules that Outlook alone runs (`_clientSideOnly`) are lost when one of these
cmdlets changes any rule of the mailbox, as Microsoft warns.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import Any

from graph.simulator import mailstore
from graph.simulator.calls import Call
from graph.simulator.exchange_targets import CmdletFailed, Outcome, Parameters, alias_of, mailbox, missing, required
from graph.simulator.rules import Rule, remove_rule, rules_of, save_rule
from graph.simulator.users import User


def rule_identity(rule: Rule) -> int:
    """The unsigned 64-bit number of a rule, which Graph's id holds as base64 of its little-endian bytes."""
    try:
        raw = base64.b64decode(rule["id"], validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) != 8:
        raw = hashlib.sha256(rule["id"].encode()).digest()[:8]
    return int.from_bytes(raw, "little")


def get_inbox_rules(call: Call, parameters: Parameters) -> Outcome:
    """Get-InboxRule: Mailbox, Identity, IncludeHidden."""
    if "identity" in parameters:
        user, rule = _named(call, parameters)
        return Outcome([_shown(call, user, rule)])
    user = mailbox(call, parameters, "Mailbox")
    with_hidden = bool(parameters.get("includehidden"))
    found = [rule for rule in rules_of(call, user) if with_hidden or not rule.get("_hidden")]
    return Outcome([_shown(call, user, rule) for rule in found])


def _named(call: Call, parameters: Parameters) -> tuple[User, Rule]:
    r"""The rule that Identity names: `mailbox\number`, or a number or name beside Mailbox."""
    identity = str(required(parameters, "Identity"))
    owner, separator, name = identity.partition("\\")
    if "mailbox" in parameters:
        user = mailbox(call, parameters, "Mailbox")
    elif separator:
        user = mailbox(call, {"identity": owner})
    else:
        raise CmdletFailed(400, "ParameterBindingException", "Mailbox is missing.")
    wanted = (name if separator else identity).lower()
    for rule in rules_of(call, user):
        if wanted in (str(rule_identity(rule)), rule["id"].lower(), rule["displayName"].lower()):
            return user, rule
    raise missing(identity)


def _shown(call: Call, user: User, rule: Rule) -> dict[str, Any]:
    conditions, actions = rule.get("conditions") or {}, rule.get("actions") or {}
    number = rule_identity(rule)
    owner = alias_of(user)
    folder_names = {name: _folder_name(call, user, actions.get(name)) for name in ("moveToFolder", "copyToFolder")}
    return {
        "Identity": f"{owner}\\{number}",
        "RuleIdentity": number,
        "Name": rule["displayName"],
        "Enabled": bool(rule.get("isEnabled")),
        "Priority": rule.get("sequence"),
        "Description": f"If the message: matches the conditions of '{rule['displayName']}'",
        "MailboxOwnerId": owner,
        "InError": bool(rule.get("hasError")),
        "SupportedByTask": not rule.get("isReadOnly"),
        "Legacy": False,
        "ForwardTo": _people(actions.get("forwardTo")),
        "ForwardAsAttachmentTo": _people(actions.get("forwardAsAttachmentTo")),
        "RedirectTo": _people(actions.get("redirectTo")),
        "MoveToFolder": folder_names["moveToFolder"],
        "CopyToFolder": folder_names["copyToFolder"],
        "DeleteMessage": bool(actions.get("delete") or actions.get("permanentDelete")),
        "MarkAsRead": bool(actions.get("markAsRead")),
        "StopProcessingRules": bool(actions.get("stopProcessingRules")),
        "SubjectContainsWords": conditions.get("subjectContains"),
        "SubjectOrBodyContainsWords": conditions.get("bodyOrSubjectContains"),
        "BodyContainsWords": conditions.get("bodyContains"),
        "FromAddressContainsWords": conditions.get("senderContains"),
        "From": _people(conditions.get("fromAddresses")),
    }


def _people(recipients: list[dict[str, Any]] | None) -> list[str] | None:
    """Recipients as Exchange writes them in rules: "Name" [SMTP:address]."""
    if not recipients:
        return None
    addresses = [each.get("emailAddress", {}) for each in recipients]
    return [f'"{each.get("name") or each.get("address")}" [SMTP:{each.get("address")}]' for each in addresses]


def _folder_name(call: Call, user: User, folder_id: str | None) -> str | None:
    if not folder_id:
        return None
    folder = mailstore.find_folder(call.store, call.tenant, user["id"], folder_id)
    return folder["displayName"] if folder else folder_id


def _switch(enabled: bool) -> Callable[[Call, Parameters], Outcome]:
    def run(call: Call, parameters: Parameters) -> Outcome:
        user, rule = _changeable(call, parameters)
        cmdlet = "Enable-InboxRule" if enabled else "Disable-InboxRule"
        save_rule(call, user, rule | {"isEnabled": enabled}, cmdlet, {})
        return _after_change(call, user)

    return run


def _changeable(call: Call, parameters: Parameters) -> tuple[User, Rule]:
    user, rule = _named(call, parameters)
    if rule["displayName"].startswith("Delegate Rule -"):
        text = f"The rule '{rule['displayName']}' is managed by Outlook's delegate settings and can't be changed."
        raise CmdletFailed(400, "InboxRuleOperationException", text)
    return user, rule


def _after_change(call: Call, user: User) -> Outcome:
    for rule in rules_of(call, user):
        if rule.get("_clientSideOnly"):
            call.store.remove(call.tenant, "messageRules", rule["id"], owner=user["id"])
    return Outcome()


def remove_inbox_rule(call: Call, parameters: Parameters) -> Outcome:
    """Remove-InboxRule."""
    user, rule = _changeable(call, parameters)
    remove_rule(call, user, rule)
    return _after_change(call, user)


RULE_CMDLETS = (
    ("Get-InboxRule", get_inbox_rules),
    ("Disable-InboxRule", _switch(False)),
    ("Enable-InboxRule", _switch(True)),
    ("Remove-InboxRule", remove_inbox_rule),
)
