"""Copies of the phish in the mailboxes of a tenant, found in the simulated cloud over HTTP."""

from typing import Any

import pytest

from graph import GraphError, PermissionDenied
from graph.errors import ServiceFailed
from graph.simulator.control import SimulatorControl
from incidents.phish.matching import SAME_MESSAGE_ID, SAME_SENDER_AND_CLOSE_SUBJECT, SAME_SENDER_AND_SUBJECT
from remediation.actions.finders.directory import Person
from remediation.actions.finders.internal_phish import find_internal_phish
from remediation.actions.finders.mailboxes import Box, unread_note
from remediation.actions.finders.messages import NOTHING_TAGGED, find_phish_copies, find_remaining_phish
from remediation.actions.finding import Found, TaggedPhish
from tests.factories import world
from tests.unit.remediation.finding import act, fault, known, look, scope, suspicious

ALICE, BOB, TENANT = world.ALICE, world.BOB, world.TENANT_ID
LURE = TaggedPhish(
    internet_message_id="<phish+1=x@evil.example>", subject="Let's pay invoice 1", sender_address="mallory@evil.example"
)


def trace(
    number: int,
    recipient: str,
    message_id: str,
    subject: str,
    sender: str = "mallory@evil.example",
    at: str = "2026-03-01T09:01:00Z",
) -> dict[str, Any]:
    return {
        "id": f"7ace0000-0000-4000-8000-{number:012}", "senderAddress": sender, "recipientAddress": recipient,
        "messageId": message_id, "receivedDateTime": at, "subject": subject, "status": "delivered",
    }  # fmt: skip


def receive(simulator: SimulatorControl, owner: str, number: int, **more: Any) -> None:
    simulator.plant(TENANT, "messages", world.message(owner, number, **more), owner=owner)


def where_found(found: Found) -> list[tuple[str, str, str]]:
    facts = [dict(each.facts) for each in found.candidates]
    return sorted((each["Mailbox"], each["Folder"], each["Matched because"]) for each in facts)


def untraced(simulator: SimulatorControl) -> None:
    """Neither Graph nor Exchange tells of deliveries."""
    simulator.configure(
        TENANT, licences={"messageTrace": False}, faults=[fault(cmdlet="Get-MessageTraceV2", code="Forbidden")]
    )


@pytest.fixture
def campaign(simulator: SimulatorControl) -> SimulatorControl:
    """Bob got the same mail as Alice, and one of the campaign under another number; a harmless one of the sender too."""
    simulator.plant(TENANT, "messageTraces", trace(2, "bob@tiny.example", LURE.internet_message_id, LURE.subject))
    simulator.plant(
        TENANT, "messageTraces", trace(3, "bob@tiny.example", "<other@evil.example>", "Let's pay invoice 1 [#99821]")
    )
    simulator.plant(TENANT, "messageTraces", trace(4, "bob@tiny.example", "<lunch@evil.example>", "Lunch"))
    simulator.plant(
        TENANT, "messageTraces", trace(5, "stranger@elsewhere.example", LURE.internet_message_id, LURE.subject)
    )
    receive(
        simulator, BOB, 7, internetMessageId="<other@evil.example>", subject="Let's pay invoice 1 [#99821]", isRead=True
    )
    receive(simulator, BOB, 8, internetMessageId="<lunch@evil.example>", subject="Lunch")
    return simulator


EXPECTED = [
    ("alice@tiny.example", "Inbox", SAME_MESSAGE_ID),
    ("bob@tiny.example", "Inbox", SAME_MESSAGE_ID),
    ("bob@tiny.example", "Inbox", SAME_SENDER_AND_CLOSE_SUBJECT),
]


def test_copies_by_message_trace(campaign: SimulatorControl) -> None:
    campaign.clear_requests()
    found = look(campaign, find_phish_copies, scope(phish=(LURE,)))
    assert where_found(found) == EXPECTED
    assert (found.is_checked, found.note) == (True, "")
    assert len(suspicious(found)) == 3
    asked = [line["path"] for line in campaign.requests(TENANT)["requests"] if "/messages" in line["path"]]
    assert {path.split("/")[2] for path in asked} == {ALICE, BOB}
    assert campaign.requests(TENANT)["roundTrips"] == 2


