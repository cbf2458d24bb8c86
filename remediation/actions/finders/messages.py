"""Copies of the phish in the tenant's mailboxes: of what is tagged in an incident, or of what a campaign looks for.

A message trace tells which mailboxes got a copy; where none can be had, every mailbox is looked through.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from incidents.phish.links import read_typed
from incidents.phish.matching import SAME_MESSAGE_ID, Mail, is_akin, is_narrowed_to, why_same, why_sought
from remediation.actions.base import Stages
from remediation.actions.finders.content import Content
from remediation.actions.finders.copies import (
    Hunt,
    gather,
    mailbox_owners,
    own_addresses,
    trace_mail,
    victims_of,
)
from remediation.actions.finders.directory import PEOPLE, Directory, Person
from remediation.actions.finders.mailboxes import Ask, by_ids, by_sender, by_subject, folders_of, received_in
from remediation.actions.finders.opening import MOST, MOST_MAILS
from remediation.actions.finders.reading import Look, Row, counted, read_all, sentences
from remediation.actions.finders.traces import EVERYBODY, MOST_QUESTIONS, Deliveries, Traces, traces_of
from remediation.actions.finding import FindScope, Found, TaggedPhish

COPIES, REMAINING, CAMPAIGN = "Copies of the phish", "Phishing still in mailboxes", "Mailboxes"
NOT_TRACED = f"No message trace tells what stands in a mail, {EVERYBODY}"
MOST_AKIN_PAGES = 2  # deliveries with one subject: 10,000
AKIN_UNKNOWN = "so what stands in mails of other senders with the same subject was not compared."
NOTHING_TAGGED = "No message is tagged as the phish yet, so no copies were looked for."
# The phish comes before the attacker does: its campaign is looked for from this long before the first access.
BEFORE_ACCESS = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Sought:
    """The mails that are looked for: by their ids, by their senders, and by a subject of which no more is known.

    What was received before `since`, or from `until` on, is not looked for, unless by its id. A sweep looks for what
    somebody said of a mail; else the mails themselves are known, and of those akin to them the content decides.
    """

    mails: tuple[Mail, ...]
    since: datetime
    is_sweep: bool
    until: datetime | None = None

    @property
    def ids(self) -> list[str]:
        return _unique(one.internet_message_id for one in self.mails)

    @property
    def senders(self) -> list[str]:
        return _unique(one.sender.casefold() for one in self.mails)

    @property
    def subjects(self) -> list[str]:
        return _unique(one.subject for one in self.mails if self.is_sweep and not one.sender)

    @property
    def akin_subjects(self) -> list[str]:
        """Subjects under which the content of the mails may have come from other senders."""
        return _unique(one.subject for one in self.mails if not self.is_sweep and _has_content(one))

    def content(self) -> Content | None:
        """What stands within the mails, as far as it is known; new for each search, for it counts what it misses."""
        if not any(map(_has_content, self.mails)):
            return None
        return Content(
            links=frozenset(link for one in self.mails for link in one.links),
            hashes=frozenset(digest for one in self.mails for digest in one.attachment_hashes),
            ids=frozenset(self.ids),
            is_needed=self.is_sweep,
        )

    @property
    def is_by_content_alone(self) -> bool:
        """Whether neither a sender nor a subject says in which mails to look."""
        has_content = any(map(_has_content, self.mails))
        return self.is_sweep and has_content and not self.senders and not self.subjects

    def deliveries(self, now: datetime) -> Deliveries:
        return Deliveries(
            since=self.since,
            until=self.until,
            now=now,
            ids=self.ids,
            senders=self.senders,
            subjects=self.subjects,
            untraced=NOT_TRACED if self.is_by_content_alone else "",
        )

    def akin(self, now: datetime, most: int) -> Deliveries:
        """Deliveries of mails akin to those known, from other senders."""
        return Deliveries(
            since=self.since,
            until=self.until,
            now=now,
            subjects=self.akin_subjects,
            most=most,
            most_pages=MOST_AKIN_PAGES,
            otherwise=AKIN_UNKNOWN,
        )

    def asks(self, person: Person, content: Content | None) -> list[Ask]:
        """All that has to be asked of a mailbox of which nothing is known: a copy may have another number."""
        span = (self.since, self.until)
        asks = [by_sender(person, sender, span, content) for sender in self.senders]
        asks += [by_subject(person, subject, span, content) for subject in (*self.subjects, *self.akin_subjects)]
        asks += [received_in(person, span, content=content)] if self.is_by_content_alone else []
        return [*by_ids(person, self.ids, content), *asks]

    def may_be(self, other: Mail) -> bool:
        """Whether a mail of which only the headers are known is one of them, or becomes one by its content."""
        return bool(self.why(other)) or self.is_open(other)

    def is_open(self, other: Mail) -> bool:
        """Whether a mail that is none of them, by what is known of it, may become one by its content."""
        may_be = is_narrowed_to if self.is_sweep else is_akin
        known = [one for one in self.mails if _has_content(one) and may_be(one, other)]
        return bool(known) and self._is_in_time(other) and not self.why(other)

    def why(self, other: Mail) -> tuple[str, ...]:
        """Why a mail is one of them; () when it is not."""
        why = why_sought if self.is_sweep else why_same
        reasons = [reason for one in self.mails if (reason := why(one, other))]
        if not self._is_in_time(other):
            reasons = [reason for reason in reasons if reason == SAME_MESSAGE_ID]
        return tuple(reasons[:1])

    def _is_in_time(self, mail: Mail) -> bool:
        at = mail.received_at
        return at is None or (self.since <= at and (self.until is None or at < self.until))


def _has_content(mail: Mail) -> bool:
    return bool(mail.links or mail.attachment_hashes)


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))


def find_phish_copies(scope: FindScope) -> Stages[Found]:
    """Find every copy of the tagged phish, for step 2."""
    sought = Sought(_tagged(scope), scope.since - BEFORE_ACCESS, scope.is_sweep)
    return (yield from _find(scope, COPIES, "phish_copy", sought))


def find_remaining_phish(scope: FindScope) -> Stages[Found]:
    """Find what is left of the phish from outside, for step 3; what came from inside has a finder of its own."""
    own = own_addresses(scope)
    from_outside = tuple(phish for phish in _tagged(scope) if phish.sender.casefold() not in own)
    sought = Sought(from_outside, scope.since - BEFORE_ACCESS, scope.is_sweep)
    return (yield from _find(scope, REMAINING, "remaining_phish", sought))


def find_campaign_copies(scope: FindScope) -> Stages[Found]:
    """Find every mail of a campaign in a tenant of which nobody is the victim."""
    sought = Sought(_tagged(scope), scope.since, scope.is_sweep, scope.mail_until)
    return (yield from _find(scope, CAMPAIGN, "phish_copy", sought))


def _tagged(scope: FindScope) -> tuple[Mail, ...]:
    names = tuple(name for name in (scope.display_name, scope.mailbox) if name)
    return tuple(_mail_of(tag, names) for tag in scope.phish)


def _mail_of(tag: TaggedPhish, names: tuple[str, ...]) -> Mail:
    return Mail(
        internet_message_id=tag.internet_message_id,
        sender=tag.sender_address,
        subject=tag.subject,
        names=names,
        links=frozenset(link for typed in tag.links if (link := read_typed(typed))),
        attachment_hashes=frozenset(tag.attachment_hashes),
    )


def _find(scope: FindScope, source: str, kind: str, sought: Sought) -> Stages[Found]:
    if not sought.mails:
        is_known = bool(scope.phish)  # something is tagged, only nothing of this kind
        return Found(source=source, kind=kind, is_checked=is_known, note="" if is_known else NOTHING_TAGGED)
    asked, content = sought.deliveries(scope.asked_at), sought.content()
    people, *looks = yield from read_all([PEOPLE, *asked.requests()])
    traces = yield from traces_of(asked, looks)
    directory, read_at_once = Directory(people.rows), content if sought.is_sweep else None
    if traces.is_complete:
        akin = yield from _akin(scope, sought, len(asked.requests()))
        where = _where_traced(scope, directory, [*traces.rows, *akin.rows], sought, read_at_once)
        where.is_akin_whole = where.is_akin_whole and akin.is_complete
        traces.note = sentences([traces.note, akin.note, where.note])
    else:
        owners = mailbox_owners(scope, directory)
        asks = [ask for person in owners for ask in sought.asks(person, read_at_once)]
        where = Where(asks, is_akin_whole=not sought.akin_subjects)  # these are asked for to the letter only
    hunt = Hunt(
        source=source,
        kind=kind,
        scope=scope,
        people=people,
        traces=traces,
        asks=where.asks,
        judge=lambda _: sought.why,
        content=content,
        is_open=sought.is_open,
        akin=where.akin,
        is_akin_whole=where.is_akin_whole,
    )
    return (yield from gather(hunt))


def _akin(scope: FindScope, sought: Sought, asked: int) -> Stages[Traces]:
    """Deliveries of mails akin to those sought, from other senders, as far as Microsoft allows more questions."""
    if not sought.akin_subjects:
        return Traces()
    akin = sought.akin(scope.asked_at, MOST_QUESTIONS - asked)
    requests = akin.requests()
    keep = partial(_kept, sought)
    looks = yield from read_all(requests, [Look(keep=keep, most_pages=akin.most_pages) for _ in requests])
    traces = yield from traces_of(akin, looks)
    return traces if traces.is_complete else replace(traces, rows=[row for look in looks for row in look.rows])


def _kept(sought: Sought, row: Row) -> Row | None:
    return row if sought.may_be(trace_mail(row)) else None


@dataclass(slots=True)
class Where:
    """Which mailboxes are asked for what; `akin` are those asked only for mails of which the content decides."""

    asks: list[Ask]
    akin: frozenset[str] = frozenset()
    is_akin_whole: bool = True
    note: str = ""


def _where_traced(
    scope: FindScope, directory: Directory, rows: Sequence[Row], sought: Sought, content: Content | None
) -> Where:
    """Ask the mailboxes that got a copy for exactly these messages; and the victim's, whatever the trace says."""
    victims = {victim.user_id: victim for victim in victims_of(scope, directory)}
    wanted: dict[str, set[str]] = defaultdict(set, {user_id: set(sought.ids) for user_id in victims})
    people = {**victims, **directory.people}
    akin: set[tuple[str, str, str]] = set()
    for row in rows:
        person = directory.at_address(str(row.get("recipientAddress") or ""))
        message = trace_mail(row, person)
        if person is not None and (sought.why(message) or (content and sought.is_open(message))):
            wanted[person.user_id].add(message.internet_message_id)
        elif person is not None and sought.is_open(message):
            akin.add((str(row.get("receivedDateTime") or ""), person.user_id, message.internet_message_id))
    senders, sure = own_addresses(scope) | set(sought.senders), list(wanted)
    for _, user_id, message_id in sorted(akin, reverse=True)[:MOST_MAILS]:
        wanted[user_id].add(message_id)
    asks = [ask for user_id, ids in wanted.items() for ask in by_ids(people[user_id], sorted(ids), content)]
    asks += [
        ask
        for user_id in sure
        for ask in folders_of(people[user_id], with_sent=people[user_id].mailbox.casefold() in senders)
    ]
    left_out = max(0, len(akin) - MOST_MAILS)
    note = f"{counted(left_out, 'mail akin to the phish')} not opened: {MOST.format(MOST_MAILS)}." if left_out else ""
    return Where(asks, akin=frozenset(wanted.keys() - sure), is_akin_whole=not left_out, note=note)
