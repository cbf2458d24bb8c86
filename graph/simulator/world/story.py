"""What happened in the demo world: the facts that the simulated cloud and Petra's own seeding must agree on.

The mailboxes, the directory and the logs are built from these values, so what an analyst reads in an incident is what
the cloud serves. Every address is from a range reserved for documentation, every domain ends in ``.example``.
"""

from __future__ import annotations

from datetime import timedelta

from graph.simulator.world.ids import object_id
from graph.simulator.world.story_types import (
    Act,
    DemoIncident,
    DemoTenant,
    Indicator,
    Phish,
    ProtectedAccount,
)

__all__ = [
    "ACME", "BLUEWATER", "HARROW", "INCIDENTS", "INTERNAL_RECIPIENTS", "LARKSPUR", "MAREIKE", "NORTHGATE",
    "PROTECTED_ACCOUNTS", "RENEE", "TADHG", "TENANTS", "Act", "DemoIncident", "DemoTenant", "Indicator", "Phish",
    "ProtectedAccount",
]  # fmt: skip

ACME = DemoTenant("acme", "Acme Corp", "acme-corp.example", object_id("acme", "tenant"), is_practice=True)
BLUEWATER = DemoTenant("bluewater", "Bluewater Dental", "bluewater-dental.example", object_id("bluewater", "tenant"))
HARROW = DemoTenant("harrow", "Harrow & Finch", "harrow-finch.example", object_id("harrow", "tenant"))
NORTHGATE = DemoTenant(
    "northgate", "Northgate Logistics", "northgate-logistics.example", object_id("northgate", "tenant")
)
TENANTS = (ACME, BLUEWATER, HARROW, NORTHGATE)
# A directory of the cloud that nobody has connected yet: to try how a tenant is added.
LARKSPUR = DemoTenant("larkspur", "Larkspur Training", "larkspur-training.example", object_id("larkspur", "tenant"))

# The attacker's side, used by evidence and indicators alike. Autonomous systems are from RFC 5398's reserved range.
PROXY_IP = "198.51.100.23"
REPLAY_IP = "203.0.113.66"
REPLAY_NETWORK = "AS64511"
PROXY_NETWORK = "AS64509"
SPRAY_IP = "203.0.113.142"
SPRAY_NETWORK = "AS64507"
NORTHGATE_REPLAY_IP = "203.0.113.71"
REPLAY_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SPRAY_AGENT = "BAV2ROPC"

RENEE_SESSION = object_id("acme", "stolen session", "renee")
TADHG_SESSION = object_id("acme", "stolen session", "tadhg")
MAREIKE_SESSION = object_id("northgate", "stolen session", "mareike")

ATTACKER_DEVICE = "DESKTOP-7QK2F1B"
SPRAY_DEVICE = "WIN-3M0PLH5D2TA"
MAIL_APP = "MailVault Sync"
SHARED_APP = "PDF Quick Merge"
PLANTED_REGISTRATION = "Exchange Backup Connector"
ATTACKER_GUEST = "v.lanz_ledger-review.example#EXT#@acmecorp.onmicrosoft.example"
HIDDEN_RULE = "Conversation Sync"
HIDDEN_RULE_TARGET = "rc-archive@mailbox-vault.example"
FORWARDING_TARGET = "renee.castellane@acme-corp-mail.example"
SPRAY_RULE_TARGET = "t.obriain.sales@quickpost.example"
NORTHGATE_RULE = ".."

_LURE_HOST = "docusafe-sign.example"
_LURE_SENDER, _LURE_NAME = f"no-reply@{_LURE_HOST}", "Docusafe Notifications"

