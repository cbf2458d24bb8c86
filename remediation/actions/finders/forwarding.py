"""Forwarding of the whole mailbox, set on the mailbox itself."""

from graph import exchange
from remediation.actions.base import Stages
from remediation.actions.clear_forwarding import forwarding_state
from remediation.actions.finders.directory import PEOPLE, Directory
from remediation.actions.finders.reading import found, read_all, yes_no
from remediation.actions.finding import Candidate, FindScope, Found, details
from remediation.actions.signs import FORWARDING_SIGNS, Forwarding, weigh

SOURCE = "Mailbox forwarding"


def find_forwarding(scope: FindScope) -> Stages[Found]:
    """Read the mailbox's settings; who an inside recipient is, is told by the directory."""
    box, people = yield from read_all([exchange.mailbox(scope.mailbox), PEOPLE])
    state = forwarding_state({}, {"value": box.rows})
    forwardings = _forwardings(state, scope, Directory(people.rows))
    # The directory only adds a name here: the check is complete without it.
    return found(SOURCE, "forwarding", [box], [_candidate(forwardings, state, scope)] if forwardings else [])


def _forwardings(state: dict[str, object], scope: FindScope, directory: Directory) -> list[Forwarding]:
    smtp, inside = str(state["ForwardingSmtpAddress"] or ""), str(state["ForwardingAddress"] or "")
    found_ones = []
    if smtp:
        address = smtp[5:] if smtp[:5].casefold() == "smtp:" else smtp
        found_ones.append(Forwarding(mailbox=scope.mailbox, address=address))
    if inside:
        person = directory.called(inside)
        address = person.mailbox if person else inside if "@" in inside else ""
        found_ones.append(Forwarding(mailbox=scope.mailbox, address=address, recipient=inside))
    return found_ones


def _candidate(forwardings: list[Forwarding], state: dict[str, object], scope: FindScope) -> Candidate:
    weighed = [weigh(forwarding, scope, FORWARDING_SIGNS) for forwarding in forwardings]
    goals = [_goal(forwarding) for forwarding in forwardings]
    return Candidate(
        kind="forwarding",
        action_key="clear_forwarding",
        target={"user_id": scope.user_id, "mailbox": scope.mailbox},
        title=f"Forwards to {' and '.join(goals)}",
        facts=details(
            Forwards_to=", ".join(goals),
            Keeps_a_copy=yes_no(state["DeliverToMailboxAndForward"]),
            Set_as="Address outside" if not forwardings[0].recipient else "Recipient of the tenant",
        ),
        reasons=tuple(dict.fromkeys(reason for grounds in weighed for reason in grounds.reasons)),
        is_suspicious=any(grounds.are_enough for grounds in weighed),
        before=dict(state),
    )


def _goal(forwarding: Forwarding) -> str:
    """An inside recipient is known by name; the address says more where it can be had."""
    if not forwarding.recipient or forwarding.recipient == forwarding.address:
        return forwarding.address
    return f"{forwarding.recipient} ({forwarding.address})" if forwarding.address else forwarding.recipient
