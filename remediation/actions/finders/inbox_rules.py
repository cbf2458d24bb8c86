"""Mail filter rules of the mailbox, hidden ones included.

Graph leaves hidden rules out, Exchange shows all of them. What both show is acted on over Graph, because Exchange
drops rules that live in the person's Outlook alone when it changes any rule; what only Exchange shows is hidden.
"""

import base64
import binascii
from collections import defaultdict
from collections.abc import Mapping, Sequence

from graph import exchange, mail, rules
from remediation.actions.base import Stages
from remediation.actions.finders.reading import Look, Row, found, read_all, sentences, yes_no
from remediation.actions.finders.rule_shapes import SeenRule, from_exchange, from_graph
from remediation.actions.finding import Candidate, FindScope, Found, details
from remediation.actions.signs import RULE_SIGNS, Grounds, weigh

SOURCE = "Mail filter rules, hidden ones included"
_OWN_RULES = ("junk e-mail rule", "microsoft.exchange.oof.")  # Exchange's own: junk filter, automatic replies
_DELEGATE_RULE = "delegate rule -"
_DELEGATE_REFUSAL = (
    "Outlook made this rule for a delegate, and Microsoft lets it be changed only in Outlook's delegate settings."
)
_READ_ONLY_REFUSAL = "Microsoft lets this rule be changed only in Outlook itself: it is marked as read-only."


def find_inbox_rules(scope: FindScope) -> Stages[Found]:
    """Read the rules over Graph and over Exchange, and weigh each."""
    by_graph, by_exchange, folders = yield from read_all(
        [rules.list_rules(scope.user_id), exchange.inbox_rules(scope.mailbox), mail.folders(scope.user_id)]
    )
    names = {str(row["id"]): str(row.get("displayName") or "") for row in folders.rows}
    unnamed = sorted(_folder_ids(by_graph.rows) - names.keys())
    deeper = yield from read_all([mail.folder(scope.user_id, folder_id) for folder_id in unnamed])
    for folder_id, look in zip(unnamed, deeper, strict=True):
        names[folder_id] = str(look.only.get("displayName") or "a folder whose name could not be read")
    seen = _seen(by_graph, by_exchange, names)
    result = found(SOURCE, "inbox_rule", [by_graph, by_exchange], [_candidate(rule, scope) for rule in seen])
    result.rows = len(seen)
    result.note = _note(by_graph, by_exchange)
    return result


def _folder_ids(rows: Sequence[Row]) -> set[str]:
    actions = [row.get("actions") or {} for row in rows]
    return {str(each[name]) for each in actions for name in ("moveToFolder", "copyToFolder") if each.get(name)}


def _note(by_graph: Look, by_exchange: Look) -> str:
    hidden = f"Hidden rules were not checked. {by_exchange.note}" if by_exchange.note else ""
    visible = f"Rules could not be read over Microsoft Graph. {by_graph.note}" if by_graph.note else ""
    return sentences((visible, hidden))


def _seen(by_graph: Look, by_exchange: Look, folders: Mapping[str, str]) -> list[SeenRule]:
    """All rules once: those of Graph, then those that only Exchange shows."""
    visible = [from_graph(row, folders) for row in by_graph.rows if not _is_exchanges_own(row.get("displayName"))]
    # Without Graph's whole list nobody knows which rules are hidden, and none is called so.
    is_hidden = by_graph.is_complete
    rows = [row for row in by_exchange.rows if not _is_exchanges_own(row.get("Name"))]
    return [*visible, *surplus(visible, [from_exchange(row, is_hidden=is_hidden) for row in rows])]


def _is_exchanges_own(name: str | None) -> bool:
    return (name or "").casefold().startswith(_OWN_RULES)


def surplus(visible: Sequence[SeenRule], whole: Sequence[SeenRule]) -> list[SeenRule]:
    """Return the rules of `whole` that no rule of `visible` stands for.

    Rules are matched by name, each once. An attacker may give a hidden rule the name of a visible one: within a name
    the pairs that have most in common belong together, and what is left over is hidden.
    """
    by_name: dict[str, list[SeenRule]] = defaultdict(list)
    for shown_rule in visible:
        by_name[shown_rule.rule.name].append(shown_rule)
    left: list[SeenRule] = []
    for name in dict.fromkeys(each.rule.name for each in whole):
        left += _unmatched(by_name[name], [each for each in whole if each.rule.name == name])
    return left


def _unmatched(visible: list[SeenRule], whole: list[SeenRule]) -> list[SeenRule]:
    pairs = [(_likeness(one, other), i, j) for i, one in enumerate(visible) for j, other in enumerate(whole)]
    taken_visible: set[int] = set()
    taken_whole: set[int] = set()
    for _, i, j in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if i not in taken_visible and j not in taken_whole:
            taken_visible.add(i)
            taken_whole.add(j)
    return [rule for j, rule in enumerate(whole) if j not in taken_whole]


def _likeness(one: SeenRule, other: SeenRule) -> int:
    """How much a rule of Graph and one of Exchange have in common."""
    first, second = one.rule, other.rule
    return (
        8 * (other.rule_identity != "" and _number(one.rule_id) == other.rule_identity)
        + 4 * (first.order == second.order)
        + 2 * (set(first.sends_to) == set(second.sends_to))
        + 2 * (set(first.words) == set(second.words))
        + (first.moves_to == second.moves_to)
        + (first.deletes == second.deletes)
        + (first.marks_as_read == second.marks_as_read)
        + (first.is_enabled == second.is_enabled)
    )


def _number(rule_id: str) -> str:
    """Exchange's number of a rule, held by Graph's id as eight bytes. Not documented, so only a hint among others."""
    try:
        raw = base64.b64decode(rule_id, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return str(int.from_bytes(raw, "little")) if len(raw) == 8 else ""


def _candidate(seen: SeenRule, scope: FindScope) -> Candidate:
    rule, grounds = seen.rule, weigh(seen.rule, scope, RULE_SIGNS)
    refusal = _refusal(seen)
    return Candidate(
        kind="inbox_rule",
        action_key="disable_inbox_rule",
        target={
            "user_id": scope.user_id,
            "mailbox": scope.mailbox,
            "rule_id": seen.rule_id or seen.rule_identity,
            "identity": seen.identity,
            "is_hidden": not seen.rule_id,  # then the action goes over Exchange
        },
        title=rule.name,
        facts=details(
            Conditions=seen.conditions or ("All mail" if seen.rule_id else "None that Exchange names"),
            Actions=seen.actions,
            Hidden="Not known" if not seen.rule_id and not rule.is_hidden else yes_no(rule.is_hidden),
            Enabled=yes_no(rule.is_enabled),
        ),
        reasons=_reasons(seen, grounds),
        is_suspicious=grounds.are_enough and rule.is_enabled and not refusal,
        refusal=refusal,
        before={"exists": True, "isEnabled": rule.is_enabled},
    )


def _refusal(seen: SeenRule) -> str:
    if seen.rule.name.casefold().startswith(_DELEGATE_RULE):
        return _DELEGATE_REFUSAL
    return _READ_ONLY_REFUSAL if seen.is_read_only else ""


def _reasons(seen: SeenRule, grounds: Grounds) -> tuple[str, ...]:
    return grounds.reasons if seen.rule.is_enabled else ("Switched off already", *grounds.reasons)
