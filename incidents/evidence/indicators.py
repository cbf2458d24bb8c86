"""Suggests what the attacker is known by, from the log rows of the account, each with its reasons in words.

What the person used in the 30 days before is theirs and is never suggested. What is new is the attacker's only where it
comes with strong evidence; being new alone is weak ground. With too few sign-ins before, nothing follows from absence.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from incidents.enums import Confidence, IndicatorKind, Workload
from incidents.evidence.account_ledger import Ledger, is_from_client
from incidents.evidence.client_addresses import place_key
from incidents.evidence.suspicious_acts import OFFICE_HOME, SuspiciousAct, act_of, is_tool
from incidents.evidence.words import operation_name, record_words
from incidents.models import LogRecord

BEFORE_ACCESS = timedelta(days=1)  # the first access that is known need not have been the first
SIGN_INS_NEEDED = 3  # fewer tell nothing about a person
TRAVEL = timedelta(hours=2)  # between two countries
MASS_READ, MASS_READ_WITHIN = 100, timedelta(minutes=3)
MASS_DELETED, MASS_DELETED_WITHIN = 20, timedelta(minutes=10)
FAILED_BEFORE = 5  # failed sign-ins from the same address before it got in
MOST_STRONG, MOST_WEAK = 60, 15  # suggestions of a kind
MOST_REASONS, LONGEST_ACT = 8, 160
_DELETES = frozenset({"MoveToDeletedItems", "SoftDelete", "HardDelete"})
_CONSENTS = frozenset({"Consent to application", "Add OAuth2PermissionGrant"})
_FIRST_PARTY = ("microsoft", "office", "outlook", "one outlook", "azure", "exchange")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Something that may be the attacker's. Rows that match one of high confidence count at once."""

    kind: IndicatorKind
    value: str
    confidence: Confidence
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the rows say. `sign_ins`: how many successful ones there were in the 30 days before."""

    sign_ins: int
    suggestions: tuple[Suggestion, ...]

    @property
    def has_baseline(self) -> bool:
        return self.sign_ins >= SIGN_INS_NEEDED


def assess(
    records: Iterable[LogRecord],
    *,
    first_access_at: datetime,
    person: str,
    known_attackers: Mapping[str, str] | None = None,
) -> Assessment:
    """Weigh the rows of one account.

    `known_attackers` are addresses that count in other incidents of the tenant, with whose incident it was.
    """
    ledger = Ledger(first_access_at - BEFORE_ACCESS)
    for record in sorted(records, key=lambda one: one.occurred_at):
        ledger.add(record)
    scale = _Scale(ledger, person, known_attackers or {})
    return Assessment(ledger.sign_ins, tuple(scale.suggestions()))


@dataclass(slots=True)
class _Ground:
    """What speaks against one address."""

    strong: list[str] = field(default_factory=list)
    weak: list[str] = field(default_factory=list)
    speaks_for_itself: bool = False

    def take(self, act: SuspiciousAct, record: LogRecord) -> None:
        words = f"{act.words[:LONGEST_ACT]}, {_written(record.occurred_at)}"
        if words not in self.strong:
            self.strong.append(words)
        self.speaks_for_itself = self.speaks_for_itself or act.speaks_for_itself


class _Scale:
    """Weighs what the ledger holds."""

    def __init__(self, ledger: Ledger, person: str, known_attackers: Mapping[str, str]) -> None:
        self.ledger, self.person, self.known_attackers = ledger, person, known_attackers
        self.has_baseline = ledger.sign_ins >= SIGN_INS_NEEDED
        self.owner_sign_ins = [row for row in ledger.window if self._is_owners_sign_in(row)]
        self.consented = {
            row.application or row.item for row in ledger.window if operation_name(row.operation) in _CONSENTS
        } - {""}

    def suggestions(self) -> Iterator[Suggestion]:
        """All of them, addresses first."""
        addresses = [one for address in self.ledger.by_address if (one := self._address(address))]
        yield from _limited(addresses)
        strong = {one.value for one in addresses if one.confidence == Confidence.HIGH}
        yield from _limited(self._sessions(strong))
        for kind, column in ((IndicatorKind.NETWORK, "network"), (IndicatorKind.COUNTRY, "country")):
            yield from _limited(self._places(kind, column, strong))
        yield from _limited(self._devices(strong))
        yield from _limited(self._agents(strong))
        yield from _limited(self._applications(strong))

    # --- Addresses ----------------------------------------------------------------------------------------------------
    def _is_owners_sign_in(self, row: LogRecord) -> bool:
        is_sign_in = row.workload == Workload.LOGINS and bool(row.ip_address and row.country)
        return is_sign_in and self.ledger.is_used("address", place_key(row.ip_address))

    def _address(self, address: str) -> Suggestion | None:
        if self.ledger.is_used("address", place_key(address)):
            return None
        rows = self.ledger.by_address[address]
        ground = self._ground(address, rows)
        is_strong = bool(ground.strong) and (self.has_baseline or ground.speaks_for_itself)
        if not is_strong and not self._is_worth_a_look(rows, ground):
            return None
        reasons = (self._novelty(rows), *ground.strong, *ground.weak)
        return Suggestion(
            kind=IndicatorKind.IP_ADDRESS,
            value=address,
            confidence=Confidence.HIGH if is_strong else Confidence.LOW,
            reasons=reasons[:MOST_REASONS],
        )

    def _is_worth_a_look(self, rows: Sequence[LogRecord], ground: _Ground) -> bool:
        """Without a baseline everything is new; with one, people move about in their own network all the time."""
        if ground.strong or ground.weak:
            return True
        network = _value(rows, "network").partition(" ")[0]
        return self.has_baseline and not (network and self.ledger.is_used("network", network))

    def _novelty(self, rows: Sequence[LogRecord]) -> str:
        first = next((row for row in rows if row.workload == Workload.LOGINS), rows[0])
        what = "Signed in" if first.workload == Workload.LOGINS else f"First seen when it did this: {_act_words(first)}"
        place = ", ".join(part for part in (_value(rows, "network"), _value(rows, "country")) if part)
        head = f"{what} from here{f' ({place})' if place else ''}, {_written(first.occurred_at)}"
        count = _count(self.ledger.sign_ins, "sign-in")
        if not self.has_baseline:
            found = f"only {count}" if self.ledger.sign_ins else "no sign-in"
            return f"{head}. There is no baseline: {found} in the 30 days before, so that it is new says nothing"
        return f"{head}; {self.person} did not use this address in the 30 days before ({count})"

    def _ground(self, address: str, rows: Sequence[LogRecord]) -> _Ground:
        ground = _Ground()
        for row in rows:
            act = act_of(row)
            if act:
                ground.take(act, row)
        checks: tuple[Callable[[Sequence[LogRecord]], str], ...] = (
            self._stolen_session, self._office_home, self._consented_application, self._travel, _tool, _mass_read,
            _mass_deleted,
        )  # fmt: skip
        ground.strong += [words for check in checks if (words := check(rows))]
        ground.strong += self._failures_before(address, rows)
        if any(row.is_hosting for row in rows):
            ground.strong.append(f"A hosting or VPN network, going by its name: {_value(rows, 'network')}")
        if address in self.known_attackers:
            ground.strong.append(f"It is the attacker's in another incident, of {self.known_attackers[address]}")
        country = _value(rows, "country")
        if self.has_baseline and country and self.ledger.used["country"] and not self._knows("country", country):
            ground.weak.append(f"{self.person} was never in {country} in the 30 days before")
        return ground

    def _knows(self, name: str, value: str) -> bool:
        return self.ledger.is_used(name, value)

    def _is_elsewhere(self, row: LogRecord) -> bool:
        """Whether a row comes from a network the person did not use, as far as networks are known."""
        number = row.network.partition(" ")[0]
        return not (number and self._knows("network", number))

    def _stolen_session(self, rows: Sequence[LogRecord]) -> str:
        for row in rows:
            places = self.ledger.session_places.get(row.session_id, set())
            theirs = [place for place in places if self._knows("address", place_key(place))]
            is_known = bool(row.session_id) and (self._knows("session", row.session_id) or bool(theirs))
            if is_known and self._is_elsewhere(row) and not self._knows("agent", row.user_agent):
                also = f" from {theirs[0]}" if theirs else ""
                return f"Same session, new network: {self.person} used session {row.session_id}{also}"
        return ""

    def _office_home(self, rows: Sequence[LogRecord]) -> str:
        for row in rows:
            if row.application.casefold() in OFFICE_HOME and self._is_elsewhere(row):
                return (
                    "Signed in to OfficeHome from a new network, as phishing kits that stand in between do, "
                    f"{_written(row.occurred_at)}"
                )
        return ""

    def _consented_application(self, rows: Sequence[LogRecord]) -> str:
        for row in rows:
            if row.workload == Workload.LOGINS and row.application in self.consented:
                return f"Signed in to {row.application}, to which consent was given in this window"
        return ""

    def _travel(self, rows: Sequence[LogRecord]) -> str:
        """Impossible travel, with a program or browser that the person did not use."""
        for row in rows:
            if row.workload != Workload.LOGINS or not row.country or self._knows("agent", row.user_agent):
                continue
            for own in self.owner_sign_ins:
                apart = abs(row.occurred_at - own.occurred_at)
                if own.country != row.country and apart <= TRAVEL:
                    when = "after" if row.occurred_at >= own.occurred_at else "before"
                    place = ", ".join(part for part in (own.city, own.country) if part)
                    return f"Impossible travel: {_span(apart)} {when} a sign-in from {place}"
        return ""

    def _failures_before(self, address: str, rows: Sequence[LogRecord]) -> list[str]:
        first = next((row.occurred_at for row in rows if row.workload == Workload.LOGINS), None)
        failed = [at for at in self.ledger.failed.get(address, []) if first is None or at <= first]
        if first is None or len(failed) < FAILED_BEFORE:
            return []
        return [f"Got in after {len(failed)} failed sign-ins from here"]

    # --- What goes with the addresses ---------------------------------------------------------------------------------
    def _strong_rows(self, strong: set[str]) -> Iterator[LogRecord]:
        return (row for row in self.ledger.window if row.ip_address in strong)

    def _sessions(self, strong: set[str]) -> Iterator[Suggestion]:
        seen = dict.fromkeys(row.session_id for row in self._strong_rows(strong) if row.session_id)
        for session in seen:
            places = self.ledger.session_places[session]
            others = sorted(places - strong)
            if self._knows("session", session) or others:
                also = f", and from {others[0]}" if others else ""
                yield _suggestion(
                    IndicatorKind.SESSION,
                    session,
                    "Used from the attacker's addresses, but also by its owner"
                    f"{also}: a stolen session. Accepting it would tell the owner's rows as the attacker's",
                    is_strong=False,
                )
            else:
                found = ", ".join(sorted(places))
                yield _suggestion(IndicatorKind.SESSION, session, f"Used from {found} alone")

    def _places(self, kind: IndicatorKind, column: str, strong: set[str]) -> Iterator[Suggestion]:
        """Networks or countries: strong only where everything from there is the attacker's."""
        by_place: dict[str, set[str]] = defaultdict(set)
        for row in self.ledger.window:
            if (value := getattr(row, column)) and is_from_client(row):
                by_place[value].add(row.ip_address)
        for value, addresses in by_place.items():
            if not addresses & strong or self._knows(column, value.partition(" ")[0]):
                continue
            is_all = addresses <= strong
            words = (
                f"{self.person} did not use it in the 30 days before" if self.has_baseline else "There is no baseline"
            )
            more = (
                "" if is_all else f"; also {_count(len(addresses - strong), 'address', 'addresses')} that may be theirs"
            )
            found = f"Of the attacker's address {sorted(addresses & strong)[0]}. {words}{more}"
            yield _suggestion(kind, value, found, is_strong=is_all and self.has_baseline)

    def _devices(self, strong: set[str]) -> Iterator[Suggestion]:
        """Devices by their own name; "Windows 10, Edge" is half the world's."""
        by_device = self._addresses_by("device")
        for row in self._strong_rows(strong):
            device, own = row.device, by_device.pop(row.device, None)
            if own is None or " " in device or len(device) < 4 or self._knows("device", device):
                continue
            is_alone = own <= strong
            words = f"Used or registered from {row.ip_address}, {_written(row.occurred_at)}"
            yield _suggestion(IndicatorKind.DEVICE, device, words, is_strong=is_alone and self.has_baseline)

    def _agents(self, strong: set[str]) -> Iterator[Suggestion]:
        """Programs. A browser's name is never strong: its owner's next update may bear the same."""
        by_agent = self._addresses_by("user_agent")
        for row in self._strong_rows(strong):
            agent, own = row.user_agent, by_agent.pop(row.user_agent, None)
            if own is None or self._knows("agent", agent) or not own <= strong:
                continue
            words = f"Used from {row.ip_address} alone"
            if is_tool(agent):
                yield _suggestion(IndicatorKind.USER_AGENT, agent, f"A program, not a browser. {words}")
            elif agent.startswith("Mozilla/"):
                more = "Many people's browsers bear this name"
                yield _suggestion(IndicatorKind.USER_AGENT, agent, f"{words}. {more}", is_strong=False)

    def _applications(self, strong: set[str]) -> Iterator[Suggestion]:
        """Applications to which consent was given in the window."""
        seen: set[str] = set()
        for row in self.ledger.window:
            name = row.application or row.item
            if operation_name(row.operation) not in _CONSENTS or not name or name in seen:
                continue
            seen.add(name)
            if self._knows("application", name) or name.casefold().startswith(_FIRST_PARTY):
                continue
            by_attacker = row.ip_address in strong
            words = f"Consent was given {_written(row.occurred_at)}"
            more = f" from the attacker's address {row.ip_address}" if by_attacker else ", in this window"
            yield _suggestion(IndicatorKind.APPLICATION, name, f"{words}{more}", is_strong=by_attacker)

    def _addresses_by(self, column: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for row in self.ledger.window:
            if (value := getattr(row, column)) and is_from_client(row):
                found[value].add(row.ip_address)
        return found


def _suggestion(kind: IndicatorKind, value: str, reason: str, *, is_strong: bool = True) -> Suggestion:
    confidence = Confidence.HIGH if is_strong else Confidence.LOW
    return Suggestion(kind=kind, value=value, confidence=confidence, reasons=(reason,))


def _limited(suggestions: Iterable[Suggestion]) -> list[Suggestion]:
    """Not more than people read: the strong ones first."""
    found = list(suggestions)
    strong = [one for one in found if one.confidence == Confidence.HIGH]
    weak = [one for one in found if one.confidence != Confidence.HIGH]
    return [*strong[:MOST_STRONG], *weak[:MOST_WEAK]]


def _tool(rows: Sequence[LogRecord]) -> str:
    agent = next((row.user_agent for row in rows if is_tool(row.user_agent)), "")
    return f"A program signed in, and no browser: {agent[:80]}" if agent else ""


def _mass_read(rows: Sequence[LogRecord]) -> str:
    read = [row for row in rows if row.operation == "MailItemsAccessed"]
    count, within = _burst(read, MASS_READ_WITHIN)
    return f"MailItemsAccessed: {count} mails within {_span(within)}" if count >= MASS_READ else ""


def _mass_deleted(rows: Sequence[LogRecord]) -> str:
    deleted = [row for row in rows if row.operation in _DELETES]
    count, within = _burst(deleted, MASS_DELETED_WITHIN)
    return f"Deleted {count} mails within {_span(within)}" if count >= MASS_DELETED else ""


def _burst(rows: Sequence[LogRecord], within: timedelta) -> tuple[int, timedelta]:
    """The most mails in a span not longer than `within`, and how long it took; rows are in order of time."""
    best, span, count, start = 0, timedelta(0), 0, 0
    for row in rows:
        count += row.item_count
        while row.occurred_at - rows[start].occurred_at > within:
            count -= rows[start].item_count
            start += 1
        if count > best:
            best, span = count, row.occurred_at - rows[start].occurred_at
    return best, span


def _value(rows: Sequence[LogRecord], column: str) -> str:
    return next((value for row in rows if (value := str(getattr(row, column)))), "")


def _act_words(record: LogRecord) -> str:
    return record_words(record)[:120]


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _span(apart: timedelta) -> str:
    seconds = int(apart.total_seconds())
    return f"{seconds // 60} minutes" if seconds >= 120 else f"{max(seconds, 1)} seconds"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
