"""A sweep for a link or for the hash of an attachment, in the simulated cloud over HTTP."""

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest

from graph.simulator.control import SimulatorControl
from incidents.phish.matching import SAME_ATTACHMENT, SAME_LINK, SAME_MESSAGE_ID
from remediation.actions.finders import content, opening
from remediation.actions.finders.messages import NOT_TRACED, find_campaign_copies
from remediation.actions.finding import FindScope, Found, TaggedPhish
from tests.factories import world
from tests.unit.remediation.finding import fault, look, scope
from tests.unit.remediation.test_finders_messages import receive, trace, where_found

ALICE, BOB, TENANT = world.ALICE, world.BOB, world.TENANT_ID
LINK = "https://lure.example/sign"
BYTES = b"MZ evil"
HASH = hashlib.sha256(BYTES).hexdigest()
FILE = {"name": "invoice.exe", "contentBytes": base64.b64encode(BYTES).decode()}
ITEM = {"@odata.type": "#microsoft.graph.itemAttachment", "name": "Forwarded"}


def sought(**known: Any) -> FindScope:
    parts = {"internet_message_id": "", "subject": "", "sender_address": ""} | known
    since = datetime(2026, 2, 20, tzinfo=UTC)
    return scope(phish=(TaggedPhish(**parts),), is_sweep=True, user_id="", since=since)


def sweep(simulator: SimulatorControl, **known: Any) -> Found:
    found = look(simulator, find_campaign_copies, sought(**known))
    assert isinstance(found, Found)
    return found


def linked(simulator: SimulatorControl, owner: str, number: int, link: str = f"{LINK}?u=1", **more: Any) -> None:
    body = {"contentType": "html", "content": f'<p>Hi <a href="{link}">here</a></p>'}
    receive(simulator, owner, number, body=body, **more)


def attached(simulator: SimulatorControl, owner: str, number: int, *files: dict[str, Any], **more: Any) -> None:
    receive(simulator, owner, number, hasAttachments=True, _attachments=list(files), **more)


def calls(simulator: SimulatorControl, path: str) -> int:
    return int(simulator.requests(TENANT)["byPath"].get(path, 0))


ATTACHED = "GET /users/{id}/messages/{id}/attachments"
OPENED = f"{ATTACHED}/{{id}}"


# --- Links ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("wanted", [LINK, "lure.example", "HXXPS://WWW.lure[.]example/sign/#top"])
def test_by_a_link_every_mailbox_is_looked_through(simulator: SimulatorControl, wanted: str) -> None:
    linked(simulator, ALICE, 2)
    linked(simulator, BOB, 3, subject="Quite another one")
    linked(simulator, BOB, 4, link="https://lure.example.honest.example/sign")
    found = sweep(simulator, links=(wanted,))
    assert where_found(found) == [
        ("alice@tiny.example", "Inbox", SAME_LINK),
        ("bob@tiny.example", "Inbox", SAME_LINK),
    ]
    assert found.is_checked
    assert found.note.startswith(NOT_TRACED)
    assert found.rows == 15, "all that was read counts, not only what is kept"


def test_with_a_sender_only_his_mails_are_read(simulator: SimulatorControl) -> None:
    linked(simulator, ALICE, 2, internetMessageId="<2@evil.example>")
    linked(simulator, BOB, 3, internetMessageId="<3@evil.example>")
    simulator.plant(TENANT, "messageTraces", trace(7, "alice@tiny.example", "<2@evil.example>", "Let's pay invoice 2"))
    simulator.clear_requests()
    found = sweep(simulator, links=(LINK,), sender_address="mallory@evil.example")
    # Bob's is in no trace: only Alice's mailbox was asked.
    assert where_found(found) == [("alice@tiny.example", "Inbox", SAME_LINK)]
    assert (found.is_checked, found.note) == (True, "")
    assert calls(simulator, "GET /users/{id}/messages") == 1
    assert sweep(simulator, links=(LINK,), sender_address="nobody@evil.example").candidates == []


