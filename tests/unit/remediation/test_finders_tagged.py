"""What stands in a tagged mail, and copies of it that are known by that alone."""

import base64
import hashlib
from dataclasses import replace
from typing import Any

import pytest

from graph.simulator.control import SimulatorControl
from incidents.phish.matching import SAME_ATTACHMENT, SAME_LINK, SAME_MESSAGE_ID
from remediation.actions.finders import messages
from remediation.actions.finders.copies import LOOK_FIRST
from remediation.actions.finders.messages import AKIN_UNKNOWN, find_phish_copies
from remediation.actions.finders.tagged import NO_TEXT, NOT_FOUND, TAGGED, Tagged, read_tagged
from remediation.actions.finding import Found, TaggedPhish
from tests.factories import world
from tests.unit.remediation.finding import fault, known, look, scope
from tests.unit.remediation.test_finders_messages import LURE, receive, trace, untraced, where_found

ALICE, BOB, TENANT = world.ALICE, world.BOB, world.TENANT_ID
LINK = "https://pages.example/sign"
BYTES = b"%PDF evil"
HASH = hashlib.sha256(BYTES).hexdigest()
FILE = {"name": "invoice.pdf", "contentBytes": base64.b64encode(BYTES).decode()}
LOGO = {"name": "logo.png", "contentBytes": "AAAA", "isInline": True}
UNREAD = replace(LURE, is_read=False)


def linking(*links: str) -> dict[str, Any]:
    return {"body": {"contentType": "html", "content": " ".join(f'<a href="{link}">here</a>' for link in links)}}


def holding(*files: dict[str, Any]) -> dict[str, Any]:
    return {"hasAttachments": True, "_attachments": list(files)}


def tagged(simulator: SimulatorControl, **content: Any) -> None:
    """Alice's copy, the one that is tagged."""
    receive(simulator, ALICE, 1, **content)


def deliver(simulator: SimulatorControl, number: int, sender: str, subject: str, **content: Any) -> None:
    """A mail to Bob, traced."""
    message_id = f"<{number}@{sender.partition('@')[2]}>"
    named = {"from": {"emailAddress": {"name": "", "address": sender}}, "subject": subject}
    receive(simulator, BOB, number, internetMessageId=message_id, **named, **content)
    simulator.plant(TENANT, "messageTraces", trace(number, "bob@tiny.example", message_id, subject, sender))


def read(simulator: SimulatorControl, tag: TaggedPhish = UNREAD) -> Tagged:
    found = look(simulator, read_tagged, scope(phish=(tag,)))
    assert isinstance(found, Tagged)
    return found


def copies(simulator: SimulatorControl) -> Found:
    found = look(simulator, find_phish_copies, known(simulator, LURE))
    assert isinstance(found, Found)
    return found


def opened(simulator: SimulatorControl) -> int:
    return int(simulator.requests(TENANT)["byPath"].get("GET /users/{id}/messages/{id}", 0))


# --- What stands in the tagged mail ----------------------------------------------------------------------------------
def test_links_and_files_are_read_and_pictures_within_the_text_are_not(simulator: SimulatorControl) -> None:
    own = "https://www.tiny.example/intranet"
    tagged(simulator, **linking(f"{LINK}?u=alice", own, "https://pages.example/"), **holding(FILE, LOGO))
    simulator.clear_requests()
    content = read(simulator).contents[LURE.internet_message_id]
    assert (list(content.links), list(content.attachment_hashes)) == ([LINK], [HASH])
    assert (read(simulator).note, read(simulator).gaps()) == ("", [])


def test_what_was_read_is_not_read_again(simulator: SimulatorControl) -> None:
    tagged(simulator, **linking(LINK))
    simulator.clear_requests()
    assert look(simulator, read_tagged, scope(phish=(LURE,))).contents == {}
    assert "GET /users/{id}/messages" not in simulator.requests(TENANT)["byPath"]