def test_a_copy_and_what_an_action_needs_of_it(campaign: SimulatorControl) -> None:
    found = look(campaign, find_phish_copies, scope(phish=(LURE,)))
    (copy,) = [each for each in found.candidates if each.target["user_id"] == ALICE]
    assert copy.action_key == "retract_message"
    assert copy.target == {
        "user_id": ALICE, "message_id": copy.target["message_id"], "internet_message_id": LURE.internet_message_id,
        "mailbox": "alice@tiny.example",
        "deleted_items_id": "folder-a11c-deleteditems",
    }  # fmt: skip
    assert copy.target["message_id"].startswith("AAkALg")  # immutable: it survives the move
    assert copy.before == {"exists": True, "parentFolderId": "folder-a11c-inbox", "isInDeletedItems": False}
    assert copy.facts == (
        ("Mailbox", "alice@tiny.example"), ("From", "mallory@evil.example"), ("Folder", "Inbox"), ("Received", "2026-03-01 09:01 UTC"), ("Read", "No"),
        ("Matched because", SAME_MESSAGE_ID),
    )  # fmt: skip


def test_without_message_trace_every_mailbox_is_looked_through(campaign: SimulatorControl) -> None:
    untraced(campaign)
    found = look(campaign, find_phish_copies, scope(phish=(LURE,)))
    assert where_found(found) == EXPECTED
    assert found.is_checked
    assert found.note.startswith("Message trace could not be used, so every mailbox was looked through.")
    assert "Passed over: 1 account without a mailbox" in found.note


def test_a_copy_in_deleted_items_is_told_as_such(simulator: SimulatorControl) -> None:
    receive(simulator, ALICE, 1, parentFolderId="folder-a11c-deleteditems")
    (copy,) = look(simulator, find_phish_copies, scope(phish=(LURE,))).candidates
    assert not copy.is_suspicious
    assert dict(copy.facts)["State"] == "Already in Deleted Items"
    assert copy.before is not None
    assert copy.before["isInDeletedItems"] is True


def test_a_copy_in_a_folder_within_a_folder(simulator: SimulatorControl) -> None:
    nested = {
        "id": "folder-nested",
        "displayName": "Suppliers",
        "parentFolderId": "folder-a11c-inbox",
        "wellKnownName": None,
    }
    simulator.plant(TENANT, "mailFolders", nested, owner=ALICE)
    receive(simulator, ALICE, 1, parentFolderId="folder-nested")
    assert where_found(look(simulator, find_phish_copies, scope(phish=(LURE,)))) == [
        ("alice@tiny.example", "Suppliers", SAME_MESSAGE_ID)
    ]


def test_a_copy_whose_folder_has_no_name_is_listed_all_the_same(simulator: SimulatorControl) -> None:
    receive(simulator, ALICE, 1, parentFolderId="folder-that-is-gone")
    found = look(simulator, find_phish_copies, scope(phish=(LURE,)))
    assert where_found(found) == [("alice@tiny.example", "Not known", SAME_MESSAGE_ID)]
    assert found.is_checked


def test_a_protected_mailbox_has_to_be_typed(campaign: SimulatorControl) -> None:
    found = look(campaign, find_phish_copies, scope(phish=(LURE,), protected_accounts=frozenset({"bob@tiny.example"})))
    assert {each.protected_address for each in found.candidates if each.target["user_id"] == BOB} == {
        "bob@tiny.example"
    }


def test_a_mailbox_that_cannot_be_read_is_counted_with_its_reason(campaign: SimulatorControl) -> None:
    campaign.configure(
        TENANT,
        faults=[fault(f"users/{BOB}/messages", status=403, code="ErrorAccessDenied", message="AppOnly AccessPolicy")],
    )
    found = look(campaign, find_phish_copies, scope(phish=(LURE,)))
    assert where_found(found) == EXPECTED[:1]
    assert not found.is_checked
    assert found.note.startswith("1 mailbox of 2 not read (bob@tiny.example): An application access policy in Exchange")


def test_what_is_passed_over_is_named(campaign: SimulatorControl) -> None:
    untraced(campaign)
    campaign.configure(TENANT, blockedMailboxes=[BOB])
    found = look(campaign, find_phish_copies, scope(phish=(LURE,)))
    assert not found.is_checked
    assert " not read (bob@tiny.example): An application access policy in Exchange keeps Petra out" in found.note
    assert found.note.endswith(
        "Passed over: 1 account without a mailbox in Exchange Online (nomail@tiny.example): "
        "unlicensed, deleted, or hosted on-premises, where Petra cannot look."
    )


