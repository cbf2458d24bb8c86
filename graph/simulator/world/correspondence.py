"""Deals conversations out to people until every mailbox looks used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from graph.simulator.world.conversations import ANYONE, CUSTOMER, SUPPLIER, Thread
from graph.simulator.world.conversations_finance import BANK, LEAD
from graph.simulator.world.ids import dice
from graph.simulator.world.letters import Address, Letter, answer_subject, everybody
from graph.simulator.world.tenant import TenantWorld

_OUTSIDERS: dict[str, list[tuple[str, str, str]]] = {  # company, person, address
    CUSTOMER: [
        ("Severn Vale Water", "Imogen Hartley", "imogen.hartley@severnvale-water.example"),
        ("Delta Waterbeheer", "Joost Meulenbelt", "j.meulenbelt@delta-waterbeheer.example"),
        ("Aguas del Duero", "Pilar Izquierdo", "pilar.izquierdo@aguasdelduero.example"),
        ("Nordkyst Fisk", "Ragnhild Solheim", "ragnhild@nordkyst-fisk.example"),
        ("Kestrel Foods", "Jonathan Pryce-Evans", "jonathan.pe@kestrelfoods.example"),
        ("Hafen Bremen Süd", "Jürgen Petersen", "petersen@hafen-bremen-sued.example"),
    ],
    SUPPLIER: [
        ("Tamar Foundry", "Shirley Penrose", "shirley@tamar-foundry.example"),
        ("Polymer Seals", "Dr. Radek Šimek", "simek@polymer-seals.example"),
        ("Lyle Crane Hire", "Bill Lyle", "bill@lylecranes.example"),
        ("Fairground Stands", "Constance Achterberg", "constance@fairground-stands.example"),
        ("Humber Freight", "Nadia Rahimi", "nadia.rahimi@humber-freight.example"),
    ],
    BANK: [("Westmark Bank", "Philippa Stroud", "philippa.stroud@westmark-bank.example")],
}
_PROJECTS = ("Project Kingfisher", "the P-55 launch", "the Leeds move", "the spring catalogue", "the service portal")


@dataclass(frozen=True, slots=True)
class _Talk:
    """One conversation with its people and the words that fill its blanks."""

    thread: Thread
    cast: dict[str, Address]
    words: dict[str, Any]
    mark: str


class Postman:
    """Writes ordinary mail for one tenant."""

    def __init__(self, world: TenantWorld, lead: str) -> None:
        self.world = world
        self.lead = lead
        self.chance = dice(world.company.key, "mail")
        self._used: set[tuple[str, str]] = set()

    def count(self, key: str) -> int:
        """How many messages somebody has so far."""
        return len(self.world.mailboxes[key].messages)

    def fill(self, threads: Sequence[Thread], most: int) -> None:
        """Give everybody enough mail, and nobody more than ``most``, as far as the conversations reach."""
        for key in self.world.staff():
            wanted = 8 + self.chance.randrange(0, 8)
            fitting = [each for each in threads if each.roles[0] in (ANYONE, self.world.people[key].department)]
            self.chance.shuffle(fitting)
            for thread in fitting:
                if self.count(key) >= wanted:
                    break
                if (key, thread.subject) not in self._used:
                    self.hold(thread, key, self.chance.randrange(1, 60), most)

    def hold(self, thread: Thread, first: str | None, days_back: int, most: int = 500) -> None:
        """Let one conversation happen, begun by ``first`` or by somebody who fits."""
        cast: dict[str, Address] = {}
        for role, name in zip(thread.roles, "abc", strict=False):
            person = self.world.address(first) if name == "a" and first else self._pick(role, cast, thread, most)
            if person is None:
                return
            cast[name] = person
        mark = f"{thread.subject}/{cast['a'].address}/{days_back}"
        talk = _Talk(thread, cast, self._words(mark, days_back, cast), mark)
        at = self.world.moments.office(days_back, self.chance.randrange(5, 420))
        for turn in range(len(thread.lines)):
            if at > self.world.moments.now - timedelta(minutes=25):
                return
            self._send(talk, turn, at)
            at = self.world.moments.reply(at, self.chance.randrange(12, 210))

    def _pick(self, role: str, cast: dict[str, Address], thread: Thread, most: int) -> Address | None:
        if role in _OUTSIDERS:
            company, name, address = self.chance.choice(_OUTSIDERS[role])
            return Address(f"{name} ({company})", address)
        if role == LEAD:
            return self.world.address(self.lead)
        taken = {each.address for each in cast.values()} | {self.world.address(self.lead).address}
        there = self.world.staff() if role == ANYONE else self.world.staff(role)
        free = [
            key
            for key in there
            if self.world.address(key).address not in taken
            and (key, thread.subject) not in self._used
            and self.count(key) < most - len(thread.lines)
        ]
        return self.world.address(self.chance.choice(free)) if free else None

    def _words(self, mark: str, days_back: int, cast: dict[str, Address]) -> dict[str, Any]:
        chance = dice(self.world.company.key, "words", mark)
        then = self.world.moments.days(days_back)
        outside = [each.name.partition("(")[2].rstrip(")") for each in cast.values() if "(" in each.name]
        return {
            **{name: self._given(address) for name, address in cast.items()},
            "ref": f"{chance.choice('ABCD')}-{chance.randrange(2_000, 9_800)}",
            "n": chance.randrange(4, 90),
            "week": (then + timedelta(days=24)).isocalendar().week,
            "day": chance.choice((10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 24, 25, 26, 27)),  # all end in “th”
            "month": then.strftime("%B"),
            "amount": f"£{chance.randrange(9, 480)},{chance.randrange(100, 999)}.{chance.randrange(10, 99)}",
            "customer": outside[0] if outside else chance.choice(_OUTSIDERS[CUSTOMER])[0],
            "supplier": outside[0] if outside else chance.choice(_OUTSIDERS[SUPPLIER])[0],
            "project": chance.choice(_PROJECTS),
        }

    def _given(self, address: Address) -> str:
        key = self.world.key_at(address.address)
        if key:
            return self.world.people[key].given
        return address.name.partition(" (")[0].removeprefix("Dr. ").partition(" ")[0]

    def _send(self, talk: _Talk, turn: int, at: datetime) -> None:
        speaker, _, text = talk.thread.lines[turn].partition(" ")
        sender = talk.cast[speaker[0]]
        subject = talk.thread.subject.format_map(talk.words)
        letter = Letter(
            key=f"{talk.mark}/{turn}",
            at=at,
            sender=sender,
            to=everybody([each for each in talk.cast.values() if each != sender]),
            subject=subject if turn == 0 else answer_subject(subject),
            paragraphs=(text.format_map(talk.words), self._given(sender)),
            conversation=talk.mark,
            has_attachments=speaker.endswith("+"),
        )
        for name in (self.world.key_at(each.address) for each in talk.cast.values()):
            if name:
                self._used.add((name, talk.thread.subject))
        is_read = at < self.world.moments.days(3) or self.chance.random() < 0.7
        self.world.deliver(letter, default=(self._folder(at), is_read))

    def _folder(self, at: datetime) -> str:
        if at < self.world.moments.days(30) and self.chance.random() < 0.35:
            return "archive"
        return "deleteditems" if self.chance.random() < 0.06 else "inbox"
