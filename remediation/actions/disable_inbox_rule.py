"""Switch off a mail filter rule: over Graph where Graph sees it, over Exchange where it is hidden."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from graph import EXCHANGE_ADMIN, Request, exchange, mailbox_lane, rules
from remediation.actions.base import GONE, Action, Reading, Stages, State, Target, ask, read_each


class DisableInboxRule(Action):
    key = "disable_inbox_rule"
    title = "Switch off the mail filter rule"
    done = "Rule switched off"
    undone = "Rule switched on again"
    identity = ("user_id", "rule_id")
    permissions = ("MailboxSettings.ReadWrite", "Exchange.ManageAsApp")

    def lane(self, target: Target) -> str:
        return EXCHANGE_ADMIN if target["is_hidden"] else mailbox_lane(target["user_id"])

    def read(self, targets: Sequence[Target]) -> Stages[list[Reading]]:
        return read_each(targets, _list, _state)

    def is_done(self, state: State, *, target: Target, since: datetime, before: State | None = None) -> bool:
        return not state["exists"] or state.get("isEnabled") is False

    def apply(self, target: Target, before: State | None) -> Stages[State]:
        yield from ask(_switch(target, enabled=False))
        return {"isEnabled": False}

    def undo(self, target: Target, before: State, after: State) -> Stages[State]:
        yield from ask(_switch(target, enabled=True))
        return {"isEnabled": True}

    def is_undone(self, state: State, *, target: Target, before: State) -> bool:
        return state.get("isEnabled") is True


def _list(target: Target) -> Request:
    return exchange.inbox_rules(target["mailbox"]) if target["is_hidden"] else rules.list_rules(target["user_id"])


def _state(target: Target, body: Any) -> State:
    id_name, enabled_name = ("RuleIdentity", "Enabled") if target["is_hidden"] else ("id", "isEnabled")
    for rule in _rows(body):
        if str(rule[id_name]) == str(target["rule_id"]):
            return {"exists": True, "isEnabled": rule[enabled_name]}
    return dict(GONE)


def _rows(body: Any) -> list[Mapping[str, Any]]:
    return list(body.get("value") or [])


def _switch(target: Target, *, enabled: bool) -> Request:
    if not target["is_hidden"]:
        return rules.set_enabled(target["user_id"], target["rule_id"], enabled)
    switch = exchange.enable_inbox_rule if enabled else exchange.disable_inbox_rule
    return switch(target["mailbox"], target["identity"])
