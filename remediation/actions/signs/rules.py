"""What makes a mail filter rule suspicious."""

import unicodedata
from dataclasses import dataclass

from remediation.actions.finding import FindScope
from remediation.actions.signs.weighing import STRONG, WEAK, Table, act_in_words, acts_on
from remediation.actions.signs.words import (
    ALARM_WORDS,
    MONEY_WORDS,
    SIDE_FOLDERS,
    UNREAD_FOLDERS,
    plain,
    words_within,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRule:
    """A mail filter rule, whether Graph or Exchange showed it. `sends_to` are addresses, or names of recipients."""

    name: str
    is_enabled: bool = True
    is_hidden: bool = False
    order: int | None = None
    sends_to: tuple[str, ...] = ()
    moves_to: str = ""  # the folder as its owner reads it
    deletes: bool = False
    marks_as_read: bool = False
    words: tuple[str, ...] = ()  # that it looks for
    has_conditions: bool = True


RULE_OPERATIONS = ("New-InboxRule", "Set-InboxRule", "Enable-InboxRule", "UpdateInboxRules")


def _rule_by_attacker(rule: MailRule, scope: FindScope) -> str:
    return act_in_words("Made or changed", acts_on(scope, RULE_OPERATIONS, [rule.name]))


def _rule_sends_outside(rule: MailRule, scope: FindScope) -> str:
    outside = [address for address in rule.sends_to if "@" in address and scope.is_outside_tenant(address)]
    return f"Sends mail outside the tenant, to {', '.join(outside)}" if outside else ""


def _rule_is_hidden(rule: MailRule, _scope: FindScope) -> str:
    return "Hidden: Outlook and Microsoft Graph do not show it, only Exchange does" if rule.is_hidden else ""


def _rule_moves_out_of_sight(rule: MailRule, _scope: FindScope) -> str:
    return f"Moves mail to “{rule.moves_to}”, a folder that nobody reads" if _is_in(rule, UNREAD_FOLDERS) else ""


def _rule_takes_everything(rule: MailRule, _scope: FindScope) -> str:
    takes = rule.deletes or _is_in(rule, SIDE_FOLDERS | UNREAD_FOLDERS)
    return "Takes all mail out of the inbox: it has no conditions" if takes and not rule.has_conditions else ""


def _rule_has_no_name(rule: MailRule, _scope: FindScope) -> str:
    name = rule.name.strip()
    has_letters = any(char.isalnum() for char in name)
    return "" if has_letters else f"Its name is only punctuation: “{name}”" if name else "It has no name"


def _rule_has_tiny_name(rule: MailRule, _scope: FindScope) -> str:
    name = rule.name.strip()
    # One or two Chinese characters are a whole word.
    is_wide = any(unicodedata.east_asian_width(char) in "WF" for char in name)
    is_tiny = 0 < len(name) <= 2 and name.isalnum() and not is_wide
    return f"Its name is very short: “{name}”" if is_tiny else ""


def _rule_deletes(rule: MailRule, _scope: FindScope) -> str:
    return "Deletes mail" if rule.deletes else ""


def _rule_moves_aside(rule: MailRule, _scope: FindScope) -> str:
    return f"Moves mail to “{rule.moves_to}”, a folder that few people look at" if _is_in(rule, SIDE_FOLDERS) else ""


def _rule_marks_as_read(rule: MailRule, _scope: FindScope) -> str:
    return "Marks mail as read, so that nothing looks new" if rule.marks_as_read else ""


def _rule_looks_for_money(rule: MailRule, _scope: FindScope) -> str:
    return _looks_for(MONEY_WORDS, rule, "Looks for words about money")


def _rule_looks_for_alarms(rule: MailRule, _scope: FindScope) -> str:
    return _looks_for(ALARM_WORDS, rule, "Looks for words of warning")


def _is_in(rule: MailRule, folders: frozenset[str]) -> bool:
    return plain(rule.moves_to) in folders


def _looks_for(sought: frozenset[str], rule: MailRule, words: str) -> str:
    found = words_within(sought, rule.words)
    return f"{words}: {', '.join(found[:6])}" if found else ""


# A mail flow rule is no person's: who made it, and which mail it takes, is told apart from these.
MAIL_FLOW_SIGNS: Table[MailRule] = (
    (STRONG, _rule_sends_outside),
    (STRONG, _rule_has_no_name),
    (WEAK, _rule_has_tiny_name),
    (WEAK, _rule_deletes),
    (WEAK, _rule_looks_for_money),
    (WEAK, _rule_looks_for_alarms),
)
RULE_SIGNS: Table[MailRule] = (
    (STRONG, _rule_by_attacker),
    (STRONG, _rule_sends_outside),
    (STRONG, _rule_is_hidden),
    (STRONG, _rule_moves_out_of_sight),
    (STRONG, _rule_takes_everything),
    (STRONG, _rule_has_no_name),
    (WEAK, _rule_has_tiny_name),
    (WEAK, _rule_deletes),
    (WEAK, _rule_moves_aside),
    (WEAK, _rule_marks_as_read),
    (WEAK, _rule_looks_for_money),
    (WEAK, _rule_looks_for_alarms),
)
