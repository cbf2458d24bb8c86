"""Mail filter rules in the two shapes that Microsoft gives them, Graph's and Exchange's, read as one."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from remediation.actions.finders.reading import Row
from remediation.actions.signs import MailRule

_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SMTP = re.compile(r"\[SMTP:([^\]]+)\]", re.IGNORECASE)
_QUOTED = re.compile(r'^"([^"]*)"')

_GRAPH_SENDS = {
    "forwardTo": "Forward to",
    "forwardAsAttachmentTo": "Forward as attachment to",
    "redirectTo": "Redirect to",
}
_GRAPH_WORDS = (
    "subjectContains", "bodyContains", "bodyOrSubjectContains", "headerContains", "senderContains", "recipientContains",
)  # fmt: skip
_EXCHANGE_SENDS = {name[0].upper() + name[1:]: words for name, words in _GRAPH_SENDS.items()}
_EXCHANGE_WORDS = (
    "SubjectContainsWords", "SubjectOrBodyContainsWords", "BodyContainsWords", "HeaderContainsWords",
    "FromAddressContainsWords", "RecipientAddressContainsWords",
)  # fmt: skip
_EXCHANGE_CONDITIONS = (
    *_EXCHANGE_WORDS, "From", "SentTo", "HasAttachment", "MyNameInToBox", "MyNameInToOrCcBox", "MyNameNotInToBox",
    "SentOnlyToMe", "ReceivedAfterDate", "ReceivedBeforeDate", "WithImportance", "MessageTypeMatches",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRule:
    """A rule with its ids, and what it looks for and does in words."""

    rule: MailRule
    rule_id: str = ""  # Graph's
    rule_identity: str = ""  # Exchange's number
    identity: str = ""  # Exchange's "mailbox\\number"
    is_read_only: bool = False
    conditions: str = ""
    actions: str = ""


def from_graph(row: Row, folders: Mapping[str, str]) -> SeenRule:
    """A messageRule; `folders` gives the names of folders by id."""
    conditions, actions = row.get("conditions") or {}, row.get("actions") or {}
    sends = {words: _addresses(actions.get(name)) for name, words in _GRAPH_SENDS.items()}
    moves_to = _folder(actions.get("moveToFolder"), folders)
    rule = MailRule(
        name=row.get("displayName") or "",
        is_enabled=bool(row.get("isEnabled")),
        order=row.get("sequence"),
        sends_to=_flat(sends.values()),
        moves_to=moves_to,
        deletes=bool(actions.get("delete") or actions.get("permanentDelete")),
        marks_as_read=bool(actions.get("markAsRead")),
        words=_flat(_texts(conditions.get(name)) for name in _GRAPH_WORDS),
        has_conditions=any(conditions.values()),
    )
    done = [f"{words} {', '.join(to)}" for words, to in sends.items() if to]
    done += _named("Move to", moves_to) + _named("Copy to", _folder(actions.get("copyToFolder"), folders))
    done += ["Delete for good"] if actions.get("permanentDelete") else ["Delete"] if actions.get("delete") else []
    done += _named("Assign", ", ".join(_texts(actions.get("assignCategories"))))
    done += _named("Set importance", str(actions.get("markImportance") or ""))
    return SeenRule(
        rule=rule,
        rule_id=str(row["id"]),
        is_read_only=bool(row.get("isReadOnly")),
        conditions=_in_words(conditions),
        actions="; ".join(done + _last_actions(rule, actions.get("stopProcessingRules"))),
    )


def from_exchange(row: Row, *, is_hidden: bool) -> SeenRule:
    """An object of Get-InboxRule."""
    sends = {words: _recipients(row.get(name)) for name, words in _EXCHANGE_SENDS.items()}
    conditions = {name: row.get(name) for name in _EXCHANGE_CONDITIONS}
    rule = MailRule(
        name=row.get("Name") or "",
        is_enabled=bool(row.get("Enabled")),
        is_hidden=is_hidden,
        order=row.get("Priority"),
        sends_to=_flat(sends.values()),
        moves_to=_last_part(row.get("MoveToFolder")),
        deletes=bool(row.get("DeleteMessage")),
        marks_as_read=bool(row.get("MarkAsRead")),
        words=_flat(_texts(row.get(name)) for name in _EXCHANGE_WORDS),
        # A hidden rule may look for what Get-InboxRule has no name for: that it has no conditions is never known.
        has_conditions=True,
    )
    done = [f"{words} {', '.join(to)}" for words, to in sends.items() if to]
    done += _named("Move to", rule.moves_to) + _named("Copy to", _last_part(row.get("CopyToFolder")))
    done += ["Delete"] if rule.deletes else []
    return SeenRule(
        rule=rule,
        rule_identity=str(row.get("RuleIdentity") or ""),
        identity=str(row.get("Identity") or ""),
        conditions=_in_words(conditions),
        actions="; ".join(done + _last_actions(rule, row.get("StopProcessingRules"))),
    )


def _last_actions(rule: MailRule, stops: Any) -> list[str]:
    return (["Mark as read"] if rule.marks_as_read else []) + (["Stop processing more rules"] if stops else [])


def _in_words(conditions: Mapping[str, Any]) -> str:
    """{"subjectContains": ["a", "b"]} becomes "Subject contains: a, b"."""
    return "; ".join(_condition(name, value) for name, value in conditions.items() if value)


def _condition(name: str, value: Any) -> str:
    words = _CAPITAL.sub(" ", name).capitalize()
    if value is True:
        return words
    texts = _addresses(value) or _recipients(value) if isinstance(value, list) else (str(value),)
    return f"{words}: {', '.join(texts)}"


def _addresses(value: Any) -> tuple[str, ...]:
    """Graph's recipients as addresses; () when these are no recipients."""
    listed = value if isinstance(value, list) else []
    found = [(each.get("emailAddress") or {}) for each in listed if isinstance(each, dict)]
    return tuple(str(each.get("address") or each.get("name") or "") for each in found)


def _recipients(value: Any) -> tuple[str, ...]:
    """Exchange's recipients, '"Name" [SMTP:a@b]' or '"Name" [EX:/o=…]', as the address or else the name."""
    return tuple(_recipient(text) for text in _texts(value))


def _recipient(text: str) -> str:
    address, name = _SMTP.search(text), _QUOTED.match(text)
    return address[1] if address else name[1] if name else text


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(each) for each in value or [] if not isinstance(each, dict)) if isinstance(value, list) else ()


def _flat(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(text for group in groups for text in group if text)


def _folder(folder_id: Any, folders: Mapping[str, str]) -> str:
    return folders.get(str(folder_id), "") if folder_id else ""


def _last_part(path: Any) -> str:
    r"""The folder in "renee.castellane\Inbox\RSS Feeds", or in the same with slashes."""
    return re.split(r"[\\/]", str(path or ""))[-1].removeprefix(":")


def _named(verb: str, name: str) -> list[str]:
    return [f"{verb} {name}"] if name else []
