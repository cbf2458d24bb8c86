"""Acts of the attacker other than on mail and files that a reader without technical knowledge wants counted."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from incidents.evidence.words import operation_name
from incidents.models import LogRecord
from incidents.reports.wording import counted

_RULES = ("made or changed", "mail rule", "mail rules")
_MAIL_FLOW = ("made or changed", "mail flow rule for the whole tenant", "mail flow rules for the whole tenant")
_RIGHTS = ("gave", "right to the mailbox", "rights to the mailbox")
_DEVICES = ("registered", "device", "devices")
# operation -> verb, one, many
KINDS = {
    "New-InboxRule": _RULES,
    "Set-InboxRule": _RULES,
    "UpdateInboxRules": _RULES,
    "Enable-InboxRule": _RULES,
    "New-TransportRule": _MAIL_FLOW,
    "Set-TransportRule": _MAIL_FLOW,
    "Set-Mailbox": ("changed", "mailbox setting", "mailbox settings"),
    "Add-MailboxPermission": _RIGHTS,
    "Add-RecipientPermission": _RIGHTS,
    "User registered security info": ("registered", "sign-in method", "sign-in methods"),
    "User deleted security info": ("removed", "sign-in method", "sign-in methods"),
    "Consent to application": ("gave consent to", "application", "applications"),
    "Add application": ("registered", "application", "applications"),
    "Register device": _DEVICES,
    "Add user": ("added", "user", "users"),
    "Invite external user": ("invited", "guest", "guests"),
    "Add member to role": ("gave", "admin role", "admin roles"),
    "Change user password": ("changed", "password", "passwords"),
    "Reset user password": ("reset", "password", "passwords"),
}


@dataclass(slots=True)
class Notable:
    """What each of them was done to: the logs may tell one act in two records, so things are counted and not rows."""

    found: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)

    @property
    def told(self) -> list[str]:
        """For a sentence: "made or changed 2 mail rules"."""
        return [f"{verb} {counted(len(items), one, many)}" for (verb, one, many), items in self.found.items()]


def notable_of(records: Iterable[LogRecord]) -> Notable:
    """Count them in the attacker's rows; what failed is left out."""
    notable = Notable()
    for record in records:
        kind = KINDS.get(operation_name(record.operation))
        if kind and record.is_success is not False:
            notable.found.setdefault(kind, set()).add(f"{record.item} {record.result}")
    return notable