def test_a_mail_that_is_gone_is_told_and_the_search_is_whole(simulator: SimulatorControl) -> None:
    (gap,) = read(simulator, replace(UNREAD, internet_message_id="<gone@evil.example>")).gaps()
    assert (gap.source, gap.is_checked, gap.rows) == (TAGGED, True, 0)
    assert gap.note == f"1 mail tagged as the phish {NOT_FOUND}"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (f"users/{ALICE}/messages\\?", "needs the application permission Mail.Read"),
        ("attachments\\?", "1 mail with attachments not opened (alice@tiny.example):"),
        ("attachments/", "1 attachment not compared (alice@tiny.example):"),
    ],
)
def test_what_microsoft_refused_is_told_and_read_by_the_next_search(
    simulator: SimulatorControl, path: str, told: str
) -> None:
    tagged(simulator, **linking(LINK), **holding(FILE))
    simulator.configure(TENANT, faults=[fault(path, status=403, code="ErrorAccessDenied", times=1)])
    refused = read(simulator)
    (gap,) = refused.gaps()
    assert not gap.is_checked
    assert told in gap.note
    links = {"users": [], "attac": [[LINK]]}[path[:5]]  # what was refused of the files leaves the links known
    assert [list(content.links) for content in refused.contents.values()] == links
    assert not any(content.is_whole for content in refused.contents.values())
    (content,) = read(simulator).contents.values()
    assert (list(content.links), list(content.attachment_hashes), content.is_whole) == ([LINK], [HASH], True)


def test_a_file_of_which_there_are_no_bytes_keeps_the_rest_from_nobody(simulator: SimulatorControl) -> None:
    forwarded = {"@odata.type": "#microsoft.graph.itemAttachment", "name": "Forwarded"}
    tagged(simulator, **linking(LINK), **holding(forwarded))
    found = read(simulator)
    assert list(found.contents[LURE.internet_message_id].links) == [LINK]
    (gap,) = found.gaps()
    assert gap.is_checked
    assert gap.note.startswith("1 attachment not compared (alice@tiny.example): they are mails")


def test_a_text_that_is_not_given_is_told(simulator: SimulatorControl) -> None:
    tagged(simulator, body=None)
    found = read(simulator)
    assert not any(found.contents[LURE.internet_message_id].links)
    assert found.note == NO_TEXT


# --- Copies known by it -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("is_traced", [True, False])
def test_by_its_link_under_another_subject_and_from_another_sender(
    simulator: SimulatorControl, is_traced: bool
) -> None:
    tagged(simulator, **linking(f"{LINK}?u=alice"))
    deliver(simulator, 2, LURE.sender_address, "Lunch", **linking(f"{LINK}?u=bob"))
    deliver(simulator, 3, "zoe@other.example", LURE.subject, **linking(f"{LINK}?u=bob3"))
    deliver(simulator, 4, LURE.sender_address, "Minutes", **linking("https://pages.example/minutes"))
    deliver(simulator, 5, "honest@partner.example", LURE.subject)
    deliver(simulator, 6, "zoe@other.example", "Neither of both", **linking(LINK))
    if not is_traced:
        untraced(simulator)
    scope_known = known(simulator, LURE)
    simulator.clear_requests()
    found = look(simulator, find_phish_copies, scope_known)
    assert where_found(found) == [
        ("alice@tiny.example", "Inbox", SAME_MESSAGE_ID),
        # Where every mailbox is looked through, the copy that no trace names is found, too.
        *([] if is_traced else [("bob@tiny.example", "Inbox", SAME_MESSAGE_ID)]),
        ("bob@tiny.example", "Inbox", SAME_LINK),
        ("bob@tiny.example", "Inbox", SAME_LINK),
    ]
    looks = {(SAME_LINK, LOOK_FIRST.format(sender)) for sender in (LURE.sender_address, "zoe@other.example")}
    by_link = [each for each in found.candidates if each.reasons in looks]
    assert {each.title for each in found.candidates if each.is_uncertain} == {each.title for each in by_link}
    assert sorted(each.title for each in by_link) == sorted(["Lunch", LURE.subject])
    assert found.is_checked
    assert not is_traced or opened(simulator) == 4, "those akin to it, and nothing else"


def test_by_an_attachment(simulator: SimulatorControl) -> None:
    tagged(simulator, **holding(FILE))
    deliver(simulator, 2, "zoe@other.example", LURE.subject, **holding({"name": "scan.pdf"} | FILE))
    deliver(simulator, 3, "zoe@other.example", LURE.subject, **holding({"name": "x.pdf", "contentBytes": "AAAA"}))
    deliver(simulator, 4, "zoe@other.example", "Another one", **holding(FILE))
    assert where_found(copies(simulator)) == [
        ("alice@tiny.example", "Inbox", SAME_MESSAGE_ID),
        ("bob@tiny.example", "Inbox", SAME_ATTACHMENT),
    ]


