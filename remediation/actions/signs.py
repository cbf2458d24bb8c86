"""What makes a rule, a permission, an application, a device or a sign-in method suspicious, in words.

Each kind of thing has a table of signs. A strong sign is enough by itself; of weak ones it takes two, since honest
people too mark mail as read, allow an application to read their mail, or bring a telephone from abroad.
"""

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from remediation.actions.finding import AttackerAct, FindScope
from remediation.actions.sign_words import (
    ALARM_WORDS,
    MICROSOFT_NAMES,
    MONEY_WORDS,
    ROGUE_APPS,
    SIDE_FOLDERS,
    UNREAD_FOLDERS,
    plain,
    words_within,
)

WEAK, STRONG = 1, 2
ENOUGH = 2  # of the sum of weights

T = TypeVar("T")
Table = Sequence[tuple[int, Callable[[T, FindScope], str]]]


@dataclass(frozen=True, slots=True)
class Grounds:
    """The signs found on one thing, and whether they are enough."""

    reasons: tuple[str, ...] = ()
    weight: int = 0

    @property
    def are_enough(self) -> bool:
        return self.weight >= ENOUGH


def weigh(thing: T, scope: FindScope, table: Table[T]) -> Grounds:
    """Hold a thing against each sign of a table."""
    found = [(weight, words) for weight, sign in table if (words := sign(thing, scope))]
    return Grounds(tuple(words for _, words in found), sum(weight for weight, _ in found))


# --- What the attacker was seen doing -------------------------------------------------------------------------------


def written(at: datetime) -> str:
    """A moment as it is written on the screen, in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def acts_on(scope: FindScope, operations: Iterable[str], names: Iterable[str]) -> list[AttackerAct]:
    """The attacker's log rows of these operations that name one of these things.

    Exchange writes a rule as "mailbox\\name"; a row that says only what was done, and to nothing, is no ground.
    """
    wanted = {_operation(name) for name in operations}
    known = {name.strip().casefold() for name in names if name.strip()}
    return [act for act in scope.attacker_acts if _operation(act.operation) in wanted and _names_one(act.item, known)]


def _operation(name: str) -> str:
    """Microsoft ends some operations with a full stop or a space, and writes dashes of several lengths."""
    return re.sub(r"[\W_]+", " ", name).strip().casefold()


def _names_one(item: str, known: set[str]) -> bool:
    text = item.strip().casefold()
    return text in known or text.rpartition("\\")[2] in known


def act_in_words(verb: str, acts: Sequence[AttackerAct]) -> str:
    """ "Made by the attacker on 2026-03-01 10:03 UTC from 203.0.113.7", or nothing when there was no such act."""
    if not acts:
        return ""
    source = f" from {acts[0].ip_address}" if acts[0].ip_address else ""
    return f"{verb} by the attacker on {written(acts[0].at)}{source}"


# --- Mail filter rules ----------------------------------------------------------------------------------------------


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
    is_tiny = 0 < len(name) <= 2 and name.isalnum() and all(unicodedata.east_asian_width(char) in "NaANH" for char in name)
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


# --- Forwarding -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarding:
    """Where a mailbox forwards everything to; `address` is empty when the recipient inside is not known by address."""

    mailbox: str
    address: str
    recipient: str = ""


def _forwards_outside(forwarding: Forwarding, scope: FindScope) -> str:
    is_outside = "@" in forwarding.address and scope.is_outside_tenant(forwarding.address)
    return f"Forwards outside the tenant, to {forwarding.address}" if is_outside else ""


def _forwards_to_imitation(forwarding: Forwarding, scope: FindScope) -> str:
    imitated = imitated_domain(forwarding.address, scope.domains)
    return f"The domain imitates {imitated}" if imitated else ""


def _forwarding_by_attacker(forwarding: Forwarding, scope: FindScope) -> str:
    names = [forwarding.address, f"smtp:{forwarding.address}", forwarding.recipient, *_mailbox_names(scope)]
    return act_in_words("The mailbox was changed", acts_on(scope, ["Set-Mailbox"], names))


def _mailbox_names(scope: FindScope) -> tuple[str, ...]:
    """What the log calls the victim's mailbox: its address, the account, the alias, the name."""
    return (scope.mailbox, scope.user_principal_name, scope.mailbox.partition("@")[0], scope.display_name)


