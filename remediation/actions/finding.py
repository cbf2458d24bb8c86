"""What finding means: where to look (`FindScope`), what was found (`Candidate`), and what was looked at (`Found`)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from remediation.actions.base import State, Target

# NUL and halves of characters (lone surrogates): PostgreSQL stores neither.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class AttackerAct:
    """A log row of the attacker's: what was done to what, when and from where."""

    operation: str
    item: str
    at: datetime
    ip_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedPhish:
    """A message that was tagged as the phish."""

    internet_message_id: str
    subject: str
    sender_address: str
    links: Sequence[str] = ()  # as they were read in it, or as somebody typed them
    attachment_hashes: Sequence[str] = ()  # SHA-256 in hex, lower case
    is_read: bool = True  # whether what stands in it is known


@dataclass(frozen=True, slots=True, kw_only=True)
class FindScope:
    """Whose traces are looked for, in which window, and what is known of the attacker."""

    user_id: str
    user_principal_name: str
    mailbox: str  # the address of the victim's mailbox
    display_name: str
    since: datetime  # the attacker's first access
    until: datetime
    asked_at: datetime  # now
    domains: frozenset[str]  # of the tenant, lower case
    attacker_addresses: frozenset[str]  # IP addresses
    attacker_acts: tuple[AttackerAct, ...]
    phish: tuple[TaggedPhish, ...]
    own_client_id: str  # Petra's own application in this tenant
    microsoft_tenant_id: str
    protected_accounts: frozenset[str]  # user principal names, lower case
    is_sweep: bool = False  # then what a mail of `phish` leaves empty may be anything
    mail_until: datetime | None = None  # mails received from then on are not looked for

    def is_inside_window(self, at: datetime | None) -> bool:
        return at is not None and self.since <= at <= self.until

    def is_outside_tenant(self, address: str) -> bool:
        """Whether an e-mail address belongs to none of the tenant's domains."""
        return address.rpartition("@")[2].casefold() not in self.domains


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Something that an action could act on, with what makes it suspicious, or the reason why it is left alone."""

    kind: str  # a key of FINDING_KINDS
    action_key: str
    target: Target
    title: str
    facts: tuple[tuple[str, str], ...] = ()  # (label, value) for the screen
    reasons: tuple[str, ...] = ()
    is_suspicious: bool = False
    is_uncertain: bool = False  # a person looks at it before it is acted on
    refusal: str = ""  # never offered, and why
    protected_address: str = ""  # has to be typed before acting
    others_affected: int = 0
    before: State | None = None


@dataclass(slots=True)
class Found:
    """The result of one look. `note` says in words what kept it from being complete."""

    source: str  # "Mail filter rules, hidden ones included"
    kind: str = ""
    candidates: list[Candidate] = field(default_factory=list)
    rows: int = 0  # how many rows were looked at
    is_checked: bool = True
    note: str = ""
    is_content_whole: bool = True  # whether all mails were opened that may be copies by what stands in them


# The groups of findings in the panel, in the order they are shown: key -> (heading, what to say when none was found).
FINDING_KINDS: Mapping[str, tuple[str, str]] = {
    "phish_copy": ("Copies of the phish", "No copy of the tagged phish was found in the tenant's mailboxes"),
    "inbox_rule": ("Mail filter rules", "No mail filter rules were found"),
    "forwarding": ("Mailbox forwarding", "The mailbox forwards nowhere"),
    "mailbox_permission": ("Delegates and mailbox permissions", "Nobody else has rights on the mailbox"),
    "application": ("App registrations", "The account owns no app registration"),
    "service_principal": ("Service principals", "No enterprise application was added by the account"),
    "consent": ("Consent grants", "The account has consented to no application"),
    "device": ("Device registrations", "The account has no registered device"),
    "auth_method": ("Sign-in methods", "The account has no removable sign-in method"),
    "role": ("Admin roles", "No admin role was given"),
    "new_account": ("New accounts", "No account was created"),
    "mail_flow": ("Mail flow rules", "No mail flow rule was made"),
    "internal_phish": ("Phishing sent internally", "No phishing sent from this account was found in the tenant"),
    "remaining_phish": ("Phishing still in mailboxes", "No copy of the tagged phish is left in a mailbox"),
}

FIRST_PARTY_TENANTS = frozenset(
    {
        "f8cdef31-a31e-4b4a-93e4-5f571e91255a",  # Microsoft Services
        "72f988bf-86f1-41af-91ab-2d7cd011db47",  # Microsoft
    }
)


def details(**values: Any) -> tuple[tuple[str, str], ...]:
    """Facts for the screen from keyword arguments; underscores become spaces, empty values are left out."""
    return tuple((name.replace("_", " "), str(value)) for name, value in values.items() if value not in (None, "", []))


def clean_json(value: Any) -> Any:
    """A copy of a JSON-like value without the characters that the database cannot store, at any depth."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("", value)
    if isinstance(value, Mapping):
        return {clean_json(key): clean_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(item) for item in value]
    return value