def test_many_that_could_not_be_read_are_named_as_far_as_there_is_room() -> None:
    def box(number: int, error: GraphError) -> Box:
        person = Person(user_id=str(number), principal_name=f"p{number:02}\u202e@tiny.example")
        return Box(person, problems=["refused"], error=error)

    refused, broken = PermissionDenied(message="no", code="ErrorAccessDenied"), ServiceFailed(message="oops")
    boxes = [box(number, refused) for number in range(25, 0, -1)] + [box(90, broken)]
    note, is_incomplete = unread_note(boxes, may_be_missing=())
    assert is_incomplete
    first = ", ".join(f"p{number:02}@tiny.example" for number in range(1, 21))
    assert note.startswith(f"25 mailboxes of 26 not read ({first} and 5 more): Microsoft refused")
    assert "1 mailbox of 26 not read: Microsoft's service had a fault." in note


def test_when_people_cannot_be_listed_the_victims_mailbox_is_looked_at(campaign: SimulatorControl) -> None:
    campaign.configure(TENANT, faults=[fault("^/users\\?")])
    found = look(campaign, find_phish_copies, scope(phish=(LURE,)))
    assert where_found(found) == EXPECTED[:1]
    assert not found.is_checked
    assert found.note.startswith("The tenant's accounts could not be listed, so not all mailboxes are known.")


def test_nothing_tagged_is_not_called_clean(simulator: SimulatorControl) -> None:
    for finder in (find_phish_copies, find_remaining_phish):
        found = look(simulator, finder, scope())
        assert (found.is_checked, found.note) == (False, NOTHING_TAGGED)


def test_hostile_subjects_and_senders_are_looked_for_literally(simulator: SimulatorControl) -> None:
    tagged = TaggedPhish(
        internet_message_id="<a' or 1 eq 1&$top=9#@x>", subject="'", sender_address="o'brien' or 'a' eq 'a"
    )
    found = look(simulator, find_phish_copies, scope(phish=(tagged,)))
    assert (found.candidates, found.is_checked) == ([], True)
    untraced(simulator)
    assert look(simulator, find_phish_copies, scope(phish=(tagged,))).candidates == []


def test_what_came_from_inside_is_left_to_its_own_finder(campaign: SimulatorControl) -> None:
    inside = TaggedPhish(internet_message_id="<in@tiny.example>", subject="Sheet", sender_address="Alice@tiny.example")
    found = look(campaign, find_remaining_phish, scope(phish=(inside,)))
    assert (found.candidates, found.is_checked) == ([], True)
    assert where_found(look(campaign, find_remaining_phish, scope(phish=(inside, LURE)))) == EXPECTED


SHEET = "Updated remittance details"
COLLEAGUES = {name: f"c0110000-0000-4000-8000-{number:012}" for number, name in enumerate(["Cat", "Dan", "Eva", "Fay"])}


def send(
    simulator: SimulatorControl,
    names: list[str],
    subject: str = SHEET,
    mark: str = "sheet",
    body: str = "Look",
    at: str = "2026-03-01T10:20:00Z",
) -> None:
    """Alice sends a mail to colleagues; the copies lie in their inboxes and in her Sent Items."""
    sender = {"emailAddress": {"name": "Alice", "address": "alice@tiny.example"}}
    message_id = f"<{mark}@tiny.example>"
    more = {
        "internetMessageId": message_id,
        "subject": subject,
        "from": sender,
        "receivedDateTime": at,
        "body": {"contentType": "html", "content": body},
    }
    sent = [
        each
        for each in simulator.objects(TENANT, "mailFolders", owner=ALICE)
        if each.get("wellKnownName") == "sentitems"
    ]
    receive(simulator, ALICE, 90, id=f"sent-{mark}", parentFolderId=sent[0]["id"], **more)
    for number, name in enumerate(names):
        user_id = {"Bob": BOB, **COLLEAGUES}[name]
        row = trace(900 + number, f"{name.lower()}@tiny.example", message_id, subject, "alice@tiny.example", at)
        simulator.plant(TENANT, "messageTraces", row | {"id": f"{mark}-{name}"})
        receive(
            simulator,
            user_id,
            90,
            id=f"{mark}-{name}",
            parentFolderId="folder-b0b0-inbox" if name == "Bob" else f"{user_id}-inbox",
            **more,
        )


