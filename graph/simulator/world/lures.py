"""The phish: the outside campaign, and what the attacker sent from inside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from graph.simulator.world import story
from graph.simulator.world.letters import Address, Letter, answer_subject, delivery_headers
from graph.simulator.world.story_types import Phish
from graph.simulator.world.tenant import TenantWorld

_MAIL_SERVER, MAIL_SERVER_IP = "mta4.docusafe-sign.example", "198.51.100.77"


def send_lure(world: TenantWorld, copies: Mapping[str, tuple[Phish, str, bool]], received: timedelta) -> None:
    """The outside phish to everybody who got it, each copy alone: the sender hid the others."""
    for index, (key, (phish, folder, is_read)) in enumerate(copies.items()):
        at = world.moments.ago(received) + timedelta(seconds=2 * index)
        world.deliver(_lure(world, key, phish, at), {key: (folder, is_read)})


def _lure(world: TenantWorld, key: str, phish: Phish, at: datetime) -> Letter:
    found = re.search(r"DS-\d+", phish.subject)
    ticket = found[0] if found else ""
    sender = Address(phish.sender_name, phish.sender)
    given = world.people[key].given or world.people[key].display_name
    return Letter(
        key=f"lure/{ticket}/{key}",
        at=at - timedelta(seconds=3),  # so that it is received at the very minute of the story
        sender=sender,
        to=(world.address(key),),
        subject=phish.subject,
        paragraphs=(
            f"Hello {given},",
            f"The agreement {ticket} has been signed by the other party and waits for your confirmation.",
            (
                "For your protection the document opens only after you sign in with your work account. The link is"
                " valid for 24 hours."
            ),
            "Docusafe - the safe way to sign",
        ),
        link=("REVIEW DOCUMENT", phish.link),
        internet_message_id=phish.internet_message_id,
        conversation=f"lure/{ticket}",
        importance="high",
        headers=delivery_headers(_MAIL_SERVER, MAIL_SERVER_IP, "softfail", sender),
    )


def remittance(world: TenantWorld) -> Letter:
    """The internal phish of the first incident: to 14 colleagues, and to the scanner's mailbox by mistake."""
    names = [*story.INTERNAL_RECIPIENTS, story.SCANNER.partition("@")[0]]
    return Letter(
        key="remittance",
        at=world.moments.ago(story.RENEE.before_now("internal_phish")),
        sender=world.address("renee.castellane"),
        to=tuple(world.address(key) for key in names),
        subject=story.REMITTANCE.subject,
        paragraphs=(
            "Hi all,",
            (
                "our bank has moved our collection account and some remittance details change with it. Please look at"
                " the updated sheet before the end of the day, so that nothing is paid to the old account."
            ),
            "You will be asked to sign in again, that is because the file is protected.",
            "Thanks, Renée",
        ),
        link=("Open remittance-details.xlsx", story.REMITTANCE.link),
        internet_message_id=story.REMITTANCE.internet_message_id,
        importance="high",
    )


def commission(world: TenantWorld) -> Letter:
    """The internal phish of the second incident."""
    return Letter(
        key="commission",
        at=world.moments.ago(story.TADHG.before_now("internal_phish")),
        sender=world.address("tadhg.obriain"),
        to=tuple(world.address(key) for key in story.INTERNAL_RECIPIENTS_SPRAY),
        subject=story.COMMISSION.subject,
        paragraphs=(
            "Hi,",
            (
                "the commission statement for the third quarter had an error in it. The corrected one is here, please"
                " check your line before payroll closes."
            ),
            "Tadhg",
        ),
        link=("commission-q3.xlsx", story.COMMISSION.link),
        internet_message_id=story.COMMISSION.internet_message_id,
    )


# fmt: off
_ANSWERS = (  # colleagues who asked; the rule “.” hid all but the last, which holds none of its words
    ("priyanka.raghunathan", 111, "Is this real? You told us never to trust a new bank account by mail.", True),
    ("dominik.nowak", 104, "The page asks for my password again. Is that the invoice system or a phish?", True),
    ("siobhan.mcateer", 97, "I think your account was hacked. I have deleted it. Please call me.", True),
    ("hannah.lindqvist", 88, "I cannot open the sheet on my tablet, could you send it as a PDF?", False),
)
# fmt: on


def answers(world: TenantWorld) -> list[tuple[Letter, bool]]:
    """The answers to the internal phish, and whether the attacker's rule hid each."""
    subject = answer_subject(story.REMITTANCE.subject)
    letters = []
    for key, minutes, text, is_hidden in _ANSWERS:
        letter = Letter(
            key=f"remittance answer/{key}",
            at=world.moments.ago(timedelta(minutes=minutes)),
            sender=world.address(key),
            to=(world.address("renee.castellane"),),
            subject=subject,
            paragraphs=(text, world.people[key].given),
            conversation="remittance",
        )
        letters.append((letter, is_hidden))
    return letters