LURE = Phish(
    internet_message_id=f"<20b7e1c4d9f34a0e.DS-48213@mta4.{_LURE_HOST}>",
    subject="Action required: your signed agreement DS-48213 is waiting",
    link=f"https://{_LURE_HOST}/agreement/DS-48213/review",
    sender=_LURE_SENDER,
    sender_name=_LURE_NAME,
)
LURE_SECOND = Phish(  # the same campaign under another ticket number, as two colleagues got it
    internet_message_id=f"<7c02ab95e6114d71.DS-48377@mta4.{_LURE_HOST}>",
    subject="Action required: your signed agreement DS-48377 is waiting",
    link=f"https://{_LURE_HOST}/agreement/DS-48377/review",
    sender=_LURE_SENDER,
    sender_name=_LURE_NAME,
)
REMITTANCE = Phish(
    internet_message_id="<DEMO0417B6C3A1E9@mail.acme-corp.example>",
    subject="Updated remittance details - please review today",
    sender="renee.castellane@acme-corp.example",
    sender_name="Renée Castellane",
    link=f"https://{_LURE_HOST}/s/remittance-0417",
    is_internal=True,
)
COMMISSION = Phish(
    internet_message_id="<DEMO0522F1D07C48@mail.acme-corp.example>",
    subject="Commission statement Q3 (corrected)",
    sender="tadhg.obriain@acme-corp.example",
    sender_name="Tadhg Ó Briain",
    link="https://sharefile-acme.example/c/commission-q3",
    is_internal=True,
)

# Mail nicknames of the 14 colleagues who got the internal phish, and where their copy lies by now.
INTERNAL_RECIPIENTS: dict[str, str] = {
    "priyanka.raghunathan": "inbox", "samuel.tetteh": "inbox", "lotte.vandenberg": "deleteditems",
    "marcus.whitfield": "inbox", "ana.lucia.ferreira": "To do", "gethin.bowen": "inbox", "hannah.lindqvist": "inbox",
    "oluwaseun.adeyemi": "archive", "dominik.nowak": "inbox", "siobhan.mcateer": "deleteditems",
    "yusuf.karaca": "inbox", "meiling.wang": "inbox", "charlotte.beaumont": "Finance questions",
    "noura.alhaddad": "inbox",
}  # fmt: skip
INTERNAL_RECIPIENTS_SPRAY: dict[str, str] = {
    "freya.halvorsen": "inbox", "connor.mackinnon": "inbox", "ines.carvalho": "deleteditems",
}  # fmt: skip

# Who got the outside phish: mail nickname -> (mail, folder, is read).
LURE_COPIES: dict[str, dict[str, tuple[Phish, str, bool]]] = {
    "acme": {
        "renee.castellane": (LURE, "inbox", True), "priyanka.raghunathan": (LURE, "inbox", True),
        "samuel.tetteh": (LURE, "inbox", False), "marcus.whitfield": (LURE, "junkemail", False),
        "oluwaseun.adeyemi": (LURE_SECOND, "inbox", False), "gethin.bowen": (LURE_SECOND, "deleteditems", True),
    },
    "bluewater": {"orla.keane": (LURE, "inbox", True), "reception": (LURE, "inbox", False)},
    "harrow": {
        "edmund.harrow": (LURE, "inbox", False), "beatrix.finch": (LURE_SECOND, "inbox", True),
        "joao.teixeira": (LURE, "archive", True), "accounts": (LURE_SECOND, "inbox", False),
    },
    "northgate": {
        "mareike.vogt": (LURE, "inbox", True), "dispatch": (LURE, "inbox", False),
        "stefan.brueckner": (LURE_SECOND, "inbox", False),
    },
}  # fmt: skip


def _minutes(minutes: float) -> timedelta:
    return timedelta(minutes=minutes)


def _hours(hours: int, minutes: int = 0) -> timedelta:
    return timedelta(hours=hours, minutes=minutes)