def imitated_domain(address: str, domains: Iterable[str]) -> str:
    """Return the tenant's domain that the domain of an outside address looks like, or "".

    Near enough is: the own name with something added ("acme-corp-mail.example"), or one or two letters changed.
    """
    domain = address.rpartition("@")[2].casefold()
    if not domain or domain in domains:
        return ""
    foreign = domain.split(".")[0]
    for own in sorted(domains):
        name = own.split(".")[0]
        is_near = difflib.SequenceMatcher(None, name, foreign).ratio() >= 0.85
        if len(name) >= 4 and (is_near or (name in foreign)):
            return own
    return ""


FORWARDING_SIGNS: Table[Forwarding] = (
    (STRONG, _forwards_outside),
    (STRONG, _forwards_to_imitation),
    (STRONG, _forwarding_by_attacker),
)


# --- Mailbox permissions --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Trustee:
    """Somebody who holds a right on the mailbox, under all names by which logs may call them."""

    names: tuple[str, ...]
    is_known: bool = True  # in the tenant's directory
    is_guest: bool = False
    created_at: datetime | None = None


PERMISSION_OPERATIONS = ("Add-MailboxPermission", "Add-RecipientPermission", "Set-Mailbox", "AddFolderPermissions")


def _right_by_attacker(trustee: Trustee, scope: FindScope) -> str:
    return act_in_words("The right was given", acts_on(scope, PERMISSION_OPERATIONS, trustee.names))


def _trustee_is_new(trustee: Trustee, scope: FindScope) -> str:
    if trustee.created_at is None or not scope.is_inside_window(trustee.created_at):
        return ""
    return f"The account was created on {written(trustee.created_at)}, during the attack"


def _trustee_is_guest(trustee: Trustee, _scope: FindScope) -> str:
    return "A guest from outside the tenant" if trustee.is_guest else ""


def _trustee_is_unknown(trustee: Trustee, _scope: FindScope) -> str:
    return "" if trustee.is_known else "Nobody of that name is in the tenant's directory"


TRUSTEE_SIGNS: Table[Trustee] = (
    (STRONG, _right_by_attacker),
    (STRONG, _trustee_is_new),
    (WEAK, _trustee_is_guest),
    (WEAK, _trustee_is_unknown),
)


# --- Devices and sign-in methods ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A device or a sign-in method. `country_code` is of a telephone, `known_codes` those of the person's others."""

    names: tuple[str, ...]
    registered_at: datetime | None
    country_code: str = ""
    known_codes: frozenset[str] = frozenset()


DEVICE_OPERATIONS = ("Add device.", "Register device.", "Add registered owner to device.", "Add registered users to device.")
METHOD_OPERATIONS = (
    "User registered security info", "User registered all required security info", "Admin registered security info",
    "User changed default security info", "Update user.",
)  # fmt: skip


def _registered_in_window(thing: Registered, scope: FindScope) -> str:
    if thing.registered_at is None or not scope.is_inside_window(thing.registered_at):
        return ""
    return f"Registered on {written(thing.registered_at)}, during the attack"


def _device_by_attacker(thing: Registered, scope: FindScope) -> str:
    return act_in_words("Registered", acts_on(scope, DEVICE_OPERATIONS, thing.names))


def _method_by_attacker(thing: Registered, scope: FindScope) -> str:
    return act_in_words("Registered", acts_on(scope, METHOD_OPERATIONS, thing.names))


def _undated_method(thing: Registered, scope: FindScope) -> str:
    """Microsoft leaves the date out for some methods; then an attacker's registration may well have been this one."""
    wanted = {_operation(name) for name in METHOD_OPERATIONS[:3]}
    acts = [act for act in scope.attacker_acts if _operation(act.operation) in wanted]
    if thing.registered_at is not None or not acts:
        return ""
    return f"Microsoft gives no date for it, and the attacker registered a method on {written(acts[0].at)}"


def _country_is_new(thing: Registered, _scope: FindScope) -> str:
    if not thing.country_code or not thing.known_codes or thing.country_code in thing.known_codes:
        return ""
    known = ", ".join(f"+{code}" for code in sorted(thing.known_codes))
    return f"A number with country code +{thing.country_code}; the person's other numbers have {known}"


DEVICE_SIGNS: Table[Registered] = ((STRONG, _registered_in_window), (STRONG, _device_by_attacker))
METHOD_SIGNS: Table[Registered] = (
    (STRONG, _registered_in_window),
    (STRONG, _method_by_attacker),
    (WEAK, _undated_method),
    (WEAK, _country_is_new),
)
