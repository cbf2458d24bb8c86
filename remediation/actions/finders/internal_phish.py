"""What the attacker sent from the account to colleagues.

The account's owner may have gone on working meanwhile: a message needs a ground, such as many recipients, the
attacker's own log row, or the subject or the link of the tagged phish.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from incidents.phish.links import Link, read_typed, telling_links
from incidents.phish.matching import normalise_subject
from remediation.actions.base import Stages, moment
from remediation.actions.finders.content import WITH_BODY, text_of
from remediation.actions.finders.copies import (
    Hunt,
    Why,
    gather,
    mailbox_owners,
    own_addresses,
    sender_of,
    victim_of,
)
from remediation.actions.finders.directory import PEOPLE, Directory
from remediation.actions.finders.mailboxes import Ask, Box, by_ids, by_sender, folders_of, sent_by
from remediation.actions.finders.reading import Look, Row, read_all, sentences
from remediation.actions.finders.traces import Deliveries, Traces, traces_of
from remediation.actions.finding import FindScope, Found
from remediation.actions.signs import act_in_words, acts_on

SOURCE = "Phishing sent internally"
MANY = 5  # colleagues; fewer is ordinary mail
SEND_OPERATIONS = ("Send", "SendAs", "SendOnBehalf")
_LINKS_UNREAD = "Links in the account's sent mail could not be compared."


@dataclass(frozen=True, slots=True)
class Sighting:
    """One copy that was seen, in a trace or in a mailbox; `recipient` is a user id, empty where not known."""

    internet_message_id: str
    subject: str
    recipient: str = ""
    links: frozenset[Link] = frozenset()


@dataclass(slots=True)
class Sent:
    """All messages of one (normalised) subject that were sent from the account during the attack."""

    subject: str
    ids: set[str] = field(default_factory=set)
    subjects: set[str] = field(default_factory=set)  # as they were written
    recipients: set[str] = field(default_factory=set)  # user ids of colleagues
    links: set[Link] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the phish: its ids, subjects (normalised) and links."""

    ids: frozenset[str]
    subjects: frozenset[str]
    links: frozenset[Link]


def find_internal_phish(scope: FindScope) -> Stages[Found]:
    """Find what was sent from inside during the attack, and every copy of it."""
    senders = sorted(own_addresses(scope))
    mailbox_reads = [sent_by(scope.user_id, sender, scope.since, select=WITH_BODY) for sender in senders]
    asked = Deliveries(since=scope.since, now=scope.asked_at, senders=senders)
    people, *looks = yield from read_all([PEOPLE, *mailbox_reads, *asked.requests()])
    in_mailbox = looks[: len(mailbox_reads)]
    traces = yield from traces_of(asked, looks[len(mailbox_reads) :])
    directory, own = Directory(people.rows), [row for look in in_mailbox for row in look.rows]
    known = _known(scope)
    if traces.is_complete:
        groups = group(scope, _from_mailbox(scope, own), _from_trace(scope, directory, traces))
        chosen = choose(scope, known, groups)
        asks, judge = _where_sent(scope, directory, chosen), _by_id(chosen)
        result = yield from gather(_hunt(scope, people, traces, asks, lambda _: judge))
    else:
        owners = mailbox_owners(scope, directory)
        asks = [by_sender(person, sender, (scope.since, None)) for person in owners for sender in senders]
        result = yield from gather(
            _hunt(scope, people, traces, asks, lambda boxes: _judge_all(scope, known, own, boxes))
        )
    return _with_note(result, in_mailbox)


def _hunt(
    scope: FindScope,
    people: Look,
    traces: Traces,
    asks: Sequence[Ask],
    judge: Callable[[Mapping[str, Box]], Why],
) -> Hunt:
    return Hunt(source=SOURCE, kind="internal_phish", scope=scope, people=people, traces=traces, asks=asks, judge=judge)


def _with_note(result: Found, in_mailbox: Sequence[Look]) -> Found:
    """Without the sent mail one ground is missing: then the check was not whole."""
    note = sentences(look.note for look in in_mailbox)
    if note:
        result.is_checked = False
        result.note = sentences([result.note, _LINKS_UNREAD, note])
    return result


def _known(scope: FindScope) -> Known:
    names = (scope.display_name, scope.mailbox)
    subjects = {normalise_subject(phish.subject, names) for phish in scope.phish}
    ids = {phish.internet_message_id for phish in scope.phish}
    links = {link for phish in scope.phish for typed in phish.links if (link := read_typed(typed))}
    pages = frozenset(link for link in links if link.path or link.query)  # a front page stands in signatures
    return Known(frozenset(ids - {""}), frozenset(subjects - {""}), pages)


