"""What the logs of Acme Corp say about the first takeover, to the minute of the story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from graph.simulator.world import story
from graph.simulator.world.acme import LEAD
from graph.simulator.world.acme_attack import RULE_WORDS
from graph.simulator.world.intruder import Intruder, steal_session
from graph.simulator.world.letters import Address, Copy, Letter, message_object
from graph.simulator.world.origins import ATTACKER_CLIENT, REPLAY
from graph.simulator.world.sign_ins import add_baseline
from graph.simulator.world.tenant import TenantWorld
from graph.simulator.world.unified_log import (
    add_bind,
    add_cmdlet,
    add_group,
    add_item,
    add_rule_update,
    add_search,
    add_sync,
)
from graph.simulator.world.unified_log_entra import add_file

_REFRESHES = (131, 92, 52, 14)  # minutes before now; the last one is after the detection: nobody has locked her yet
_FILES = (
    ("FileAccessed", 0, "Finance/Shared Documents/Suppliers/Supplier bank accounts.xlsx"),
    ("FileDownloaded", 1, "Finance/Shared Documents/Suppliers/Supplier bank accounts.xlsx"),
    ("FileDownloaded", 3, "Finance/Shared Documents/Forecast/Cash forecast v3.xlsx"),
    ("FileDownloaded", 4, "Finance/Shared Documents/Payment runs/Release procedure.docx"),
    ("FileDownloaded", 7, "onedrive/Documents/Authorised signatories (signed).pdf"),
    ("FileDownloaded", 8, "onedrive/Documents/Letterhead.docx"),
    ("FileDownloaded", 9, "onedrive/Documents/Insurance renewal.pdf"),
    ("FileAccessed", 12, "onedrive/Documents/Private/Tax return draft.docx"),
)


def first_takeover(world: TenantWorld) -> Intruder:
    """All of the mailbox and file evidence of the first incident."""
    add_baseline(world, LEAD, 30)
    intruder = steal_session(world, story.RENEE, REPLAY, story.RENEE_SESSION, _REFRESHES)
    _reading(world, intruder)
    _settings(world, intruder)
    _internal_phish(world, intruder)
    _supplier_fraud(world, intruder)
    for operation, minutes, path in _FILES:
        add_file(world, intruder.act(story.RENEE, "files", minutes), operation, path, ATTACKER_CLIENT)
    return intruder


def _reading(world: TenantWorld, intruder: Intruder) -> None:
    """What was opened: invoices, bank letters, payment runs, most recent first."""
    box = world.mailboxes[LEAD]
    begun = world.moments.ago(story.RENEE.phish_read or timedelta()).isoformat()
    words = ("invoice", "payment", "bank", "signator", "credit limit", "insurance", "salary", "cash")
    old = sorted(
        (each for each in box.messages if each["receivedDateTime"] < begun and not each["isDraft"]),
        key=lambda message: str(message["receivedDateTime"]),
        reverse=True,
    )
    wanted = [each for each in old if any(word in str(each["subject"]).lower() for word in words)][:46]
    for index, minutes in enumerate((0, 2, 6, 9, 14, 29, 34, 47, 58, 73, 96, 118)):
        opened = wanted[index * 4 : index * 4 + 4]
        if opened:
            add_bind(world, intruder.act(story.RENEE, "read_mail", minutes), opened)
    for minutes, query in enumerate(("invoice", "IBAN", "bank details AND signature")):
        add_search(world, intruder.act(story.RENEE, "search", minutes / 2), query)
    sync = intruder.act(story.RENEE, "sync", client="Client=IMAP4;Client=REST")
    add_sync(world, sync, "Payment runs")


def _settings(world: TenantWorld, intruder: Intruder) -> None:
    """Rules, forwarding and rights."""
    box, upn = world.mailboxes[LEAD], world.upn_of(LEAD)
    rules = {each["displayName"]: each for each in box.rules}
    parameters = {
        "AlwaysDeleteOutlookRulesBlob": "False",
        "Force": "False",
        "Mailbox": upn,
        "Name": ".",
        "SubjectOrBodyContainsWords": ";".join(RULE_WORDS),
        "MoveToFolder": "RSS Feeds",
        "MarkAsRead": "True",
        "StopProcessingRules": "True",
    }
    add_cmdlet(world, intruder.act(story.RENEE, "rule"), "New-InboxRule", f"{LEAD}\\.", parameters)
    forward = {"ActionType": "Forward", "Recipients": [story.HIDDEN_RULE_TARGET], "ForwardFlags": "None"}
    mapi = intruder.act(story.RENEE, "hidden_rule", client="Client=MSExchangeRPC")
    add_rule_update(world, mapi, rules[story.HIDDEN_RULE], forward)
    parameters = {
        "Identity": upn,
        "ForwardingSmtpAddress": f"smtp:{story.FORWARDING_TARGET}",
        "DeliverToMailboxAndForward": "True",
    }
    add_cmdlet(world, intruder.act(story.RENEE, "forwarding"), "Set-Mailbox", upn, parameters)
    rights = {"Identity": upn, "User": story.ATTACKER_GUEST, "AccessRights": "FullAccess", "InheritanceType": "All"}
    add_cmdlet(world, intruder.act(story.RENEE, "full_access"), "Add-MailboxPermission", upn, rights)
    rights = {"Identity": upn, "Trustee": story.ATTACKER_GUEST, "AccessRights": "SendAs"}
    add_cmdlet(world, intruder.act(story.RENEE, "send_as"), "Add-RecipientPermission", upn, rights)


def _of_subject(world: TenantWorld, subject: str, folder: str) -> list[dict[str, Any]]:
    box = world.mailboxes[LEAD]
    place = box.folder(folder)
    return [each for each in box.messages if each["subject"] == subject and each["parentFolderId"] == place]


def _internal_phish(world: TenantWorld, intruder: Intruder) -> None:
    sent = _of_subject(world, story.REMITTANCE.subject, "deleteditems")
    add_item(world, intruder.act(story.RENEE, "internal_phish", -0.5), "Create", sent[0], "drafts")
    add_item(world, intruder.act(story.RENEE, "internal_phish"), "Send", sent[0], "sentitems")
    add_group(world, intruder.act(story.RENEE, "cover"), "MoveToDeletedItems", sent, ("sentitems", "deleteditems"))
    hidden = _of_subject(world, f"Re: {story.REMITTANCE.subject}", "rssfeeds")
    add_bind(world, intruder.at(world.moments.ago(timedelta(minutes=86))), hidden)


def _supplier_fraud(world: TenantWorld, intruder: Intruder) -> None:
    """A mail to a customer about a new bank account, and its answer: both gone for good, the log still names them."""
    customer = Address("Jonathan Pryce-Evans (Kestrel Foods)", "jonathan.pe@kestrelfoods.example")
    own = world.address(LEAD)
    lines: Sequence[tuple[str, Address, Address, str, timedelta]] = (
        ("supplier", own, customer, "Change of our bank account", timedelta()),
        ("supplier answer", customer, own, "Re: Change of our bank account", timedelta(seconds=70)),
    )
    messages: list[Mapping[str, Any]] = []
    for key, sender, recipient, subject, later in lines:
        at = world.moments.ago(story.RENEE.before_now("supplier")) + later
        letter = Letter(key, at, sender, (recipient,), subject, ("…",))
        is_own = sender == own
        messages.append(message_object(letter, Copy(world.id_of(LEAD), "", is_sent=is_own)))
    sent, answer = messages
    add_item(world, intruder.act(story.RENEE, "supplier"), "Send", sent, "sentitems")
    add_bind(world, intruder.act(story.RENEE, "supplier", 1.5), [{**answer, "parentFolderId": _inbox(world)}])
    add_group(world, intruder.act(story.RENEE, "supplier", 1.8), "SoftDelete", [answer], ("inbox", ""))
    gone = intruder.act(story.RENEE, "hard_delete")
    add_group(world, gone, "HardDelete", [sent], ("sentitems", ""))
    add_group(world, gone, "HardDelete", [answer], ("deleteditems", ""))


def _inbox(world: TenantWorld) -> str:
    return world.mailboxes[LEAD].folder("inbox")
