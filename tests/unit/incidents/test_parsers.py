"""What each source's parser reads from a record. The records are shortened ones of the shapes that Microsoft gives."""

import json
from datetime import UTC, datetime

import pytest

from incidents.enums import LogSource, Workload
from incidents.evidence import directory_audits, sign_ins, unified_audit_log
from incidents.evidence.rows import MOST_MESSAGES, NAMES, raw_of, row_of
from incidents.evidence.words import NON_INTERACTIVE, record_icon, record_words
from incidents.models import LogRecord

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
STAMP = "2026-03-01T09:30:00Z"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def row(columns, source=LogSource.UNIFIED_AUDIT_LOG, record=None):
    made = row_of(columns, raw_of(record or {}))
    return LogRecord(source=source, raw=made.raw, **dict(zip(NAMES, made.values, strict=True)))


def words(columns, source=LogSource.UNIFIED_AUDIT_LOG):
    return record_words(row(columns, source))


# --- Sign-ins ---------------------------------------------------------------------------------------------------------
def sign_in(**more):
    return {
        "id": "s1", "createdDateTime": STAMP, "userPrincipalName": "Alice@Client.example", "ipAddress": "203.0.113.66",
        "autonomousSystemNumber": 64511, "appDisplayName": "Outlook", "isInteractive": True, "userAgent": FIREFOX,
        "sessionId": "session-1", "status": {"errorCode": 0, "additionalDetails": "MFA completed"},
        "location": {"city": "Reykjavík", "countryOrRegion": "IS"},
        "deviceDetail": {"displayName": "", "operatingSystem": "Linux", "browser": "Firefox 128.0"},
    } | more  # fmt: skip


def test_a_sign_in():
    read = sign_ins.parse(sign_in())
    assert (read.record_id, read.occurred_at, read.workload) == ("s1", AT, Workload.LOGINS)
    assert (read.ip_address, read.network, read.country, read.city) == ("203.0.113.66", "AS64511", "IS", "Reykjavík")
    assert (read.session_id, read.user_agent, read.device) == ("session-1", FIREFOX, "Linux, Firefox 128.0")
    assert (read.is_success, read.result) == (True, "MFA completed")
    assert row(read).user_principal_name == "alice@client.example"
    assert words(read) == "Signed in to Outlook"


def test_a_failed_sign_in():
    read = sign_ins.parse(sign_in(status={"errorCode": 50126, "failureReason": "Invalid username or password."}))
    assert (read.is_success, read.result) == (False, "50126: Invalid username or password.")
    assert words(read) == "Sign-in to Outlook failed"


def test_a_session_that_goes_on_by_itself():
    read = sign_ins.parse(sign_in(isInteractive=False))
    assert (read.operation, words(read)) == (NON_INTERACTIVE, "Renewed the session to Outlook")


@pytest.mark.parametrize("number", [None, 0, "x"])
def test_a_network_that_is_not_told(number):
    assert sign_ins.parse(sign_in(autonomousSystemNumber=number)).network == ""


def test_sign_ins_in_v1_tell_less():
    record = {name: value for name, value in sign_in().items() if name not in ("sessionId", "autonomousSystemNumber")}
    read = sign_ins.parse(record)
    assert (read.session_id, read.network) == ("", "")


def test_requests_for_sign_ins():
    beta, stable = sign_ins.requests_for("it's", since=AT)
    assert (beta.version, stable.version) == ("beta", "v1.0")
    assert "userId%20eq%20'it''s'%20and%20createdDateTime%20ge%202026-03-01T09:30:00Z" in beta.path
    assert "nonInteractiveUser" in beta.path
    assert "signInEventTypes" not in stable.path


# --- Directory audits -------------------------------------------------------------------------------------------------
ALICE = {"type": "User", "displayName": "Alice", "userPrincipalName": "Alice@client.example"}


def audit(activity, *targets, **more):
    return {
        "id": "Directory_1", "activityDateTime": STAMP, "activityDisplayName": activity, "result": "success",
        "initiatedBy": {"user": {"userPrincipalName": "alice@client.example", "ipAddress": "203.0.113.66"}, "app": None},
        "targetResources": list(targets),
    } | more  # fmt: skip


