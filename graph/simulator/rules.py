"""Inbox rules as Graph shows them: never the hidden ones."""

from __future__ import annotations

from typing import Any

from graph.simulator import made, odata
from graph.simulator.audit_trail import record_mailbox_operation
from graph.simulator.calls import Answer, Call, Refusal, bad_request
from graph.simulator.entities import PROPERTIES, check_types, shown
from graph.simulator.mail import mailbox_of, not_in_store
from graph.simulator.users import User

Rule = dict[str, Any]

_CONTEXT = "users('{}')/mailFolders('inbox')/messageRules"
_WRITABLE = {"displayName", "sequence", "isEnabled", "conditions", "actions", "exceptions", "isReadOnly", "hasError"}


def rules_of(call: Call, user: User) -> list[Rule]:
    """All rules of a mailbox in their sequence, hidden ones included."""
    found = call.store.owned(call.tenant, "messageRules", user["id"])
    return sorted(found, key=lambda rule: int(rule.get("sequence") or 0))


def list_rules(call: Call) -> Answer:
    """GET /users/{id}/mailFolders/inbox/messageRules."""
    user = mailbox_of(call)
    select = odata.selected(call, "messageRule")
    visible = [rule for rule in rules_of(call, user) if not rule.get("_hidden")]
    value = [shown("messageRule", rule, select) for rule in visible]
    return Answer(200, {"@odata.context": odata.context(call, _CONTEXT.format(user["id"])), "value": value})


def get_rule(call: Call) -> Answer:
    """GET …/messageRules/{id}."""
    user = mailbox_of(call)
    return _single(call, 200, user, _rule(call, user))


def _rule(call: Call, user: User) -> Rule:
    rule = call.store.one(call.tenant, "messageRules", call.arguments[1], owner=user["id"])
    if rule is None or rule.get("_hidden"):
        raise not_in_store()
    return rule


def _single(call: Call, status: int, user: User, rule: Rule) -> Answer:
    context = odata.context(call, f"{_CONTEXT.format(user['id'])}/$entity")
    return Answer(status, {"@odata.context": context} | shown("messageRule", rule, []))


def _changeable(rule: Rule) -> Rule:
    if rule.get("isReadOnly"):
        raise Refusal(400, "ErrorInvalidRequest", "The rule is read-only and cannot be changed through this service.")
    return rule


def update_rule(call: Call) -> Answer:
    """PATCH …/messageRules/{id}: 200 with the rule, not 204."""
    user = mailbox_of(call)
    rule = _changeable(_rule(call, user))
    values = call.fields()
    _check_names(values)
    check_types(values)
    save_rule(call, user, rule | values, "Set-InboxRule", {"Enabled": values.get("isEnabled")})
    return _single(call, 200, user, rule | values)


def create_rule(call: Call) -> Answer:
    """POST …/messageRules: 201 with the rule under a new id."""
    user = mailbox_of(call)
    values = {name: value for name, value in call.fields().items() if name != "id"}
    _check_names(values)
    if not values.get("displayName") or not values.get("actions"):
        raise bad_request("A rule needs a name and an action.", "ErrorInvalidRequest")
    new_id = made.opaque("AQAAA", 6) + "="
    rule = {"id": new_id, "sequence": 1, "isEnabled": True, "hasError": False, **values, "isReadOnly": False}
    save_rule(call, user, rule, "New-InboxRule", {"Name": rule["displayName"]})
    return _single(call, 201, user, rule)


def delete_rule(call: Call) -> Answer:
    """DELETE …/messageRules/{id}: 204."""
    user = mailbox_of(call)
    remove_rule(call, user, _changeable(_rule(call, user)))
    return Answer(204)


def _check_names(values: dict[str, Any]) -> None:
    for name in values:
        if name not in PROPERTIES["messageRule"] or name not in _WRITABLE:
            raise bad_request(f"The property '{name}' cannot be set on a rule.", "ErrorInvalidRequest")


def save_rule(call: Call, user: User, rule: Rule, cmdlet: str, parameters: dict[str, Any]) -> None:
    """Write a rule back and leave the audit record of the cmdlet that did it."""
    call.store.save(call.tenant, "messageRules", rule, owner=user["id"])
    _record(call, cmdlet, user, rule, parameters)


def remove_rule(call: Call, user: User, rule: Rule) -> None:
    """Delete a rule and leave the audit record."""
    call.store.remove(call.tenant, "messageRules", rule["id"], owner=user["id"])
    _record(call, "Remove-InboxRule", user, rule, {})


def _record(call: Call, cmdlet: str, user: User, rule: Rule, parameters: dict[str, Any]) -> None:
    alias = user["userPrincipalName"].partition("@")[0]
    named = {"Identity": f"{alias}\\{rule['displayName']}", **parameters}
    details = {
        "ObjectId": f"{alias}\\{rule['displayName']}",
        "ExternalAccess": False,
        "Parameters": [{"Name": name, "Value": str(value)} for name, value in named.items() if value is not None],
    }
    record_mailbox_operation(call, cmdlet, "exchangeAdmin", user, details)