def test_a_sender_links_to_their_own_site_in_all_mails(simulator: SimulatorControl) -> None:
    site = f"https://{LURE.sender_address.partition('@')[2]}/contact"
    tagged(simulator, **linking(site))
    deliver(simulator, 2, LURE.sender_address, "Lunch", **linking(site))
    colleague = f"eve@{LURE.sender_address.partition('@')[2]}"
    deliver(simulator, 3, colleague, LURE.subject, **linking(site))
    deliver(simulator, 4, "zoe@other.example", LURE.subject, **linking(site))
    assert [dict(each.facts)["From"] for each in copies(simulator).candidates] == [
        LURE.sender_address,
        "zoe@other.example",
    ]


def test_mails_akin_to_it_that_cannot_be_read_are_told(simulator: SimulatorControl) -> None:
    tagged(simulator, **linking(LINK))
    deliver(simulator, 2, LURE.sender_address, "Lunch", **linking(LINK))
    where = known(simulator, LURE)
    simulator.configure(TENANT, faults=[fault(f"users/{BOB}/messages/[^?/]+\\?", code="ErrorAccessDenied")])
    found = look(simulator, find_phish_copies, where)
    assert len(found.candidates) == 1
    assert not found.is_checked
    assert "1 mail not read (bob@tiny.example):" in found.note


def test_more_mails_than_are_opened_are_told_and_leave_the_search_whole(
    simulator: SimulatorControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "MOST_MAILS", 1)
    tagged(simulator, **linking(LINK))
    for number, day in ((2, "2026-02-27"), (3, "2026-02-28")):
        deliver(simulator, number, LURE.sender_address, "Lunch", **linking(LINK), receivedDateTime=f"{day}T09:00:00Z")
    found = copies(simulator)
    assert [each.title for each in found.candidates] == [LURE.subject, "Lunch"]
    assert (found.is_checked, found.is_content_whole) == (True, False)
    assert found.note == "1 mail akin to the phish not opened: at most 1 are, the newest ones."


def test_where_microsoft_allows_no_more_questions_other_senders_are_told_as_unknown(
    simulator: SimulatorControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "MOST_QUESTIONS", 4)
    tagged(simulator, **linking(LINK))
    deliver(simulator, 2, LURE.sender_address, "Lunch", **linking(LINK))
    deliver(simulator, 3, "zoe@other.example", LURE.subject, **linking(LINK))
    found = copies(simulator)
    assert [each.title for each in found.candidates] == [LURE.subject, "Lunch"]
    assert (found.is_checked, found.is_content_whole) == (True, False)
    assert found.note.endswith(f"than Microsoft allows, {AKIN_UNKNOWN}")


def test_a_mail_of_which_only_the_id_was_known_sends_nobody_through_all_mailboxes(simulator: SimulatorControl) -> None:
    tagged(simulator, **linking(LINK))
    simulator.clear_requests()
    found = look(simulator, find_phish_copies, known(simulator, replace(LURE, subject="", sender_address="")))
    assert where_found(found) == [("alice@tiny.example", "Inbox", SAME_MESSAGE_ID)]
    assert (found.is_checked, found.note) == (True, "")


def test_what_is_refused_takes_nothing_away_that_is_known(simulator: SimulatorControl) -> None:
    tagged(simulator, **linking(LINK), **holding(FILE))
    simulator.configure(TENANT, faults=[fault("attachments\\?", status=503, times=9)])
    found = read(simulator, replace(UNREAD, attachment_hashes=("cd" * 32,)))
    (content,) = found.contents.values()
    assert (list(content.links), list(content.attachment_hashes)) == ([LINK], ["cd" * 32])
    assert not content.is_whole


def test_a_picture_is_one_by_its_type_and_its_name(simulator: SimulatorControl) -> None:
    pictures = [{"name": "logo.PNG", "contentType": "image/png", "contentBytes": "AAAA"}, LOGO]
    script = FILE | {"name": "invoice.svg", "contentType": "image/svg+xml"}
    tagged(simulator, **holding(*pictures, script, {"name": "empty.txt", "contentBytes": ""}))
    content = read(simulator).contents[LURE.internet_message_id]
    assert list(content.attachment_hashes) == [HASH]


def test_a_link_that_is_in_no_trace_of_ours_is_not_called_known(simulator: SimulatorControl) -> None:
    odd = ["http://[::1]/a", "https://evil/abc", f"https://long.example/{'a' * 2000}"]
    tagged(simulator, **linking(LINK, *odd))
    found = read(simulator)
    (content,) = found.contents.values()
    assert list(content.links) == [LINK]
    assert content.note == "Of 2 links in the tagged mail, 1 are compared."
