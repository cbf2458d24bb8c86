"""What is planted at Acme Corp: suspicious things, honest look-alikes, and things that must never be touched."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from graph.simulator.world import story
from tests.unit.world.reading import consenters, copies, folder_of, messages, moment, named, records, user

RENEE = "renee.castellane"
UPN = story.RENEE.victim


def _rules(acme: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    return {each["displayName"]: each for each in acme["messageRules"][user(acme, name)["id"]]}


def _mailbox(acme: dict[str, Any]) -> dict[str, Any]:
    return acme["mailboxes"][user(acme, RENEE)["id"]]


def _methods(acme: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return acme["authenticationMethods"][user(acme, name)["id"]]


def _since_attack(now: datetime, text: str) -> bool:
    return moment(text) >= now - story.RENEE.first_access


def test_the_organization_is_believable(acme: dict[str, Any]) -> None:
    people = [each for each in acme["users"] if each["_kind"] == "person"]
    assert 50 <= len(people) <= 65
    assert all(each["department"] and each["jobTitle"] and each["businessPhones"] for each in people)
    assert [each["displayName"] for each in people if each["_managerId"] is None] == ["Judith Amankwah"]
    names = {each["displayName"] for each in people}
    assert {"王美玲", "نورا الحداد", "Renée Castellane"} <= names
    assert max(len(each["userPrincipalName"]) for each in people) == 64


def test_mailboxes_look_used(acme: dict[str, Any]) -> None:
    counts = {
        each["userPrincipalName"]: len(acme["messages"][each["id"]])
        for each in acme["users"]
        if each["_kind"] == "person"
    }
    assert counts.pop(UPN) >= 120
    assert min(counts.values()) >= 8
    assert max(counts.values()) <= 36
    folders = {each["displayName"] for each in acme["mailFolders"][user(acme, RENEE)["id"]]}
    assert {
        "Inbox", "Sent Items", "Drafts", "Deleted Items", "Archive", "Junk Email", "RSS Feeds", "Conversation History",
        "Outbox", "Payment runs", "Newsletters",
    } <= folders  # fmt: skip


def test_threads_lie_in_both_mailboxes(acme: dict[str, Any]) -> None:
    sent = next(each for each in messages(acme, RENEE) if each["subject"].startswith("Month-end close: calendar"))
    assert len(copies(acme, sent["internetMessageId"])) == len(sent["toRecipients"]) + 1


def test_the_outside_phish_is_in_six_mailboxes(acme: dict[str, Any]) -> None:
    first, second = (copies(acme, each.internet_message_id) for each in (story.LURE, story.LURE_SECOND))
    assert (len(first), len(second)) == (4, 2)
    assert UPN in first


def test_fourteen_colleagues_got_the_internal_phish(acme: dict[str, Any]) -> None:
    found = copies(acme, story.REMITTANCE.internet_message_id)
    colleagues = {f"{key}@acme-corp.example" for key in story.INTERNAL_RECIPIENTS}
    assert len(colleagues) == 14
    assert found.keys() == colleagues | {UPN, story.SCANNER}
    folders = [folder_of(acme, key, found[f"{key}@acme-corp.example"]) for key in story.INTERNAL_RECIPIENTS]
    assert sorted(folders) == [
        "Archive", "Deleted Items", "Deleted Items", "Finance questions", *["Inbox"] * 9, "To do",
    ]  # fmt: skip
    assert folder_of(acme, RENEE, found[UPN]) == "Deleted Items"
    assert folder_of(acme, story.SCANNER, found[story.SCANNER]) == "Inbox"


def test_the_rule_hid_answers_in_rss_feeds(acme: dict[str, Any]) -> None:
    hidden = [each for each in messages(acme, RENEE) if folder_of(acme, RENEE, each) == "RSS Feeds"]
    assert len(hidden) == 4
    assert all(each["isRead"] for each in hidden)
    words = _rules(acme, RENEE)["."]["conditions"]["bodyOrSubjectContains"]
    for each in hidden:
        assert any(word in f"{each['subject']} {each['body']['content']}".lower() for word in words)


def test_rules(acme: dict[str, Any], now: datetime) -> None:
    rules = _rules(acme, RENEE)
    fresh = {name for name, each in rules.items() if _since_attack(now, each["_createdDateTime"])}
    assert fresh == {".", story.HIDDEN_RULE}
    assert rules.keys() - fresh == {"Newsletters", "From CEO"}
    assert {name for name, each in rules.items() if each["_hidden"]} == {story.HIDDEN_RULE}
    forwarded = rules[story.HIDDEN_RULE]["actions"]["forwardTo"][0]["emailAddress"]["address"]
    assert forwarded == story.HIDDEN_RULE_TARGET


def test_mailbox_rights(acme: dict[str, Any]) -> None:
    box = _mailbox(acme)
    assert box["ForwardingSmtpAddress"] == f"smtp:{story.FORWARDING_TARGET}"
    full = {each["User"] for each in box["permissions"] if each["AccessRights"] == ["FullAccess"]}
    assert full == {story.ATTACKER_GUEST, story.SYNC_ACCOUNT, "oluwaseun.adeyemi@acme-corp.example"}
    others = {each["Trustee"] for each in box["recipientPermissions"]} - {"NT AUTHORITY\\SELF"}
    assert others == {story.ATTACKER_GUEST}
    assert box["GrantSendOnBehalfTo"] == ["oluwaseun.adeyemi@acme-corp.example"]


def test_the_guest_was_invited_during_the_attack(acme: dict[str, Any], now: datetime) -> None:
    guests = {each["userPrincipalName"]: each for each in acme["users"] if each["userType"] == "Guest"}
    assert [upn for upn, each in guests.items() if _since_attack(now, each["createdDateTime"])] == [
        story.ATTACKER_GUEST
    ]
    assert len(guests) == 2


def test_applications(acme: dict[str, Any]) -> None:
    assert consenters(acme, story.MAIL_APP) == {UPN}
    assert len(consenters(acme, story.SHARED_APP) - {UPN}) == 9
    assert UPN in consenters(acme, story.SHARED_APP)
    assert len(consenters(acme, "MeetLoop Scheduler")) == 42
    for name in ("MeetLoop Scheduler", "Acme Stock Portal", "Finance Reporting"):
        assert UPN in consenters(acme, name)
    verified = {each["displayName"] for each in acme["servicePrincipals"] if each["verifiedPublisher"]["displayName"]}
    assert verified == {"MeetLoop Scheduler", "Petra Incident Response"}


def test_untouchable_applications(acme: dict[str, Any]) -> None:
    own = named(acme, "servicePrincipals", "Petra Incident Response")
    assert (own["id"], own["appId"]) == (acme["servicePrincipalId"], acme["clientId"])
    assert UPN in consenters(acme, "Petra Incident Response")
    tools = named(acme, "servicePrincipals", "Microsoft Graph Command Line Tools")
    assert tools["appId"] == "14d82eec-204b-4c2f-b7e8-296a70dab67e"
    assert tools["appOwnerOrganizationId"] == "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
    assert consenters(acme, "Microsoft Graph Command Line Tools") == {UPN}


def test_registrations(acme: dict[str, Any], now: datetime) -> None:
    renee = user(acme, RENEE)["id"]
    own = {each["displayName"]: each for each in acme["applications"] if each["_createdBy"] == renee}
    fresh = {name for name, each in own.items() if _since_attack(now, each["createdDateTime"])}
    assert fresh == {story.PLANTED_REGISTRATION}
    assert own.keys() - fresh == {"Finance Reporting"}
    assert len(own[story.PLANTED_REGISTRATION]["passwordCredentials"]) == 1
    assert own[story.PLANTED_REGISTRATION]["_owners"] == [renee]


def test_devices(acme: dict[str, Any], now: datetime) -> None:
    renee = user(acme, RENEE)["id"]
    own = [each for each in acme["devices"] if each["_registeredOwners"] == [renee]]
    fresh = [each["displayName"] for each in own if _since_attack(now, each["registrationDateTime"])]
    assert fresh == [story.ATTACKER_DEVICE]
    assert len(own) == 4


def test_methods(acme: dict[str, Any], now: datetime) -> None:
    methods = _methods(acme, RENEE)
    fresh = [each["@odata.type"].rpartition(".")[2] for each in methods if _since_attack(now, each["createdDateTime"])]
    assert fresh == ["microsoftAuthenticatorAuthenticationMethod", "phoneAuthenticationMethod"]
    assert [each["displayName"] for each in methods if each["_isDefault"]] == ["Renée's phone"]
    assert len({each["id"] for each in methods}) == len(methods) == 5


def test_the_second_attack_left_a_default_method(acme: dict[str, Any], now: datetime) -> None:
    upn = story.TADHG.victim
    default = [each for each in _methods(acme, upn) if each["_isDefault"]]
    assert [each["createdDateTime"] for each in default] == [
        (now - story.TADHG.before_now("method")).strftime("%Y-%m-%dT%H:%M:%SZ")
    ]
    assert _rules(acme, upn).keys() == {"orders"}
    found = copies(acme, story.COMMISSION.internet_message_id)
    assert found.keys() == {upn, *(f"{key}@acme-corp.example" for key in story.INTERNAL_RECIPIENTS_SPRAY)}


def test_a_password_was_tried_on_many(acme: dict[str, Any]) -> None:
    tried = [each for each in acme["signIns"] if each["ipAddress"] == story.SPRAY_IP and each["status"]["errorCode"]]
    assert len({each["userId"] for each in tried}) == 23
    assert user(acme, story.TADHG.victim)["id"] not in {each["userId"] for each in tried}


def test_thirty_days_of_ordinary_sign_ins(acme: dict[str, Any], now: datetime) -> None:
    for incident in (story.RENEE, story.TADHG):
        own = [each for each in acme["signIns"] if each["userId"] == user(acme, incident.victim)["id"]]
        before = [each for each in own if moment(each["createdDateTime"]) < now - incident.first_access]
        assert {each["location"]["countryOrRegion"] for each in before} == {"GB"}
        assert moment(min(each["createdDateTime"] for each in before)) < now - timedelta(days=27)


def test_mail_evidence(acme: dict[str, Any]) -> None:
    hostile = [each for each in records(acme, "MailItemsAccessed", RENEE) if each["clientIp"] == story.REPLAY_IP]
    kinds = [each["auditData"]["OperationProperties"][0]["Value"] for each in hostile]
    assert kinds.count("Sync") == 1
    assert kinds.count("Bind") >= 10
    assert all(each["auditData"]["AppAccessContext"]["AADSessionId"] == story.RENEE_SESSION for each in hostile)
    known = {each["internetMessageId"] for each in messages(acme, RENEE)}
    items = {
        item["InternetMessageId"]
        for each in hostile
        for folder in each["auditData"].get("Folders", [])
        for item in folder["FolderItems"]
    }
    assert len(items) > 40
    assert len(items - known) == 1  # the answer of the customer, which the attacker removed for good
    owner = [each for each in records(acme, "MailItemsAccessed", RENEE) if each["clientIp"] != story.REPLAY_IP]
    assert owner


def test_the_token_joins_sign_in_and_mailbox_record(acme: dict[str, Any]) -> None:
    record = records(acme, "MailItemsAccessed", RENEE)[-1]
    token = record["auditData"]["AppAccessContext"]["UniqueTokenId"]
    tokens = {each["uniqueTokenIdentifier"]: each["ipAddress"] for each in acme["signIns"]}
    assert tokens[token] == story.REPLAY_IP


def test_the_rule_record_has_address_and_port(acme: dict[str, Any]) -> None:
    (record,) = records(acme, "New-InboxRule", RENEE)
    address, _, port = record["auditData"]["ClientIP"].rpartition(":")
    assert (address, port.isdigit()) == (story.REPLAY_IP, True)
    parameters = {each["Name"]: each["Value"] for each in record["auditData"]["Parameters"]}
    assert (parameters["Name"], parameters["MoveToFolder"], parameters["MarkAsRead"]) == (".", "RSS Feeds", "True")


def test_message_trace_has_one_row_per_recipient(acme: dict[str, Any]) -> None:
    rows = [each for each in acme["messageTraces"] if each["messageId"] == story.REMITTANCE.internet_message_id]
    assert len(rows) == len({each["recipientAddress"] for each in rows}) == 15
    lures = [each for each in acme["messageTraces"] if each["senderAddress"] == story.LURE.sender]
    assert sorted(each["status"] for each in lures) == ["delivered"] * 5 + ["filteredAsSpam"]


def test_honest_mails_resemble_the_phish(acme: dict[str, Any]) -> None:
    honest = {
        each["from"]["emailAddress"]["address"]
        for found in acme["messages"].values()
        for each in found
        if "agreement" in each["subject"] and each["from"]["emailAddress"]["address"] != story.LURE.sender
    }
    assert "notifications@docusafe.example" in honest
    weekly = [each for each in messages(acme, RENEE) if each["subject"].startswith("The Acme Weekly")]
    assert len(weekly) == 4
    assert len(copies(acme, weekly[0]["internetMessageId"])) > 50


def test_the_owner_works_on_during_the_attack(acme: dict[str, Any], now: datetime) -> None:
    own = [
        each for each in acme["auditRecords"] if each["userPrincipalName"] == UPN and each["clientIp"] == "192.0.2.10"
    ]
    today = [each for each in own if moment(each["createdDateTime"]) > now - timedelta(hours=5)]
    assert [each["operation"] for each in sorted(today, key=lambda each: each["createdDateTime"])] == [
        "UserLoggedIn", "MailItemsAccessed", "UserLoggedIn",
    ]  # fmt: skip
    (bind,) = [each for each in today if each["operation"] == "MailItemsAccessed"]
    assert moment(bind["createdDateTime"]) == now - story.RENEE.phish_read
    (item,) = bind["auditData"]["Folders"][0]["FolderItems"]
    assert item["InternetMessageId"] == story.LURE.internet_message_id
