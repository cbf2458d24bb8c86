"""The messages that a log record names, each of which can be marked as the phish."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class LogMessage:
    """A message that a record names, and the act that is offered for it to those who may act."""

    internet_message_id: str
    subject: str
    sender: str
    folder: str
    is_phish: bool

    @property
    def title(self) -> str:
        return self.subject or self.internet_message_id

    @property
    def act_label(self) -> str:
        return "Unmark" if self.is_phish else "Mark as Phish"


def log_messages(named: Any, tagged: Collection[str]) -> list[LogMessage]:
    """The messages that a record names. What is no message, whatever it is, is left out."""
    found = [one for one in named if isinstance(one, Mapping)] if isinstance(named, Sequence) else []
    return [_message(one, tagged) for one in found if isinstance(one.get("id"), str) and one["id"]]


def _message(message: Mapping[str, Any], tagged: Collection[str]) -> LogMessage:
    return LogMessage(
        internet_message_id=message["id"],
        subject=str(message.get("subject") or ""),
        sender=str(message.get("sender") or ""),
        folder=str(message.get("folder") or ""),
        is_phish=message["id"] in tagged,
    )