def test_a_subject_narrows_too(simulator: SimulatorControl) -> None:
    linked(simulator, ALICE, 2, subject="RE: Agreement DS-48213")
    linked(simulator, BOB, 3, subject="Agreement DS-48213")
    simulator.configure(TENANT, licences={"messageTrace": False}, directoryRoles=[])
    found = sweep(simulator, links=(LINK,), subject="Agreement DS-48213")
    assert where_found(found) == [("bob@tiny.example", "Inbox", SAME_LINK)]


def test_dates_hold_for_links_and_not_for_a_message_id(simulator: SimulatorControl) -> None:
    linked(simulator, ALICE, 2, receivedDateTime="2026-01-10T09:00:00Z")
    linked(simulator, BOB, 3, receivedDateTime="2026-02-28T09:00:00Z")
    late = datetime(2026, 2, 28, tzinfo=UTC)
    both = sought(links=(LINK,), internet_message_id="<phish+2=x@evil.example>")
    assert where_found(look(simulator, find_campaign_copies, both)) == [
        ("alice@tiny.example", "Inbox", SAME_MESSAGE_ID),
        ("bob@tiny.example", "Inbox", SAME_LINK),
    ]
    until = {name: getattr(both, name) for name in FindScope.__dataclass_fields__} | {"mail_until": late}
    assert where_found(look(simulator, find_campaign_copies, FindScope(**until))) == [
        ("alice@tiny.example", "Inbox", SAME_MESSAGE_ID)
    ]


def test_where_not_all_texts_were_read_it_is_not_called_clean(
    simulator: SimulatorControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "BODIES_A_PAGE", 2)
    monkeypatch.setattr(content, "MOST_PAGES", 2)
    found = sweep(simulator, links=(LINK,))
    assert (found.candidates, found.is_checked, found.rows) == ([], False, 5)
    assert "1 mailbox of 6 not read to the end (alice@tiny.example): Only the first 4 entries were read." in found.note


def test_a_text_that_is_not_given_is_not_called_clean(simulator: SimulatorControl) -> None:
    receive(simulator, ALICE, 2, body=None)
    found = sweep(simulator, links=(LINK,))
    assert not found.is_checked
    assert found.note.endswith("The text of 1 mail could not be read.")


def test_without_the_permission_to_read_texts_nothing_is_called_clean(simulator: SimulatorControl) -> None:
    simulator.configure(TENANT, grantedPermissions=["User.Read.All", "Mail.ReadBasic.All"])
    found = sweep(simulator, links=(LINK,))
    assert (found.candidates, found.is_checked) == ([], False)
    assert "Petra's application needs the application permission Mail.Read." in found.note


# --- Attachments ------------------------------------------------------------------------------------------------------
def test_by_the_hash_of_an_attachment(simulator: SimulatorControl) -> None:
    attached(simulator, ALICE, 2, {"name": "logo.png", "contentBytes": "AAAA"}, FILE, subject="One")
    attached(simulator, BOB, 3, FILE, subject="Another")
    attached(simulator, BOB, 4, {"name": "invoice.exe", "contentBytes": "AAAA"})
    simulator.clear_requests()
    found = sweep(simulator, attachment_hashes=(HASH,))
    assert where_found(found) == [
        ("alice@tiny.example", "Inbox", SAME_ATTACHMENT),
        ("bob@tiny.example", "Inbox", SAME_ATTACHMENT),
    ]
    assert found.is_checked
    assert (calls(simulator, ATTACHED), calls(simulator, OPENED)) == (3, 4)


def test_of_link_and_hash_one_is_enough_and_told(simulator: SimulatorControl) -> None:
    linked(simulator, ALICE, 2)
    attached(simulator, BOB, 3, FILE)
    both = {"body": {"contentType": "text", "content": f"see {LINK}."}}
    attached(simulator, BOB, 4, FILE, **both)
    simulator.clear_requests()
    found = sweep(simulator, links=(LINK,), attachment_hashes=(HASH,))
    assert where_found(found) == [
        ("alice@tiny.example", "Inbox", SAME_LINK),
        ("bob@tiny.example", "Inbox", SAME_ATTACHMENT),
        ("bob@tiny.example", "Inbox", SAME_LINK),
    ]
    assert calls(simulator, OPENED) == 1, "what is meant already is not opened"


