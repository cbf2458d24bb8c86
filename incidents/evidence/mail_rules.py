"""Mail filter rules as the unified audit log tells of them.

Outlook on the web and Exchange's cmdlets write New-InboxRule and Set-InboxRule with parameters; Outlook on the desktop
writes UpdateInboxRules with the rule's actions as JSON.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from incidents.evidence.fields import first, mapping, mappings, pairs, text
from incidents.evidence.raw_records import is_set, record_data
from incidents.models import LogRecord

MADE_OR_CHANGED = ("New-InboxRule", "Set-InboxRule", "UpdateInboxRules")
_SENDS = ("ForwardTo", "ForwardAsAttachmentTo", "RedirectTo")
_WORDS = (
    "SubjectContainsWords", "SubjectOrBodyContainsWords", "BodyContainsWords", "FromAddressContainsWords",
    "HeaderContainsWords", "RecipientAddressContainsWords",
)  # fmt: skip
_CONDITIONS = (*_WORDS, "From", "SentTo", "HasAttachment", "MyNameInToBox", "MyNameInToOrCcBox", "MyNameNotInToBox")
_ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
_MOST_ADDRESSES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRule:
    """What a log row says that a rule does. Empty fields may be unknown: a change names only what it changed."""

    name: str
    is_enabled: bool = True
    sends_to: tuple[str, ...] = ()
    moves_to: str = ""
    copies_to: str = ""
    deletes: bool = False
    marks_as_read: bool = False
    words: tuple[str, ...] = ()
    conditions: tuple[tuple[str, str], ...] = ()

    @property
    def is_nameless(self) -> bool:
        """Whether its name is only punctuation; a row that does not tell the name says nothing."""
        return bool(self.name.strip()) and not any(char.isalnum() for char in self.name)

    @property
    def hides(self) -> bool:
        """Whether mail is kept from its reader."""
        return self.deletes or (bool(self.moves_to) and self.marks_as_read)


def logged_rule(record: LogRecord) -> LoggedRule:
    """The rule that a row of MADE_OR_CHANGED tells of."""
    data = record_data(record)
    if text(data.get("Operation")) == "UpdateInboxRules" or record.operation == "UpdateInboxRules":
        return _from_outlook(record, pairs(data.get("OperationProperties")))
    return _from_cmdlet(record, pairs(data.get("Parameters")))


def _from_cmdlet(record: LogRecord, given: Mapping[str, str]) -> LoggedRule:
    return LoggedRule(
        name=first([given.get("Name"), record.item]),
        is_enabled=not ("Enabled" in given and not is_set(given["Enabled"])),
        sends_to=_addresses(" ".join(given.get(name, "") for name in _SENDS)),
        moves_to=_folder(given.get("MoveToFolder", "")),
        copies_to=_folder(given.get("CopyToFolder", "")),
        deletes=is_set(given.get("DeleteMessage")) or is_set(given.get("SoftDeleteMessage")),
        marks_as_read=is_set(given.get("MarkAsRead")),
        words=tuple(word for name in _WORDS for word in given.get(name, "").split(";") if word),
        conditions=tuple((name, given[name]) for name in _CONDITIONS if given.get(name)),
    )


def _from_outlook(record: LogRecord, told: Mapping[str, str]) -> LoggedRule:
    actions = _json(told.get("RuleActions", ""))
    kinds = {text(action.get("ActionType")).casefold() for action in actions}
    whole = json.dumps(actions, ensure_ascii=False)
    condition = told.get("RuleCondition", "")
    sends = any(kind.startswith(("forward", "redirect", "delegate")) for kind in kinds)
    moves = next((action for action in actions if "move" in text(action.get("ActionType")).casefold()), {})
    return LoggedRule(
        name=first([told.get("RuleName"), record.item]),
        is_enabled=told.get("RuleState", "").casefold() != "disabled",
        sends_to=_addresses(whole) if sends else (),
        moves_to=_folder(first([moves.get("FolderName"), moves.get("Folder"), "another folder" if moves else ""])),
        deletes=any("delete" in kind for kind in kinds),
        marks_as_read=any("read" in kind for kind in kinds),
        conditions=(("Condition", condition),) if condition else (),
    )


def _json(written: str) -> list[Mapping[str, Any]]:
    try:
        read = json.loads(written)
    except ValueError:
        return []
    return mappings(read) or [mapping(read)]


def _addresses(written: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_ADDRESS.findall(written[:4000])))[:_MOST_ADDRESSES]


def _folder(path: str) -> str:
    r"""The folder in "renee\Inbox\RSS Feeds", or in the same with slashes."""
    return re.split(r"[\\/]", path)[-1].removeprefix(":").strip()
