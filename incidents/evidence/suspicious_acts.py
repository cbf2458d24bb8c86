"""Acts in the logs that attackers are known for, in words. Honest people do most of them, too: what makes them strong
evidence is that they come from where the person never was. A few speak for themselves.
"""

from collections.abc import Callable
from dataclasses import dataclass

from incidents.evidence.mail_rules import MADE_OR_CHANGED, LoggedRule, logged_rule
from incidents.evidence.raw_records import parameters
from incidents.evidence.words import operation_name, record_words
from incidents.models import LogRecord

# Programs, not browsers: kits that stand between a person and Microsoft sign in with them.
TOOL_AGENTS = (
    "axios", "python-requests", "python-httpx", "aiohttp", "go-http-client", "node-fetch", "undici", "okhttp",
    "fasthttp", "curl/", "bav2ropc", "postmanruntime", "guzzlehttp", "aadinternals", "got (http", "rclone",
)  # fmt: skip
OFFICE_HOME = frozenset({"officehome", "4765445b-32c6-49b0-83e6-1d93765276ca"})
_FORWARDING = ("ForwardingSmtpAddress", "ForwardingAddress")
_PLAIN_OPERATIONS = frozenset(
    {
        "Add-MailboxPermission",
        "Add-RecipientPermission",
        "New-TransportRule",
        "Set-TransportRule",
        "Consent to application",
        "Add service principal",
        "Add service principal credentials",
        "Add application",
        "Add owner to application",
        "Update application – Certificates and secrets management",
        "User registered security info",
        "User registered all required security info",
        "Admin registered security info",
        "User deleted security info",
        "Add device",
        "Register device",
        "Add registered owner to device",
        "Add member to role",
        "Add eligible member to role",
        "Invite external user",
        "Add user",
        "Reset user password",
    }
)


@dataclass(frozen=True, slots=True)
class SuspiciousAct:
    """`speaks_for_itself`: no honest person does it, wherever it was done from."""

    words: str
    speaks_for_itself: bool = False


def is_tool(user_agent: str) -> bool:
    """Whether a program signed in, and no browser and none of Microsoft's own."""
    return user_agent.casefold().startswith(TOOL_AGENTS)


def act_of(record: LogRecord) -> SuspiciousAct | None:
    """What a row says that attackers are known for; None for everyday rows. Failed acts are none."""
    if record.is_success is False:
        return None
    name = operation_name(record.operation)
    judge = _JUDGES.get(name)
    if judge is not None:
        return judge(record)
    return SuspiciousAct(record_words(record)) if name in _PLAIN_OPERATIONS else None


def _rule(record: LogRecord) -> SuspiciousAct | None:
    rule = logged_rule(record)
    traits = _traits(rule, record)
    if not traits:
        return None
    words = f"{record_words(record)}, which {' and '.join(traits)}"
    return SuspiciousAct(words, speaks_for_itself=len(traits) > 1)


def _traits(rule: LoggedRule, record: LogRecord) -> list[str]:
    own = record.user_principal_name.rpartition("@")[2]
    outside = [address for address in rule.sends_to if address.rpartition("@")[2].casefold() != own]
    found = [f"sends mail to {', '.join(outside)}"] if outside else []
    found += ["deletes mail"] if rule.deletes else []
    found += [f"moves mail to “{rule.moves_to}” and marks it as read"] if rule.hides and not rule.deletes else []
    return [*found, "bears no name"] if rule.is_nameless else found


def _mailbox(record: LogRecord) -> SuspiciousAct | None:
    given = parameters(record)
    to = next((given[name] for name in _FORWARDING if given.get(name)), "")
    if to:
        address = to.casefold().removeprefix("smtp:")
        own = record.user_principal_name.rpartition("@")[2]
        is_outside = "@" in address and address.rpartition("@")[2] != own
        return SuspiciousAct(f"Made the mailbox forward to {address}", speaks_for_itself=is_outside)
    return SuspiciousAct(record_words(record)) if given.get("GrantSendOnBehalfTo") else None


_JUDGES: dict[str, Callable[[LogRecord], SuspiciousAct | None]] = {
    **dict.fromkeys(MADE_OR_CHANGED, _rule),
    "Set-Mailbox": _mailbox,
}
