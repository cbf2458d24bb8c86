"""Acme Corp before anybody attacked it: its people at work, and what belongs to them."""

from __future__ import annotations

from datetime import timedelta

from graph.simulator.world import story
from graph.simulator.world.acme_people import COMPANY, PEOPLE
from graph.simulator.world.applications import (
    App,
    add_microsoft_apps,
    add_registration,
    add_service_principal,
    consent,
    consents,
)
from graph.simulator.world.bulletins import NOTICES, send_close_calendar, send_notice, send_notices, send_weekly
from graph.simulator.world.conversations import THREADS
from graph.simulator.world.conversations_finance import FINANCE_THREADS
from graph.simulator.world.correspondence import Postman
from graph.simulator.world.devices import (
    MOBILE_ID,
    Machine,
    add_device,
    authenticator,
    equip,
    password_method,
    phone,
    phone_method,
)
from graph.simulator.world.ids import object_id
from graph.simulator.world.letters import Letter
from graph.simulator.world.moments import Moments
from graph.simulator.world.shared_mailboxes import send_shared_mail
from graph.simulator.world.tenant import TenantWorld

LEAD = "renee.castellane"
ASSISTANT = "oluwaseun.adeyemi"
_MOST_MAIL = 24  # of an ordinary person, before the newsletters
_MOST_FINANCE = 18  # of the lead's team, before they write to anybody else

SCHEDULER = App(
    "meetloop", "MeetLoop Scheduler", object_id("meetloop", "tenant"), "https://meetloop.example", True, "MeetLoop Ltd",
    description="Lets others book a time with you.",
)  # fmt: skip
STOCK_PORTAL = App(
    "stock portal", "Acme Stock Portal", story.ACME.tenant_id, "https://stock.acme-corp.example",
    description="Stock levels of both warehouses. Built by IT, since 2019.",
)  # fmt: skip
REPORTING = App(
    "finance reporting", "Finance Reporting", story.ACME.tenant_id, "",
    description="Reads the calendar of the finance team for the closing report.",
)  # fmt: skip

_FOLDERS = {
    LEAD: ["Payment runs", "Bank", "Board", "Newsletters", "From Judith"],
    "charlotte.beaumont": ["Finance questions", "Suppliers"],
    "ana.lucia.ferreira": ["To do", "Customers"],
    "marcus.whitfield": ["Offers"],
    "tadhg.obriain": ["Offers", "Orders"],
    "aisha.bello": ["P-55", "Test reports"],
    "rosalind.achebe": ["Tickets"],
    "lotte.vandenberg": ["Orders", "Complaints"],
}


def build_acme(moments: Moments) -> TenantWorld:
    """The tenant as it was this morning, apart from what the attackers did."""
    world = TenantWorld(COMPANY, PEOPLE, moments, story.ACME.tenant_id)
    for key, folders in _FOLDERS.items():
        world.mailboxes[key].own_folders = folders
    _write_mail(world)
    _lead_mailbox(world)
    equip(world)
    _lead_equipment(world)
    _applications(world)
    world.settings["directoryRoles"] = [
        "User Administrator", "Exchange Administrator", "Cloud Application Administrator",
    ]  # fmt: skip
    return world


def _write_mail(world: TenantWorld) -> None:
    postman = Postman(world, LEAD)
    for round_, days_back in enumerate((2, 31, 58)):
        for index, thread in enumerate(FINANCE_THREADS):
            if round_ == 0 or index < 3 or (index + round_) % 3 == 0:
                postman.hold(thread, None, days_back + (index * 7) % 26, _MOST_FINANCE)
    postman.fill(THREADS, _MOST_MAIL)
    send_notices(world, NOTICES, most=4, until=_MOST_MAIL)
    for index, notice in enumerate(NOTICES):
        send_notice(world, LEAD, notice, 1 + 3 * index)
    send_weekly(world)
    send_close_calendar(world, LEAD)
    _scans(world)
    send_shared_mail(world)
    _drafts(world)


def _scans(world: TenantWorld) -> None:
    """The printers send scans from their own account."""
    scanner = world.address("scan2mail")
    for index, key in enumerate(["samuel.tetteh", "charlotte.beaumont", "kieran.doyle", "darren.poole", LEAD]):
        letter = Letter(
            key=f"scan/{index}",
            at=world.moments.office(1 + 2 * index, 90 + 31 * index),
            sender=scanner,
            to=(world.address(key),),
            subject="Scan from MFP-Bristol-1",
            paragraphs=("Pages: 2. Format: PDF. This mailbox is not read by anybody.",),
            has_attachments=True,
        )
        world.deliver(letter, default=("inbox", index > 0))