def test_a_consent():
    details = [{"key": "User-Agent", "value": FIREFOX}]
    read = directory_audits.parse(
        audit(
            "Consent to application",
            {"type": "ServicePrincipal", "displayName": "MailVault"},
            additionalDetails=details,
        )
    )
    assert (read.user_principal_name, read.ip_address) == ("alice@client.example", "203.0.113.66")
    assert (read.application, read.item, read.user_agent) == ("MailVault", "MailVault", FIREFOX)
    assert words(read, LogSource.DIRECTORY_AUDITS) == "Consented to the application MailVault"


def test_a_device_is_registered_for_the_person_by_a_service():
    read = directory_audits.parse(
        audit(
            "Add device",
            {"type": "Device", "displayName": "DESKTOP-7QK2F1B", "userPrincipalName": None},
            ALICE,
            initiatedBy={"user": None, "app": {"displayName": "Device Registration Service"}},
            additionalDetails=[{"key": "IP Address", "value": "203.0.113.66"}],
        )
    )
    assert (read.user_principal_name, read.device) == ("Alice@client.example", "DESKTOP-7QK2F1B")
    assert (read.ip_address, read.application) == ("203.0.113.66", "Device Registration Service")


def test_what_was_done_to_a_person_names_their_address():
    read = directory_audits.parse(audit("Reset user password", ALICE, result="failure", resultReason="Synced"))
    assert (read.item, read.is_success, read.result) == ("alice@client.example", False, "Synced")


# --- Unified audit log ------------------------------------------------------------------------------------------------
def unified(operation, workload="Exchange", **data):
    return {
        "id": "u1", "createdDateTime": STAMP, "operation": operation, "service": workload,
        "userPrincipalName": "alice@client.example", "clientIp": "203.0.113.66",
        "auditData": {"Workload": workload, "ResultStatus": "Succeeded"} | data,
    }  # fmt: skip


def folder(path, *message_ids):
    return {"Path": path, "FolderItems": [{"InternetMessageId": message_id} for message_id in message_ids]}


def test_mail_items_accessed_names_its_messages():
    record = unified(
        "MailItemsAccessed",
        Folders=[folder("\\Inbox", "<a@x>", "<b@x>"), folder("\\Sent Items", "<c@x>")],
        ClientIPAddress="203.0.113.66",
        ClientInfoString=f"Client=OWA;{FIREFOX};",
        AppAccessContext={"AADSessionId": "session-1"},
    )
    read = unified_audit_log.parse(record)
    assert [(message["id"], message["folder"]) for message in read.messages] == [
        ("<a@x>", "Inbox"), ("<b@x>", "Inbox"), ("<c@x>", "Sent Items"),
    ]  # fmt: skip
    assert (read.item_count, read.item, read.internet_message_id) == (3, "Inbox, Sent Items", "")
    assert (read.session_id, read.user_agent, read.is_success) == ("session-1", FIREFOX, True)
    assert words(read) == "Read 3 mails in Inbox, Sent Items"


def test_a_folder_was_downloaded():
    item = {"Id": "x", "ParentFolder": {"Path": "\\Payment runs"}}
    read = unified_audit_log.parse(unified("MailItemsAccessed", Item=item))
    assert (read.item, read.messages) == ("Payment runs", [])


def test_a_sent_mail():
    item = {"InternetMessageId": "<a@x>", "Subject": "Remittance", "ParentFolder": {"Path": "\\Sent Items"}}
    read = unified_audit_log.parse(unified("Send", Item=item))
    assert (read.subject, read.internet_message_id, words(read)) == ("Remittance", "<a@x>", "Sent “Remittance”")


def test_a_deleted_mail():
    item = {"InternetMessageId": "<a@x>", "Subject": "Bank", "ParentFolder": {"Path": "\\Inbox"}}
    read = unified_audit_log.parse(unified("HardDelete", AffectedItems=[item]))
    assert words(read) == "Removed 1 mail for good from Inbox – Bank"
    assert record_icon(row(read)) == "trash"