@pytest.fixture
def office(simulator: SimulatorControl) -> SimulatorControl:
    """Four more colleagues of Alice and Bob."""
    for name, user_id in COLLEAGUES.items():
        simulator.plant(TENANT, "users", world.user(user_id, name))
        for each in ("msgfolderroot", "inbox", "deleteditems"):
            simulator.plant(
                TENANT, "mailFolders", world.folder(user_id, each) | {"id": f"{user_id}-{each}"}, owner=user_id
            )
    return simulator


ALL = ["Bob", *COLLEAGUES]


@pytest.mark.parametrize("is_traced", [True, False])
def test_a_mail_to_many_colleagues_during_the_attack(office: SimulatorControl, is_traced: bool) -> None:
    send(office, ALL)
    if not is_traced:
        untraced(office)
    found = look(office, find_internal_phish, scope())
    assert found.is_checked
    assert len(suspicious(found)) == 5
    assert {each.reasons for each in found.candidates} == {
        ("Sent from this account to 5 mailboxes of the tenant during the attack",)
    }
    (own,) = [each for each in found.candidates if each.target["user_id"] == ALICE]
    assert dict(own.facts)["State"] == "The sender's own copy, in Sent Items"


@pytest.mark.parametrize("is_traced", [True, False])
def test_a_mail_to_a_few_colleagues_is_ordinary(office: SimulatorControl, is_traced: bool) -> None:
    send(office, ALL[:4])
    if not is_traced:
        untraced(office)
    assert look(office, find_internal_phish, scope()).candidates == []


def test_a_mail_to_many_before_the_attack_is_ordinary(office: SimulatorControl) -> None:
    send(office, ALL, at="2026-02-14T10:20:00Z")
    assert look(office, find_internal_phish, scope()).candidates == []


def test_the_attackers_own_log_row_is_enough(office: SimulatorControl) -> None:
    send(office, ["Bob"])
    found = look(office, find_internal_phish, scope(attacker_acts=(act("Send", SHEET),)))
    assert suspicious(found) == [SHEET]
    assert found.candidates[0].reasons == ("Sent by the attacker on 2026-03-01 10:10 UTC from 203.0.113.7",)


def test_the_subject_of_the_phish_is_enough(office: SimulatorControl) -> None:
    send(office, ["Bob"], subject=f"FW: {LURE.subject}")
    (copy,) = [
        each for each in look(office, find_internal_phish, scope(phish=(LURE,))).candidates if each.is_suspicious
    ]
    assert copy.reasons == ("Sent from this account during the attack, with the subject of the phish",)


def test_the_link_of_the_phish_is_enough(office: SimulatorControl) -> None:
    receive(office, ALICE, 1, body={"contentType": "html", "content": '<a href="https://lure.example/sign?u=alice">'})
    send(office, ["Bob"], body='<a href="https://lure.example/sign?u=bob">')
    send(office, ["Cat"], subject="Lunch", mark="lunch", body='<a href="https://www.linkedin.com/in/alice">')
    found = look(office, find_internal_phish, known(office, LURE))
    assert suspicious(found) == [SHEET]
    assert found.candidates[-1].reasons == ("Sent from this account during the attack, with the link of the phish",)


def test_without_the_sent_mail_the_check_is_not_whole(office: SimulatorControl) -> None:
    send(office, ALL)
    office.configure(TENANT, faults=[fault(f"users/{ALICE}/messages", times=1)])
    found = look(office, find_internal_phish, scope())
    assert len(suspicious(found)) == 5
    assert not found.is_checked
    assert "Links in the account's sent mail could not be compared." in found.note


def test_same_sender_and_subject_under_another_id(campaign: SimulatorControl) -> None:
    campaign.plant(TENANT, "messageTraces", trace(6, "bob@tiny.example", "<again@evil.example>", LURE.subject.upper()))
    receive(campaign, BOB, 9, internetMessageId="<again@evil.example>", subject=LURE.subject.upper())
    reasons = [reason for _, _, reason in where_found(look(campaign, find_phish_copies, scope(phish=(LURE,))))]
    assert SAME_SENDER_AND_SUBJECT in reasons