def _drafts(world: TenantWorld) -> None:
    lead = world.mailboxes[LEAD]
    for index, (subject, text) in enumerate(
        (
            ("Thoughts about the treasury role", "Gethin could take the bank relations from spring on, if we"),
            ("Re: Insurance renewal", "One more thing before I sign: does the second offer cover"),
        )
    ):
        letter = Letter(
            key=f"draft/{index}",
            at=world.moments.office(2 + index, 300),
            sender=lead.address,
            to=(world.address("judith.amankwah"),),
            subject=subject,
            paragraphs=(text,),
        )
        lead.file_sent(letter, "drafts", is_draft=True)


def _lead_mailbox(world: TenantWorld) -> None:
    """Her own rules, and who may use her mailbox for good reasons."""
    box = world.mailboxes[LEAD]
    judith = world.address("judith.amankwah").as_recipient()
    box.add_rule(
        "Newsletters",
        {"senderContains": ["pumpvalve-weekly.example", "waterfair.example"]},
        {"moveToFolder": "Newsletters", "stopProcessingRules": True},
        created=world.moments.days(820),
    )
    box.add_rule(
        "From CEO",
        {"fromAddresses": [judith]},
        {"copyToFolder": "From Judith", "markImportance": "high"},
        created=world.moments.days(611),
    )
    newsletters, inbox = box.folder("Newsletters"), box.folder("inbox")
    for message in box.messages:
        sender = str(message["from"]["emailAddress"]["address"])
        if message["parentFolderId"] == inbox and sender.endswith(("pumpvalve-weekly.example", "waterfair.example")):
            message["parentFolderId"] = newsletters
        elif message["parentFolderId"] == inbox and "Payment run" in str(message["subject"]):
            message["parentFolderId"] = box.folder("Payment runs")
        elif message["parentFolderId"] == inbox and sender.endswith("westmark-bank.example"):
            message["parentFolderId"] = box.folder("Bank")
    box.allow(world.upn_of(ASSISTANT), "FullAccess")
    box.allow(story.SYNC_ACCOUNT, "FullAccess")
    box.settings["GrantSendOnBehalfTo"] = [world.upn_of(ASSISTANT)]


def _lead_equipment(world: TenantWorld) -> None:
    """Methods from two years ago; the devices came from equip()."""
    since = world.moments.office(748, 127)
    number = str(world.users[LEAD]["mobilePhone"]).replace(" ", "")
    world.methods[world.id_of(LEAD)] = [
        password_method(world.users[LEAD]["createdDateTime"]),
        authenticator(LEAD, phone(world, LEAD).name, "SoftwareTokenActivated", since, is_default=True),
        phone_method(MOBILE_ID, "mobile", f"{number[:3]} {number[3:]}", since + timedelta(minutes=2)),
    ]
    old = Machine("Renée's iPad", "IPad", "17.7", "Workplace", "Apple", "iPad Air")
    add_device(world, LEAD, old, world.moments.days(702), world.moments.days(3))


def _applications(world: TenantWorld) -> None:
    moments = world.moments
    add_microsoft_apps(world)
    add_service_principal(world, SCHEDULER, moments.days(640))
    users = [LEAD, *[key for key in world.staff() if key != LEAD]][:42]
    consents(world, SCHEDULER.key, users, "openid profile offline_access User.Read Calendars.ReadWrite", 630)
    add_registration(world, STOCK_PORTAL, "tom.farrant", moments.days(2_300), moments.days(320))
    portal_users = [LEAD, *world.staff("Operations", "Sales")]
    consents(world, STOCK_PORTAL.key, portal_users, "openid profile User.Read", 1_400)
    add_registration(world, REPORTING, LEAD, moments.days(371), moments.days(371))
    consent(world, REPORTING.key, LEAD, "openid User.Read Calendars.Read", moments.days(371))
    consent(world, "petra", LEAD, "openid profile offline_access User.Read Mail.Read", moments.days(44))
    consent(world, "petra", "rosalind.achebe", "openid profile User.Read", moments.days(64))