RENEE = DemoIncident(
    key="renee",
    tenant="acme",
    victim="renee.castellane@acme-corp.example",
    state="active",
    phish_received=_minutes(190),
    phish_read=_minutes(180),
    first_access=_minutes(178),
    detected=_minutes(22),
    acts=(
        Act("sign_in", _minutes(178), "UserLoggedIn", "Signed in through the proxy while she typed her password"),
        Act("replay", _minutes(171), "UserLoggedIn", "Used the stolen session from a hosting network in Iceland"),
        Act("read_mail", _minutes(169), "MailItemsAccessed", "Read invoices, bank letters and payment runs"),
        Act("search", _minutes(165), "SearchQueryInitiatedExchange", "Searched the mailbox for “invoice” and “IBAN”"),
        Act("rule", _minutes(162), "New-InboxRule", "Made the rule “.” that hides replies in RSS Feeds"),
        Act(
            "hidden_rule",
            _minutes(160),
            "UpdateInboxRules",
            f"Made a hidden rule that forwards to {HIDDEN_RULE_TARGET}",
        ),
        Act("forwarding", _minutes(158), "Set-Mailbox", f"Forwarded the whole mailbox to {FORWARDING_TARGET}"),
        Act("sync", _minutes(155), "MailItemsAccessed", "Downloaded the folder “Payment runs”"),
        Act("guest", _minutes(153), "Add user.", "Invited “Viktor Lanz (Audit)” as a guest"),
        Act("full_access", _minutes(149), "Add-MailboxPermission", "Gave the guest full access to her mailbox"),
        Act("send_as", _minutes(148), "Add-RecipientPermission", "Let the guest send as her"),
        Act(
            "consent", _minutes(145), "Consent to application.", f"Consented to “{MAIL_APP}” with read and write access"
        ),
        Act("consent_shared", _minutes(142), "Consent to application.", f"Consented to “{SHARED_APP}”"),
        Act(
            "consent_microsoft",
            _minutes(140),
            "Consent to application.",
            "Used Microsoft's own Graph command line tools",
        ),
        Act("registration", _minutes(138), "Add application.", f"Registered the application “{PLANTED_REGISTRATION}”"),
        Act(
            "app_secret",
            _minutes(137),
            "Update application – Certificates and secrets management ",
            "Added a secret to it",
        ),
        Act("files", _minutes(135), "FileDownloaded", "Downloaded six files from the finance site and her OneDrive"),
        Act("device", _minutes(132), "Add device.", f"Registered the device {ATTACKER_DEVICE}"),
        Act(
            "authenticator",
            _minutes(127),
            "User registered security info",
            "Registered an authenticator app of their own",
        ),
        Act("phone", _minutes(126), "User registered security info", "Registered a phone number in the United States"),
        Act("internal_phish", _minutes(118), "Send", "Sent “Updated remittance details” to 14 colleagues"),
        Act("cover", _minutes(117), "MoveToDeletedItems", "Deleted the sent mail"),
        Act("supplier", _minutes(92), "Send", "Told a customer's accounts department about a new bank account"),
        Act("hard_delete", _minutes(90), "HardDelete", "Removed that mail and the answer to it for good"),
        Act("refresh", _minutes(52), "UserLoggedIn", "Renewed the session from Iceland"),
    ),
    how_detected=(
        "One session was used from two networks in two countries within seven minutes, first in Edge on Windows, then"
        " in Firefox on Linux, and 9 minutes later an inbox rule named “.” was made from the second network."
    ),
    root_cause=(
        "Renée opened a mail that posed as Docusafe and signed in on its page; the page passed her password and her "
        "second factor on to Microsoft and kept the session token (adversary in the middle)."
    ),
    what_happened="Session token stolen through a fake sign-in page",
    indicators=(
        Indicator("ip", PROXY_IP, "The sign-in page of the phish passed her sign-in on from this address"),
        Indicator("ip", REPLAY_IP, "The stolen session was used from this address 7 minutes later"),
        Indicator("network", REPLAY_NETWORK, "A hosting network that nobody at Acme Corp had used before"),
        Indicator("country", "IS", "Renée has never signed in from Iceland"),
        Indicator("session", RENEE_SESSION, "The stolen session, used from two networks"),
        Indicator("user_agent", REPLAY_AGENT, "Firefox on Linux; she uses Edge on Windows and Outlook on her phone"),
        Indicator("device", ATTACKER_DEVICE, "Registered during the attack, from the attacker's address"),
        Indicator("application", MAIL_APP, "Consented to during the attack; its publisher is not verified"),
    ),
    phish=(LURE, REMITTANCE),
    is_left_to_evidence=True,
)