@pytest.mark.parametrize(
    ("operation", "data", "expected"),
    [
        ("New-InboxRule", {"Parameters": [{"Name": "Name", "Value": "."}]}, "Made the mail rule “.”"),
        ("New-InboxRule", {"ObjectId": "alice\\Hide"}, "Made the mail rule “Hide”"),
        (
            "UpdateInboxRules",
            {"OperationProperties": [{"Name": "RuleName", "Value": "Sync"}]},
            "Changed mail rules: “Sync”",
        ),
        (
            "Set-Mailbox",
            {
                "Parameters": [
                    {"Name": "Identity", "Value": "a"},
                    {"Name": "ForwardingSmtpAddress", "Value": "smtp:x@y"},
                ]
            },
            "Changed the mailbox's settings: ForwardingSmtpAddress smtp:x@y",
        ),
        ("SearchQueryInitiatedExchange", {"QueryText": "IBAN"}, "Searched mail for IBAN"),
        ("Some-NewCmdlet", {"ObjectId": "alice"}, "Some-NewCmdlet: alice"),
    ],
)
def test_words_of_exchange(operation, data, expected):
    assert words(unified_audit_log.parse(unified(operation, **data))) == expected


def test_a_file():
    read = unified_audit_log.parse(unified("FileDownloaded", "OneDrive", SourceFileName="Cash.xlsx", UserAgent=FIREFOX))
    assert (read.workload, read.user_agent) == (Workload.SHAREPOINT, FIREFOX)
    assert words(read) == "Downloaded the file Cash.xlsx"


def test_sign_ins_of_the_unified_log_are_logins():
    properties = [{"Name": "UserAgent", "Value": "BAV2ROPC"}]
    device = [{"Name": "SessionId", "Value": "session-1"}, {"Name": "OS", "Value": "Linux"}]
    record = unified(
        "UserLoginFailed", "AzureActiveDirectory",
        ExtendedProperties=properties, DeviceProperties=device, LogonError="InvalidPassword",
    )  # fmt: skip
    read = unified_audit_log.parse(record)
    assert (read.workload, read.is_success, read.session_id) == (Workload.LOGINS, False, "session-1")
    assert (read.user_agent, read.device, read.result) == ("BAV2ROPC", "Linux", "InvalidPassword")


def test_entra_operations_with_their_full_stop():
    modified = [{"Name": "DisplayName", "NewValue": '["DESKTOP-7QK2F1B"]'}]
    properties = [
        {"Name": "extendedAuditEventCategory", "Value": "Device"},
        {"Name": "additionalDetails", "Value": json.dumps({"User-Agent": FIREFOX})},
    ]
    record = unified("Add device.", "AzureActiveDirectory", ModifiedProperties=modified, ExtendedProperties=properties)
    read = unified_audit_log.parse(record)
    assert (read.device, read.user_agent) == ("DESKTOP-7QK2F1B", FIREFOX)
    assert words(read) == "Registered the device DESKTOP-7QK2F1B"


def test_audit_data_as_text():
    record = unified("FileAccessed", "SharePoint", SourceFileName="Plan.docx")
    record["auditData"] = json.dumps(record["auditData"])
    assert unified_audit_log.parse(record).item == "Plan.docx"


# --- All of them ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("parser", [sign_ins, directory_audits, unified_audit_log])
@pytest.mark.parametrize("record", [{}, {"id": "x"}, {"createdDateTime": STAMP, "activityDateTime": STAMP}])
def test_a_record_without_id_or_time_is_left_out(parser, record):
    assert parser.parse(record | {"service": "Exchange"}) is None


def test_services_without_a_tab_of_their_own_are_kept():
    assert unified_audit_log.parse(unified("Anything", "PowerBI")).workload == Workload.OTHER


# --- The row ----------------------------------------------------------------------------------------------------------
def test_texts_are_cut_to_their_columns():
    made = row(sign_ins.parse(sign_in(userAgent="x" * 9000, status={"errorCode": 1, "failureReason": "y" * 9000})))
    assert (len(made.user_agent), len(made.result)) == (400, 300)


def test_many_messages_are_cut_and_counted():
    read = unified_audit_log.parse(
        unified("MailItemsAccessed", Folders=[folder("\\Inbox", *(f"<{number}@x>" for number in range(500)))])
    )
    made = row(read)
    assert (len(made.messages), made.item_count) == (MOST_MESSAGES, 500)


def test_the_raw_record_and_its_digest():
    record = {"id": "1", "text": "a\x00b é", "half": "\ud83d"}
    made = row(sign_ins.parse(sign_in()), record=record)
    assert json.loads(made.raw.decode("utf-8", "surrogatepass")) == record
