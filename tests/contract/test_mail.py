"""Mail: finding, moving, ids."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from graph.simulator.control import SimulatorControl
from tests.factories.world import ALICE, BOB, NO_MAILBOX, TENANT_ID, message
from tests.fixtures.simulator import RawCloud

IMMUTABLE = 'IdType="ImmutableId"'
MAILBOX = f"/users/{ALICE}"
INBOX = f"folder-{ALICE[:4]}-inbox"
DELETED = f"folder-{ALICE[:4]}-deleteditems"


def error_of(response: Any) -> tuple[int, str]:
    """Status and code of a refusal."""
    return response.status_code, response.json()["error"]["code"]


def test_pages_of_ten_newest_first(raw_cloud: RawCloud) -> None:
    first = raw_cloud.get(f"{MAILBOX}/messages?$select=subject")
    second = raw_cloud.call("GET", first["@odata.nextLink"].removeprefix(raw_cloud.url)).json()
    assert (len(first["value"]), len(second["value"])) == (10, 2)
    assert "$skip=10" in first["@odata.nextLink"]
    assert first["value"][0]["subject"] == "Let's pay invoice 11"
    assert set(first["value"][0]) == {"@odata.etag", "id", "subject"}
    assert "@odata.nextLink" not in second


def test_find_by_internet_message_id(raw_cloud: RawCloud) -> None:
    wanted = quote("internetMessageId eq '<phish+3=x@evil.example>' or internetMessageId eq '<PHISH+5=x@evil.example>'")
    found = raw_cloud.get(f"{MAILBOX}/messages?$filter={wanted}")["value"]
    assert [each["subject"] for each in found] == ["Let's pay invoice 5", "Let's pay invoice 3"]


def test_find_by_sender_and_subject_since(raw_cloud: RawCloud) -> None:
    text = (
        "receivedDateTime ge 2026-03-01T09:04:00Z and from/emailAddress/address eq 'mallory@evil.example'"
        " and subject eq 'Let''s pay invoice 4'"
    )
    path = f"{MAILBOX}/messages?$filter={quote(text)}&$orderby=receivedDateTime desc"
    assert [each["id"] for each in raw_cloud.get(path)["value"]] == [f"AAMk-{ALICE[:4]}-4"]
    wrong = quote("subject eq 'x' and receivedDateTime ge 2026-03-01T09:04:00Z")
    refused = raw_cloud.call("GET", f"/v1.0{MAILBOX}/messages?$filter={wrong}&$orderby=receivedDateTime")
    assert error_of(refused) == (400, "InefficientFilter")


def test_a_move_gives_a_new_id_and_the_old_one_is_gone(raw_cloud: RawCloud) -> None:
    old = f"AAMk-{ALICE[:4]}-1"
    moved = raw_cloud.call("POST", f"/v1.0{MAILBOX}/messages/{old}/move", {"DestinationId": "deleteditems"})
    body = moved.json()
    assert (moved.status_code, body["parentFolderId"]) == (201, DELETED)
    assert body["id"] != old
    assert body["@odata.context"].endswith(f"#users('{ALICE}')/messages/$entity")
    stale = raw_cloud.call("POST", f"/v1.0{MAILBOX}/messages/{old}/move", {"destinationId": "deleteditems"})
    assert error_of(stale) == (404, "ErrorItemNotFound")
    assert raw_cloud.get(f"{MAILBOX}/messages/{body['id']}")["subject"] == "Let's pay invoice 1"


def test_body_keys_are_compared_without_regard_to_case(raw_cloud: RawCloud) -> None:
    message = f"AAMk-{ALICE[:4]}-1"
    body = {"INPUTIDS": [message], "TargetIdType": "restImmutableEntryId"}
    translated = raw_cloud.call("POST", f"/v1.0{MAILBOX}/translateExchangeIds", body).json()["value"]
    assert [each["sourceId"] for each in translated] == [message]
    path = f"/v1.0{MAILBOX}/messages/{message}/move"
    assert raw_cloud.call("POST", path, {"DESTINATIONID": "deleteditems"}).status_code == 201


def test_an_immutable_id_survives_moves_and_undo(raw_cloud: RawCloud) -> None:
    listed = raw_cloud.call("GET", f"/v1.0{MAILBOX}/messages?$top=1", Prefer=IMMUTABLE)
    kept = listed.json()["value"][0]["id"]
    assert listed.headers["Preference-Applied"] == IMMUTABLE
    for destination, folder in (("deleteditems", DELETED), ("deleteditems", DELETED), (INBOX, INBOX)):
        body = {"destinationId": destination}
        moved = raw_cloud.call("POST", f"/v1.0{MAILBOX}/messages/{kept}/move", body, Prefer=IMMUTABLE)
        assert (moved.status_code, moved.json()["id"], moved.json()["parentFolderId"]) == (201, kept, folder)


def test_the_preference_counts_per_sub_request(raw_cloud: RawCloud) -> None:
    item = {"method": "GET", "url": f"{MAILBOX}/messages?$top=1&$select=id"}
    answers = raw_cloud.answers(item, {**item, "headers": {"Prefer": IMMUTABLE}})
    first, second = (answers[each]["body"]["value"][0]["id"] for each in "12")
    assert first != second
    assert "Preference-Applied" not in answers["1"]["headers"]
    assert answers["2"]["headers"]["Preference-Applied"] == IMMUTABLE
    body = {"inputIds": [first], "sourceIdType": "restId", "targetIdType": "restImmutableEntryId"}
    translated = raw_cloud.call("POST", f"/v1.0{MAILBOX}/translateExchangeIds", body).json()["value"]
    assert translated == [{"sourceId": first, "targetId": second}]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"/users/{NO_MAILBOX}/messages", (404, "MailboxNotEnabledForRESTAPI")),
        ("/users/nobody@tiny.example/messages", (404, "ErrorInvalidUser")),
        (f"{MAILBOX}/mailFolders/nowhere/messages", (404, "ErrorItemNotFound")),
        (f"{MAILBOX}/messages/unknown", (404, "ErrorItemNotFound")),
        (f"{MAILBOX}/messages?$top=1001", (400, "BadRequest")),
    ],
)
def test_refusals(raw_cloud: RawCloud, path: str, expected: tuple[int, str]) -> None:
    assert error_of(raw_cloud.call("GET", f"/v1.0{path}")) == expected


def test_a_move_to_an_unknown_folder(raw_cloud: RawCloud) -> None:
    path = f"/v1.0{MAILBOX}/messages/AAMk-{ALICE[:4]}-1/move"
    assert error_of(raw_cloud.call("POST", path, {"destinationId": "gone"})) == (404, "ErrorItemNotFound")


def test_an_access_policy_closes_a_mailbox(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, blockedMailboxes=[ALICE])
    assert error_of(raw_cloud.call("GET", f"/v1.0{MAILBOX}/messages")) == (403, "ErrorAccessDenied")
    assert raw_cloud.call("GET", f"/v1.0/users/{BOB}/messages").status_code == 200


def test_the_basic_permission_hides_what_was_written(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, grantedPermissions=["Mail.ReadBasic.All"])
    message = raw_cloud.get(f"{MAILBOX}/messages?$top=1")["value"][0]
    assert not {"body", "bodyPreview"} & set(message)
    path = f"/v1.0{MAILBOX}/messages?$select=body"
    assert error_of(raw_cloud.call("GET", path)) == (403, "ErrorAccessDenied")


def test_folders(raw_cloud: RawCloud) -> None:
    listed = raw_cloud.get(f"{MAILBOX}/mailFolders?$top=50")["value"]
    names = {each["displayName"] for each in listed}
    assert {"Inbox", "Deleted Items", "Sent Items"} <= names
    assert "Top of Information Store" not in names
    inbox = raw_cloud.get(f"{MAILBOX}/mailFolders/Inbox")
    assert (inbox["id"], inbox["totalItemCount"], inbox["unreadItemCount"]) == (INBOX, 12, 12)
    assert len(raw_cloud.get(f"{MAILBOX}/mailFolders/inbox/messages")["value"]) == 10


def test_deleting(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    message = f"/v1.0{MAILBOX}/messages/AAMk-{ALICE[:4]}"
    assert raw_cloud.call("DELETE", f"{message}-1").status_code == 204
    assert raw_cloud.call("POST", f"{message}-2/permanentDelete").status_code == 204
    assert raw_cloud.call("GET", f"{message}-2").status_code == 404
    assert len(simulator.objects(TENANT_ID, "messages", ALICE)) == 11


def test_a_move_leaves_an_audit_record(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    path = f"/v1.0{MAILBOX}/messages/AAMk-{ALICE[:4]}-1/move"
    raw_cloud.call("POST", path, {"destinationId": "deleteditems"})
    record = simulator.objects(TENANT_ID, "auditRecords")[-1]
    affected = record["auditData"]["AffectedItems"][0]
    assert (record["operation"], record["auditLogRecordType"]) == ("MoveToDeletedItems", "exchangeItemGroup")
    assert affected["InternetMessageId"] == "<phish+1=x@evil.example>"
    assert affected["ParentFolder"]["Path"] == "\\Inbox"
    assert record["auditData"]["DestFolder"]["Path"] == "\\Deleted Items"


def test_ten_thousand_requests_in_ten_minutes(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    simulator.configure(TENANT_ID, throttling={"mailboxRequests": 2})
    answers = [raw_cloud.call("GET", f"/v1.0{MAILBOX}/messages?$top=1") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert 595 <= int(answers[2].headers["Retry-After"]) <= 600
    assert raw_cloud.call("GET", f"/v1.0/users/{BOB}/messages?$top=1").status_code == 200


def test_attachments_with_and_without_their_bytes(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    files = [
        {"id": "a1", "name": "a.pdf", "contentType": "application/pdf", "contentBytes": "JVBERi0="},
        {"@odata.type": "#microsoft.graph.itemAttachment", "id": "a2", "name": "a mail"},
    ]
    planted = message(ALICE, 1, hasAttachments=True, _attachments=files)
    simulator.plant(TENANT_ID, "messages", planted, owner=ALICE)
    path = f"{MAILBOX}/messages/AAMk-{ALICE[:4]}-1/attachments"
    listed = raw_cloud.get(f"{path}?$select=id,name,size")["value"]
    assert [set(each) - {"@odata.type", "@odata.mediaContentType"} for each in listed] == [{"id", "name", "size"}] * 2
    assert [each["@odata.type"].rsplit(".")[-1] for each in listed] == ["fileAttachment", "itemAttachment"]
    assert [each.get("contentBytes") for each in raw_cloud.get(path)["value"]] == ["JVBERi0=", None]
    assert raw_cloud.get(f"{path}/a1")["contentBytes"] == "JVBERi0="
    assert error_of(raw_cloud.call("GET", f"/v1.0{path}/a3")) == (404, "ErrorItemNotFound")
    simulator.configure(TENANT_ID, grantedPermissions=["Mail.ReadBasic.All"])
    assert error_of(raw_cloud.call("GET", f"/v1.0{path}")) == (403, "ErrorAccessDenied")


def test_two_copies_of_a_message_hold_the_same_file(simulator: SimulatorControl, raw_cloud: RawCloud) -> None:
    for owner in (ALICE, BOB):
        simulator.plant(TENANT_ID, "messages", message(owner, 1, hasAttachments=True), owner=owner)
    paths = [f"/users/{owner}/messages/AAMk-{owner[:4]}-1/attachments" for owner in (ALICE, BOB)]
    one, other = (raw_cloud.get(path)["value"][0] for path in paths)
    assert one["contentBytes"] == other["contentBytes"]
    found = raw_cloud.get(f"{MAILBOX}/messages?$filter={quote('hasAttachments eq true')}")["value"]
    assert [each["id"] for each in found] == [f"AAMk-{ALICE[:4]}-1"]