TADHG = DemoIncident(
    key="tadhg",
    tenant="acme",
    victim="tadhg.obriain@acme-corp.example",
    state="unpublished",
    phish_received=None,
    phish_read=None,
    first_access=_hours(26),
    detected=_hours(1, 35),
    acts=(
        Act(
            "sign_in",
            _hours(26),
            "UserLoggedIn",
            "Signed in with a guessed password over a protocol without second factor",
        ),
        Act(
            "method",
            _hours(25, 48),
            "User registered security info",
            "Registered a phone number and made it the default",
        ),
        Act("device", _hours(25, 44), "Add device.", f"Registered the device {SPRAY_DEVICE}"),
        Act("read_mail", _hours(25, 40), "MailItemsAccessed", "Read quotes and contracts"),
        Act(
            "rule",
            _hours(25, 20),
            "New-InboxRule",
            f"Made a rule that forwards mail about orders to {SPRAY_RULE_TARGET}",
        ),
        Act("internal_phish", _hours(2, 10), "Send", "Sent a “commission statement” to three colleagues in sales"),
    ),
    how_detected=(
        "Twenty-three accounts had one failed sign-in each from the same address within six minutes; Tadhg's succeeded,"
        " and the same address later made a rule that forwards mail outside Acme Corp."
    ),
    root_cause="A guessed password (password spray) over SMTP sign-in, which does not ask for a second factor.",
    what_happened="Password guessed, mail forwarded outside",
    indicators=(
        Indicator("ip", SPRAY_IP, "Tried 23 accounts within six minutes; one sign-in succeeded"),
        Indicator("network", SPRAY_NETWORK, "A hosting network that nobody at Acme Corp had used before"),
        Indicator("country", "MD", "Tadhg has never signed in from Moldova"),
        Indicator("session", TADHG_SESSION, "The session that began with the guessed password"),
        Indicator("device", SPRAY_DEVICE, "Registered minutes after the guessed password"),
    ),
    phish=(COMMISSION,),
)

MAREIKE = DemoIncident(
    key="mareike",
    tenant="northgate",
    victim="mareike.vogt@northgate-logistics.example",
    state="unpublished",
    phish_received=_minutes(186),
    phish_read=_minutes(104),
    first_access=_minutes(102),
    detected=_minutes(41),
    acts=(
        Act("sign_in", _minutes(102), "UserLoggedIn", "Signed in through the proxy while she typed her password"),
        Act("replay", _minutes(96), "UserLoggedIn", "Used the stolen session from a hosting network in Iceland"),
        Act("read_mail", _minutes(95), "MailItemsAccessed", "Read mail about carrier invoices"),
        Act("rule", _minutes(91), "New-InboxRule", "Made the rule “..” that hides mail about invoices in RSS-Feeds"),
        Act(
            "authenticator",
            _minutes(84),
            "User registered security info",
            "Registered an authenticator app of their own",
        ),
    ),
    how_detected=(
        "The session of a Global Administrator was used from two networks in two countries within six minutes, and an "
        "inbox rule named “..” followed."
    ),
    root_cause=(
        "Mareike opened the same Docusafe phish as people at Acme Corp and signed in on its page, which kept the"
        " session token (adversary in the middle)."
    ),
    what_happened="Session token of a Global Administrator stolen",
    indicators=(
        Indicator("ip", PROXY_IP, "The sign-in page of the phish passed her sign-in on from this address"),
        Indicator("ip", NORTHGATE_REPLAY_IP, "The stolen session was used from this address 6 minutes later"),
        Indicator("network", REPLAY_NETWORK, "The hosting network that was also seen at Acme Corp"),
        Indicator("country", "IS", "Mareike has never signed in from Iceland"),
        Indicator("session", MAREIKE_SESSION, "The stolen session, used from two networks"),
        Indicator("user_agent", REPLAY_AGENT, "Firefox on Linux; she uses Edge on Windows"),
    ),
    phish=(LURE,),
)

INCIDENTS = (RENEE, TADHG, MAREIKE)

SYNC_ACCOUNT = "Sync_ACME-DC01_7f3e21a9c0d4@acmecorp.onmicrosoft.example"
SCANNER = "scan2mail@acme-corp.example"

PROTECTED_ACCOUNTS = (
    ProtectedAccount(
        "acme", "breakglass@acme-corp.example", "break_glass", "Emergency access; the key is in the safe in Bristol."
    ),
    ProtectedAccount(
        "acme", SCANNER, "service", "The multifunction printers send scans with it; locking it stops them."
    ),
    ProtectedAccount("acme", SYNC_ACCOUNT, "directory_sync", "Synchronizes the directory from ACME-DC01."),
    ProtectedAccount("bluewater", "breakglass@bluewater-dental.example", "break_glass", "Emergency access."),
    ProtectedAccount("harrow", "breakglass@harrow-finch.example", "break_glass", "Emergency access."),
    ProtectedAccount("northgate", "breakglass@northgate-logistics.example", "break_glass", "Emergency access."),
)