def _links(row: Row, scope: FindScope) -> frozenset[Link]:
    return frozenset(telling_links(text_of(row) or "", scope.domains))


def _from_mailbox(scope: FindScope, own: Iterable[Row]) -> list[Sighting]:
    """The account's own copies: they show links, but who got the mail only as far as its sender tells."""
    return [
        Sighting(str(row.get("internetMessageId") or ""), str(row.get("subject") or ""), links=_links(row, scope))
        for row in own
        if _is_sent_in_window(scope, sender_of(row), row.get("receivedDateTime"))
    ]


def _from_trace(scope: FindScope, directory: Directory, traces: Traces) -> list[Sighting]:
    sightings = []
    for row in traces.rows:
        person = directory.at_address(str(row.get("recipientAddress") or ""))
        is_meant = _is_sent_in_window(scope, str(row.get("senderAddress") or ""), row.get("receivedDateTime"))
        if person is not None and is_meant:
            sightings.append(Sighting(str(row.get("messageId") or ""), str(row.get("subject") or ""), person.user_id))
    return sightings


def _is_sent_in_window(scope: FindScope, sender: str, received: str | None) -> bool:
    return sender.casefold() in own_addresses(scope) and scope.is_inside_window(moment(received))


def group(scope: FindScope, *sightings: Iterable[Sighting]) -> list[Sent]:
    """Put together what has one subject; a message without any substance in its subject stands alone."""
    groups: dict[str, Sent] = {}
    for seen in (one for each in sightings for one in each if one.internet_message_id):
        key = normalise_subject(seen.subject, (scope.display_name, scope.mailbox)) or seen.internet_message_id
        sent = groups.setdefault(key, Sent(key))
        sent.ids.add(seen.internet_message_id)
        sent.subjects.add(seen.subject)
        sent.links |= seen.links
        if seen.recipient not in ("", scope.user_id):
            sent.recipients.add(seen.recipient)
    return list(groups.values())


def choose(scope: FindScope, known: Known, groups: Iterable[Sent]) -> list[tuple[Sent, tuple[str, ...]]]:
    """Return those with a ground to suspect them, and the grounds in words."""
    weighed = [(sent, _grounds(scope, known, sent)) for sent in groups]
    return [(sent, grounds) for sent, grounds in weighed if grounds]


def _grounds(scope: FindScope, known: Known, sent: Sent) -> tuple[str, ...]:
    grounds = ["Tagged as the phish"] if sent.ids & known.ids else []
    if by_attacker := act_in_words("Sent", acts_on(scope, SEND_OPERATIONS, sent.subjects)):
        grounds.append(by_attacker)
    if len(sent.recipients) >= MANY:
        grounds.append(f"Sent from this account to {len(sent.recipients)} mailboxes of the tenant during the attack")
    if sent.subject in known.subjects and not sent.ids & known.ids:
        grounds.append("Sent from this account during the attack, with the subject of the phish")
    if sent.links & known.links and not sent.ids & known.ids:
        grounds.append("Sent from this account during the attack, with the link of the phish")
    return tuple(grounds)


def _where_sent(scope: FindScope, directory: Directory, chosen: Sequence[tuple[Sent, tuple[str, ...]]]) -> list[Ask]:
    """Ask those who got it, and the account itself for its own copy."""
    wanted: dict[str, set[str]] = defaultdict(set)
    victim = victim_of(scope, directory)
    for sent, _ in chosen:
        for user_id in (victim.user_id, *sent.recipients):
            wanted[user_id] |= sent.ids
    people = {**directory.people, victim.user_id: victim}
    asks = [ask for user_id, ids in wanted.items() for ask in by_ids(people[user_id], sorted(ids))]
    return asks + [
        ask for user_id in wanted for ask in folders_of(people[user_id], with_sent=user_id == victim.user_id)
    ]


def _by_id(chosen: Iterable[tuple[Sent, tuple[str, ...]]]) -> Why:
    reasons = {each: grounds for sent, grounds in chosen for each in sent.ids}
    return lambda message: reasons.get(message.internet_message_id, ())


def _judge_all(scope: FindScope, known: Known, own: Sequence[Row], boxes: Mapping[str, Box]) -> Why:
    """Without a trace, who got what is known when all mailboxes were read."""
    received = [
        Sighting(str(row.get("internetMessageId") or ""), str(row.get("subject") or ""), user_id)
        for user_id, box in boxes.items()
        for row in box.messages
        if _is_sent_in_window(scope, sender_of(row), row.get("receivedDateTime"))
    ]
    return _by_id(choose(scope, known, group(scope, _from_mailbox(scope, own), received)))
