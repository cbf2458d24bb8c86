"""Who else may open the mailbox, or send from it: FullAccess, SendAs and Send on Behalf."""

from graph import Request
from remediation.actions.base import Stages
from remediation.actions.finders.directory import PEOPLE, Directory, Person, is_sync_account
from remediation.actions.finders.reading import Look, found, read_all, sentences
from remediation.actions.finding import Candidate, FindScope, Found, details
from remediation.actions.remove_mailbox_permission import (
    FULL_ACCESS,
    SEND_AS,
    SEND_ON_BEHALF,
    list_request,
    trustees,
)
from remediation.actions.signs import TRUSTEE_SIGNS, Trustee, weigh, written

SOURCE = "Delegates and mailbox permissions"
RIGHTS = {
    FULL_ACCESS: "Open the mailbox (FullAccess)",
    SEND_AS: "Send as this person (SendAs)",
    SEND_ON_BEHALF: "Send on behalf",
}
_SYNC_REFUSAL = "The directory-sync account of this tenant: taking rights from it can stop synchronisation."


def find_mailbox_permissions(scope: FindScope) -> Stages[Found]:
    """Read the three kinds of rights, and who the holders are, in one stage."""
    requests: list[Request] = [list_request(right, scope.mailbox) for right in RIGHTS]
    *by_right, people = yield from read_all([*requests, PEOPLE])
    directory = Directory(people.rows)
    candidates = [
        _candidate(right, trustee, scope, directory)
        for right, look in zip(RIGHTS, by_right, strict=True)
        for trustee in trustees(right, {"value": look.rows})
        if not _is_victim(trustee, scope, directory)
    ]
    # Who is a guest, new, or protected stands in the directory: without it the judgement is not complete either.
    result = found(SOURCE, "mailbox_permission", [*by_right, people], candidates)
    result.rows = sum(len(look.rows) for look in by_right)
    result.note = _note(by_right, people)
    return result


def _note(by_right: list[Look], people: Look) -> str:
    unread = [RIGHTS[right] for right, look in zip(RIGHTS, by_right, strict=True) if not look.is_complete]
    head = f"Not checked: {', '.join(unread)}." if unread else ""
    who = f"Who the holders are could not be looked up. {people.note}" if people.note else ""
    return sentences([head, *(look.note for look in by_right), who])


def _is_victim(trustee: str, scope: FindScope, directory: Directory) -> bool:
    person = directory.called(trustee)
    own = {scope.mailbox.casefold(), scope.user_principal_name.casefold()}
    return person.user_id == scope.user_id if person else trustee.casefold() in own


def _candidate(right: str, trustee: str, scope: FindScope, directory: Directory) -> Candidate:
    person = directory.called(trustee)
    refusal = _SYNC_REFUSAL if _is_sync(trustee, person) else ""
    grounds = weigh(_trustee(trustee, person), scope, TRUSTEE_SIGNS)
    return Candidate(
        kind="mailbox_permission",
        action_key="remove_mailbox_permission",
        target={"user_id": scope.user_id, "mailbox": scope.mailbox, "right": right, "trustee": trustee},
        title=f"{person.display_name if person else trustee}: {RIGHTS[right]}",
        facts=details(
            Account=person.principal_name if person else trustee,
            Right=right,
            Kind="Guest" if person and person.is_guest else "Member" if person else "Not in the directory",
            Created=written(person.created_at) if person and person.created_at else "",
        ),
        reasons=grounds.reasons,
        is_suspicious=grounds.are_enough and not refusal,
        refusal=refusal,
        protected_address=_protected_address(trustee, person, scope),
        before={"exists": True},
    )


def _trustee(name: str, person: Person | None) -> Trustee:
    if person is None:
        return Trustee(names=(name,), is_known=False)
    return Trustee(names=(name, *person.names), is_guest=person.is_guest, created_at=person.created_at)


def _is_sync(trustee: str, person: Person | None) -> bool:
    return is_sync_account(trustee, trustee) or (
        person is not None and is_sync_account(person.principal_name, person.display_name)
    )


def _protected_address(trustee: str, person: Person | None, scope: FindScope) -> str:
    principal_name = person.principal_name if person else trustee
    return principal_name if principal_name.casefold() in scope.protected_accounts else ""