@pytest.mark.parametrize(
    ("planted", "told"),
    [
        (ITEM, "1 attachment not compared (alice@tiny.example): they are mails, or links to files elsewhere"),
        (FILE | {"size": 20_000_001}, "1 attachment not compared (alice@tiny.example): larger than 20 MB."),
        ({"name": "empty"}, "1 attachment not compared (alice@tiny.example): Microsoft gave no bytes of them."),
        (
            {"name": "odd", "contentBytes": "no base64!"},
            "1 attachment not compared (alice@tiny.example): Microsoft gave no bytes of them.",
        ),
    ],
)
def test_what_could_not_be_compared_is_told(simulator: SimulatorControl, planted: dict[str, Any], told: str) -> None:
    attached(simulator, ALICE, 2, planted)
    found = sweep(simulator, attachment_hashes=(HASH,))
    assert (found.candidates, found.is_checked) == ([], False)
    assert told in found.note


@pytest.mark.parametrize(
    ("path", "told"), [("attachments\\?", "1 mail with attachments not opened"), ("attachments/", "1 attachment not")]
)
def test_what_microsoft_refused_is_told(simulator: SimulatorControl, path: str, told: str) -> None:
    attached(simulator, ALICE, 2, FILE)
    simulator.configure(TENANT, faults=[fault(path, status=403, code="ErrorAccessDenied")])
    found = sweep(simulator, attachment_hashes=(HASH,))
    assert (found.candidates, found.is_checked) == ([], False)
    assert told in found.note


def test_more_mails_than_are_opened_are_told(simulator: SimulatorControl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MOST_MAILS", 1)
    attached(simulator, ALICE, 2, FILE)
    attached(simulator, BOB, 3, FILE)
    found = sweep(simulator, attachment_hashes=(HASH,))
    assert where_found(found) == [("bob@tiny.example", "Inbox", SAME_ATTACHMENT)], "the newest one"
    assert not found.is_checked
    assert "1 mail with attachments not opened (alice@tiny.example): at most 1 are, the newest ones" in found.note


def test_files_are_fetched_a_few_at_a_time(simulator: SimulatorControl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "BYTES_AT_ONCE", 1)
    for number in (2, 3):
        attached(simulator, ALICE, number, FILE)
    simulator.clear_requests()
    assert len(sweep(simulator, attachment_hashes=(HASH,)).candidates) == 2
    # People, messages, lists of attachments, one file, the other, folders.
    assert simulator.requests(TENANT)["roundTrips"] == 6


def test_by_a_sender_and_a_hash_only_his_mails_are_opened(simulator: SimulatorControl) -> None:
    honest = {"from": {"emailAddress": {"name": "Zoe", "address": "zoe@honest.example"}}}
    attached(simulator, ALICE, 2, FILE, **honest)
    attached(simulator, ALICE, 3, FILE)
    simulator.configure(TENANT, licences={"messageTrace": False}, directoryRoles=[])
    simulator.clear_requests()
    found = sweep(simulator, attachment_hashes=(HASH,), sender_address="mallory@evil.example")
    assert [dict(each.facts)["From"] for each in found.candidates] == ["mallory@evil.example"]
    assert calls(simulator, OPENED) == 1


def test_nothing_older_than_the_first_day_is_opened(simulator: SimulatorControl) -> None:
    attached(simulator, ALICE, 2, FILE, receivedDateTime="2026-02-19T09:00:00Z")
    simulator.clear_requests()
    found = sweep(simulator, attachment_hashes=(HASH,))
    assert (found.candidates, found.is_checked, calls(simulator, ATTACHED)) == ([], True, 0)
