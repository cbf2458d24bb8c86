"""Copies of the tagged phish in the tenant's mailboxes.

A message trace tells which mailboxes got a copy; where it cannot be had, every mailbox is looked through.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from graph import odata
from incidents.phish.matching import Mail, why_same
from remediation.actions.base import Stages
from remediation.actions.finders.copies import (
    Hunt,
    Why,
    gather,
    is_traced,
    mailbox_owners,
    own_addresses,
    trace_by_id,
    trace_by_sender,
    trace_mail,
    victim_of,
)
from remediation.actions.finders.directory import PEOPLE, Directory
from remediation.actions.finders.mailboxes import Ask, by_ids, by_sender, folders_of
from remediation.actions.finders.reading import Look, read_all
from remediation.actions.finding import FindScope, Found

COPIES, REMAINING = "Copies of the phish", "Phishing still in mailboxes"
NOTHING_TAGGED = "No message is tagged as the phish yet, so no copies were looked for."
# The phish comes before the attacker does: its campaign is looked for from this long before the first access.
BEFORE_ACCESS = timedelta(days=14)


def find_phish_copies(scope: FindScope) -> Stages[Found]:
    """Find every copy of the tagged phish, for step 2."""
    return (yield from _find(scope, COPIES, "phish_copy", _tagged(scope)))


def find_remaining_phish(scope: FindScope) -> Stages[Found]:
    """Find what is left of the phish from outside, for step 3; what came from inside has a finder of its own."""
    own = own_addresses(scope)
    from_outside = [phish for phish in _tagged(scope) if phish.sender.casefold() not in own]
    return (yield from _find(scope, REMAINING, "remaining_phish", from_outside))


def _tagged(scope: FindScope) -> list[Mail]:
    names = (scope.display_name, scope.mailbox)
    return [
        Mail(internet_message_id=tag.internet_message_id, sender=tag.sender_address, subject=tag.subject, names=names)
        for tag in scope.phish
    ]


def _find(scope: FindScope, source: str, kind: str, phish: Sequence[Mail]) -> Stages[Found]:
    if not phish:
        is_known = bool(scope.phish)  # something is tagged, only nothing of this kind
        return Found(source=source, kind=kind, is_checked=is_known, note="" if is_known else NOTHING_TAGGED)
    ids = tuple(dict.fromkeys(one.internet_message_id for one in phish if one.internet_message_id))
    senders = tuple(dict.fromkeys(one.sender.casefold() for one in phish if one.sender))
    since = odata.moment(scope.since - BEFORE_ACCESS)
    requests = [*map(trace_by_id, ids), *(trace_by_sender(sender, since) for sender in senders)]
    people, *traces = yield from read_all([PEOPLE, *requests])
    why, directory = _why(phish), Directory(people.rows)
    asks = (
        _where_traced(scope, directory, traces, why, ids)
        if is_traced(traces)
        else _everywhere(scope, directory, ids, senders)
    )
    hunt = Hunt(source=source, kind=kind, scope=scope, people=people, traces=traces, asks=asks, judge=lambda _: why)
    return (yield from gather(hunt))


def _why(phish: Sequence[Mail]) -> Why:
    def why(other: Mail) -> tuple[str, ...]:
        reasons = (why_same(one, other) for one in phish)
        return tuple(reason for reason in reasons if reason)[:1]

    return why


def _where_traced(
    scope: FindScope, directory: Directory, traces: Sequence[Look], why: Why, ids: Sequence[str]
) -> list[Ask]:
    """Ask the mailboxes that got a copy for exactly these messages; and the victim's, whatever the trace says."""
    victim = victim_of(scope, directory)
    wanted: dict[str, set[str]] = defaultdict(set)
    wanted[victim.user_id] |= set(ids)
    people = {victim.user_id: victim, **directory.people}
    for row in (row for look in traces for row in look.rows):
        person = directory.at_address(str(row.get("recipientAddress") or ""))
        message = trace_mail(row, person)
        if person is not None and why(message):
            wanted[person.user_id].add(message.internet_message_id)
    asks = [ask for user_id, sought in wanted.items() for ask in by_ids(people[user_id], sorted(sought))]
    own = own_addresses(scope)
    return asks + [
        ask
        for user_id in wanted
        for ask in folders_of(people[user_id], with_sent=people[user_id].mailbox.casefold() in own)
    ]


def _everywhere(scope: FindScope, directory: Directory, ids: Sequence[str], senders: Sequence[str]) -> list[Ask]:
    """Ask every mailbox for the messages, and for all from their senders: a copy may have another number."""
    since = scope.since - BEFORE_ACCESS
    asks: list[Ask] = []
    for person in mailbox_owners(scope, directory):
        asks += by_ids(person, ids)
        asks += [by_sender(person, sender, since) for sender in senders]
    return asks
