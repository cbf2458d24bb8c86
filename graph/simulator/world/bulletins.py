"""Mail that nobody answers: newsletters, notices, receipts. Some of it looks like the phish and is honest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from graph.simulator.world.ids import dice
from graph.simulator.world.letters import Address, Letter, delivery_headers
from graph.simulator.world.tenant import TenantWorld


@dataclass(frozen=True, slots=True)
class Notice:
    """One mail from outside to a single reader."""

    sender: Address
    subject: str
    paragraphs: tuple[str, ...]
    link: tuple[str, str] | None = None
    server: str = "out.mailrelay.example"
    ip: str = "198.51.100.12"


_PARCELS = Address("Swiftparcel", "tracking@swiftparcel.example")
_RAIL = Address("Crossland Rail", "bookings@crossland-rail.example")
_PRESS = Address("Pump & Valve Weekly", "editor@pumpvalve-weekly.example")
_TRADE = Address("Water Industry Fair", "exhibitors@waterfair.example")
_BOOKS = Address("Harbour Books", "orders@harbour-books.example")
_MEET = Address("MeetLoop", "notifications@meetloop.example")
_DOCUSAFE = Address("DocuSafe", "notifications@docusafe.example")  # the honest service that the phish imitates
_TRAINING = Address("Clearway Learning", "courses@clearway-learning.example")
_HOTEL = Address("Hotel Maasbrug", "reservations@maasbrug.example")
_CANTEEN = Address("Temple Quay Kitchen", "menu@templequay-kitchen.example")

# fmt: off
NOTICES: tuple[Notice, ...] = (
    Notice(_PARCELS, "Your parcel {ref} arrives tomorrow", (
        "Your parcel is on its way and will reach you tomorrow between nine and twelve.",
        "Nobody at reception? Choose a neighbour in the app."),
        ("Follow the parcel", "https://swiftparcel.example/t/{ref}")),
    Notice(_RAIL, "Your booking {ref}: Bristol to Leeds", (
        "Coach B, seat 42, facing forward. Your ticket is attached to your account; no need to print it.",
        "Changes are free until the evening before."),
        ("Show the ticket", "https://crossland-rail.example/b/{ref}")),
    Notice(_PRESS, "This week: who builds the quietest station?", (
        "Three new pumping stations were opened this month. We listened to all of them.",
        "Also in this issue: a foundry that heats a swimming pool, and the return of bronze.")),
    Notice(_PRESS, "Seals, sand and sea water", (
        "Why do seals fail twice as often on the coast? A test that ran for two years has an answer.",
        "And: five questions for the woman who looks after 900 pumps.")),
    Notice(_TRADE, "Your exhibitor pass is ready", (
        "Doors open at seven for exhibitors. Please bring something with your photograph on it.",
        "Parking is behind hall 3; the first hour is free."),
        ("Download the pass", "https://waterfair.example/pass/{ref}")),
    Notice(_BOOKS, "Your order {ref} has been sent", (
        "One book is on its way to you: “The Pump that Would Not Stop”.",
        "Thank you for buying from an independent shop.")),
    Notice(_MEET, "{given}, somebody booked a time with you", (
        "A meeting of 30 minutes was booked in your calendar. You can move it as long as it has not begun.",),
        ("Open the booking", "https://meetloop.example/m/{ref}")),
    Notice(_DOCUSAFE, "Completed: framework agreement {ref}", (
        "All parties have signed the framework agreement {ref}. A copy is kept in your archive.",
        "DocuSafe never asks for your Microsoft password."),
        ("Open the agreement", "https://app.docusafe.example/agreements/{ref}"),
        "mta1.docusafe.example", "198.51.100.31"),
    Notice(_DOCUSAFE, "Reminder: agreement {ref} is waiting for your signature", (
        "You were asked to sign the agreement {ref}. It expires in ten days.",
        "DocuSafe never asks for your Microsoft password."),
        ("Review and sign", "https://app.docusafe.example/agreements/{ref}/sign"),
        "mta1.docusafe.example", "198.51.100.31"),
    Notice(_TRAINING, "Fire safety: 20 minutes that are due this month", (
        "Your yearly fire safety course is open until the end of the month.",
        "You may stop and go on later; the extinguisher waits."),
        ("Start the course", "https://clearway-learning.example/c/{ref}")),
    Notice(_HOTEL, "We look forward to your stay", (
        "Your room with a view of the bridge is reserved. Breakfast begins at half past six.",
        "Please tell us if you arrive after ten.")),
    Notice(_CANTEEN, "Menu of the week", (
        "Monday: leek and potato soup. Tuesday: the curry. Wednesday: the curry, by popular demand.",
        "Thursday and Friday are on the board.")),
)

# What may reach anybody, wherever they work.
GENERAL_NOTICES = tuple(
    each for each in NOTICES if each.sender in (_PARCELS, _BOOKS, _MEET, _DOCUSAFE, _TRAINING)
)

_WEEKLY = (
    ("The Acme Weekly: a pump goes to Antarctica", (
        "Our P-40 was chosen for the new research station. It will be the loneliest pump we ever made.",
        "In Leeds the lift works again. In Bristol the bicycles have a roof.",
        "Welcome to Charlotte in finance, and to Jasper, who will find us more like them.")),
    ("The Acme Weekly: 500 days without an accident", (
        "The plant has had 500 days without an accident. Catriona bakes; be quick.",
        "Applications for the apprentice programme close at the end of the month.")),
    ("The Acme Weekly: please lock your screens", (
        "IT walked through both offices on Tuesday and found eleven open screens. Eleven people now own a fern.",
        "And: never approve a sign-in that you did not start. Tell the service desk instead.")),
    ("The Acme Weekly: photographs from the plant", (
        "The photographs are here, and yes, everybody wears glasses.",
        "Thank you to Kwabena and his team for looking so natural.")),
)
_CLOSE = ("Month-end close: calendar and who does what", (
    "Dear all, the calendar for the coming close is below. It is the same as last time, with one day less for travel.",
    "Invoices that arrive after the cut-off go into the next month, without exceptions, not even for me.",
    "If you are asked to pay into a new bank account: stop, and call me."))
# fmt: on

CLOSE_SUBJECT = _CLOSE[0]
COMMUNICATIONS = "sofia.peralta"


def send_notices(world: TenantWorld, notices: Sequence[Notice], *, most: int, until: int) -> None:
    """Outside notices for everybody, up to ``most`` each and until a mailbox holds ``until`` messages."""
    for key in world.staff():
        chance = dice(world.company.key, "notices", key)
        for index in chance.sample(range(len(notices)), chance.randrange(2, most + 1)):
            if len(world.mailboxes[key].messages) < until:
                send_notice(world, key, notices[index], chance.randrange(0, 45))


def send_notice(world: TenantWorld, key: str, notice: Notice, days_back: int) -> None:
    """One notice to one person."""
    chance = dice(world.company.key, "notice", key, notice.subject)
    reference = f"{chance.choice('KLMNP')}{chance.randrange(100_000, 999_999)}"
    words = {"ref": reference, "given": world.people[key].given or "Hello"}
    letter = Letter(
        key=f"notice/{key}/{notice.subject}",
        at=world.moments.office(days_back, chance.randrange(0, 500)) - timedelta(minutes=chance.randrange(0, 200)),
        sender=notice.sender,
        to=(world.address(key),),
        subject=notice.subject.format_map(words),
        paragraphs=tuple(text.format_map(words) for text in notice.paragraphs),
        link=(notice.link[0], notice.link[1].format_map(words)) if notice.link else None,
        is_bulk=True,
        headers=delivery_headers(notice.server, notice.ip, "pass", notice.sender),
    )
    world.deliver(letter, default=("inbox", chance.random() < 0.7))


def send_weekly(world: TenantWorld) -> None:
    """The newsletter of the house, to everybody: many readers, one sender, nothing wrong with it."""
    for week, (subject, paragraphs) in enumerate(_WEEKLY):
        letter = Letter(
            key=f"weekly/{week}",
            at=world.moments.office(3 + 7 * week, 130),
            sender=world.address(COMMUNICATIONS),
            to=(Address("All staff", f"all@{world.company.domain}"),),
            bcc=tuple(world.address(key) for key in world.staff()),
            subject=subject,
            paragraphs=(*paragraphs, "Sofía and the communications team"),
            is_bulk=True,
        )
        unread = dice("weekly", str(week))
        places = {key: ("inbox", unread.random() < 0.75) for key in world.staff()}
        world.deliver(letter, places)


def send_close_calendar(world: TenantWorld, lead: str) -> None:
    """A mail that the victim did send to many colleagues, two weeks before anything happened."""
    subject, paragraphs = _CLOSE
    names = [*world.staff("Finance", "Executive Office", "Operations")]
    letter = Letter(
        key="close calendar",
        at=world.moments.office(15, 75),
        sender=world.address(lead),
        to=tuple(world.address(key) for key in names if key != lead),
        subject=subject,
        paragraphs=(*paragraphs, "Renée"),
        has_attachments=True,
    )
    world.deliver(letter)
