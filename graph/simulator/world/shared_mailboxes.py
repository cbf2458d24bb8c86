"""Mail to the addresses that several people read."""

from __future__ import annotations

from graph.simulator.world.letters import Address, Letter, delivery_headers
from graph.simulator.world.tenant import TenantWorld

_MAIL: dict[str, tuple[tuple[str, str, str, str], ...]] = {  # mailbox -> sender's name, address, subject, text
    "accounts.payable": (
        (
            "Tamar Foundry",
            "invoices@tamar-foundry.example",
            "Invoice 77120",
            "Please find our invoice for the castings attached.",
        ),
        (
            "Lyle Crane Hire",
            "office@lylecranes.example",
            "Invoice for two days of crane hire",
            "Invoice attached. Thank you for the tea.",
        ),
        (
            "Humber Freight",
            "billing@humber-freight.example",
            "Collective invoice",
            "Fourteen consignments on one invoice, as agreed.",
        ),
        (
            "Polymer Seals",
            "faktury@polymer-seals.example",
            "Invoice 2207 and credit note",
            "The credit note is for the hardened samples.",
        ),
        (
            "Fairground Stands",
            "accounts@fairground-stands.example",
            "Corner stand, first instalment",
            "As agreed with your marketing team.",
        ),
        (
            "Swiftparcel",
            "billing@swiftparcel.example",
            "Your monthly statement",
            "219 parcels, none of them late.",
        ),
        (
            "Temple Quay Kitchen",
            "menu@templequay-kitchen.example",
            "Canteen vouchers",
            "The vouchers for the apprentices, as every month.",
        ),
        (
            "Crossland Rail",
            "business@crossland-rail.example",
            "Statement of your business account",
            "All bookings of the month in one list.",
        ),
    ),
    "info": (
        (
            "Wilf Tanner",
            "wilf.tanner@allotments-easton.example",
            "An old hand pump",
            "We found one of yours from 1934 on our allotment. It still works. Would you like a photograph?",
        ),
        (
            "Priory School",
            "office@priory-school.example",
            "Visit of year 9",
            "Would it be possible to see the plant with 24 pupils and two teachers?",
        ),
        (
            "Delta Waterbeheer",
            "info@delta-waterbeheer.example",
            "Data sheet for the P-40",
            "The link on your page leads to the P-30. Could you send the right sheet?",
        ),
        (
            "Aguas del Duero",
            "compras@aguasdelduero.example",
            "Enquiry",
            "We need a quotation for six pumps, delivery in spring.",
        ),
        (
            "Water Industry Fair",
            "press@waterfair.example",
            "Interview with your exhibitors",
            "We would like to speak with somebody who can explain a pump in two minutes.",
        ),
        (
            "Greta Holm",
            "greta.holm@holm-family.example",
            "Thank you",
            "Your support found a seal for a pump older than I am. Please thank the man with the Welsh accent.",
        ),
    ),
}


def send_shared_mail(world: TenantWorld) -> None:
    """A handful of ordinary mails to each shared mailbox."""
    for key, mails in _MAIL.items():
        for index, (name, address, subject, text) in enumerate(mails):
            sender = Address(name, address)
            letter = Letter(
                key=f"shared/{key}/{index}",
                at=world.moments.office(1 + 4 * index, 40 + 57 * index),
                sender=sender,
                to=(world.address(key),),
                subject=subject,
                paragraphs=(text, name),
                has_attachments="attached" in text or "voice" in subject,
                headers=delivery_headers("out.mailrelay.example", "198.51.100.12", "pass", sender),
            )
            world.deliver(letter, default=("inbox", index > 1))
