"""What makes the forwarding of a mailbox, or somebody's right on it, suspicious."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from remediation.actions.finding import FindScope
from remediation.actions.signs.weighing import STRONG, WEAK, Table, act_in_words, acts_giving, during_attack


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
    return act_in_words("The mailbox was changed", acts_giving(scope, ["Set-Mailbox"], names))


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
        is_near = difflib.SequenceMatcher(None, name, foreign).ratio() >= 0.8
        if len(name) >= 4 and (is_near or foreign.startswith(name) or foreign.endswith(f"-{name}")):
            return own
    return ""


FORWARDING_SIGNS: Table[Forwarding] = (
    (STRONG, _forwards_outside),
    (STRONG, _forwards_to_imitation),
    (STRONG, _forwarding_by_attacker),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trustee:
    """Somebody who holds a right on the mailbox, under all names by which logs may call them."""

    names: tuple[str, ...]
    is_known: bool = True  # in the tenant's directory
    is_guest: bool = False
    created_at: datetime | None = None


PERMISSION_OPERATIONS = ("Add-MailboxPermission", "Add-RecipientPermission", "Set-Mailbox", "AddFolderPermissions")


def _right_by_attacker(trustee: Trustee, scope: FindScope) -> str:
    return act_in_words("The right was given", acts_giving(scope, PERMISSION_OPERATIONS, trustee.names))


def _trustee_is_new(trustee: Trustee, scope: FindScope) -> str:
    return during_attack("The account was created", trustee.created_at, scope)


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
