"""Attack Impact: counted from the attacker's rows, and told with what is not known."""

import json
from collections import Counter, defaultdict
from datetime import timedelta

import pytest
from django.core.management import call_command

from incidents.enums import LogSource, MailAccess, Workload
from incidents.evidence import impact as impacts
from incidents.evidence.impact import impact_of
from incidents.models import LogRecord, SourceReading
from tenants.scoping import tenant_scope, unscoped
from tests.factories import rows
from tests.factories.rows import NOON
from tests.integration.incidents.stage import ATTACKER, page
from tests.unit.incidents.test_reading import REAL


def counted(incident):
    with tenant_scope([incident.tenant_id]):
        incident.refresh_from_db()
        found = impact_of(type(incident).objects.select_related("account", "tenant").get(pk=incident.pk))
    return {kind: (count.messages, count.operations) for kind, count in found.counts.items()}, found


def test_a_message_counts_once_for_each_kind_of_act(console, attack):
    attack("MailItemsAccessed", "<a>", "<b>")
    attack("MailItemsAccessed", "<a>", minutes=1)
    attack("Send", "<c>", minutes=2)
    attack("Move", "<a>", minutes=3)
    attack("SoftDelete", "<a>", "<c>", minutes=4)
    attack("HardDelete", "<a>", minutes=5)
    rows.mail_record(console.incident, rows.message("<hers>"), ip_address="192.0.2.1")
    counts, found = counted(console.incident)
    assert counts == {"accessed": (2, 2), "sent": (1, 1), "modified": (1, 1), "deleted": (2, 2)}
    first = found.messages[0]
    assert (first.internet_message_id, first.subject, first.last_at) == (
        "<a>",
        "About <a>",
        NOON + timedelta(minutes=5),
    )
    assert first.operations == {"MailItemsAccessed": 2, "Move": 1, "SoftDelete": 1, "HardDelete": 1}
    assert [one.internet_message_id for one in found.messages] == ["<a>", "<c>", "<b>"]


def test_a_row_that_names_no_message_counts_by_itself(console, attack):
    attack("Send")
    attack("Send")
    assert counted(console.incident)[0]["sent"] == (2, 2)


def test_a_synchronized_folder_is_told_and_not_counted(analyst, console, attack):
    attack("MailItemsAccessed", mail_access=MailAccess.SYNC, item="Inbox")
    attack("MailItemsAccessed", "<a>", mail_access=MailAccess.BIND)
    assert counted(console.incident)[0]["accessed"] == (1, 2)
    assert (
        "Synchronized as a whole: Inbox. Take all mail in it as read"
        in page(analyst, console.incident).content.decode()
    )


def test_a_synchronized_folder_that_has_no_name_is_told_too(analyst, console, attack):
    attack("MailItemsAccessed", mail_access=MailAccess.SYNC, item="")
    attack("MailItemsAccessed", "<a>", mail_access=MailAccess.SYNC, item="Archive")
    counts, found = counted(console.incident)
    assert counts["accessed"] == (1, 2)
    assert found.synced_folders == ["a folder that the record does not name", "Archive"]
    assert page(analyst, console.incident).context["impact"].notes == [
        (
            "Synchronized as a whole: a folder that the record does not name, Archive. Take all mail in it as read; it is "
            "not in the figures."
        )
    ]


def test_of_many_synchronized_folders_the_number_is_told(analyst, console, attack):
    for number in range(13):
        attack("MailItemsAccessed", mail_access=MailAccess.SYNC, item=f"F{number}")
    (note,) = page(analyst, console.incident).context["impact"].notes
    assert note.startswith("Synchronized as a whole: F0, F1, F2, F3, F4, F5, F6, F7, F8, F9 and 3 more. ")


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("MailItemsAccessed", "accessed"),
        ("Send", "sent"), ("SendAs", "sent"), ("SendOnBehalf", "sent"),
        ("Create", "modified"), ("Move", "modified"), ("Copy", "modified"), ("Update", "modified"),
        ("AddFolderPermissions", "modified"), ("ModifyFolderPermissions", "modified"),
        ("RemoveFolderPermissions", "modified"), ("UpdateFolderPermissions", "modified"),
        ("UpdateCalendarDelegation", "modified"),
        ("MoveToDeletedItems", "deleted"), ("SoftDelete", "deleted"), ("HardDelete", "deleted"),
        ("New-InboxRule", None), ("FolderBind", None), ("SearchQueryInitiatedExchange", None),
    ],
)  # fmt: skip
def test_what_an_operation_counts_as(console, attack, operation, kind):
    attack(operation)
    counts = counted(console.incident)[0]
    assert {one: found for one, found in counts.items() if found != (0, 0)} == ({kind: (1, 1)} if kind else {})


def test_rows_without_a_message_are_told_apart(analyst, console, attack):
    attack("ModifyFolderPermissions")
    attack("Move", "<a>", "<b>", minutes=1)
    assert counters(analyst, console.incident)["modified"] == "messages, 2 operations; 1 without a message's id"
    with_history, without = page(analyst, console.incident, show="modified").context["impact"].messages[1:]
    assert (with_history.has_history, without.has_history) == (True, False)
    assert f"#record-{without.message.row_id}" in without.url
    shown = analyst.get(without.url).context["logs"].rows[0]
    assert shown.record.operation == "ModifyFolderPermissions"


def test_throttled_accesses_are_told(analyst, console, attack):
    attack("MailItemsAccessed", "<a>", is_throttled=True)
    assert "stopped recording mail accesses for up to 24 hours" in page(analyst, console.incident).content.decode()


def test_the_first_and_the_last_throttled_access_are_told(analyst, console, attack):
    for days in (0, 1, 3):
        attack("MailItemsAccessed", "<a>", is_throttled=True, minutes=days * 24 * 60)
    assert page(analyst, console.incident).context["impact"].notes == [
        (
            "Microsoft stopped recording mail accesses for up to 24 hours from 2026-03-01 12:00 UTC on, for the last time "
            "from 2026-03-04 12:00 UTC on: more may have been read."
        )
    ]


def test_how_long_the_attacker_was_there(console, attack):
    for minutes in (0, 30, 59, 200, 205):
        attack("Send", "<a>", minutes=minutes)
    found = counted(console.incident)[1]
    assert (found.active, found.visits) == (timedelta(minutes=64), 2)


def test_files_have_a_tab_of_their_own(analyst, console, attack):
    for operation in ("FileAccessed", "FileDownloaded", "FileDownloaded", "PageViewed"):
        attack(operation, workload=Workload.SHAREPOINT, item="Payroll.xlsx")
    view = page(analyst, console.incident, show="files").context["impact"]
    assert [(one.name, one.operations) for one in view.page] == [
        ("Payroll.xlsx", {"FileAccessed": 1, "FileDownloaded": 2})
    ]


def test_a_file_tells_where_it_lies(analyst, console, attack):
    def made(operation, **data):
        attack(operation, workload=Workload.SHAREPOINT, item="Payroll.xlsx", raw=json.dumps(data).encode())

    made("FileAccessed", SiteUrl="https://acme.example/sites/hr/", SourceRelativeUrl="Shared Documents/Pay")
    made("SharingSet", ObjectId="https://acme.example/sites/hr/Shared%20Documents/Payroll.xlsx")
    made("FileDownloaded", SiteUrl="https://acme.example/sites/hr/", SourceRelativeUrl="Shared Documents/Pay")
    attack("FileDeleted", workload=Workload.SHAREPOINT, item="Gone.docx", raw=b"no record at all")
    view = page(analyst, console.incident, show="files").context["impact"]
    assert {row.file.name: row.places for row in view.files} == {
        "Payroll.xlsx": [
            "https://acme.example/sites/hr/Shared Documents/Pay",
            "https://acme.example/sites/hr/Shared Documents/Payroll.xlsx",
        ],
        "Gone.docx": [],
    }
    assert view.files[0].file.operations == {"FileAccessed": 1, "SharingSet": 1, "FileDownloaded": 1}


# --- What is not known ------------------------------------------------------------------------------------------------
def words(client, incident):
    return page(client, incident).content.decode()


def counters(client, incident):
    return {one.key: one.words for one in page(client, incident).context["impact"].counters}


def read(console, **more):
    values = {"source": LogSource.UNIFIED_AUDIT_LOG, "started_at": NOON, "since": NOON, "finished_at": NOON} | more
    with unscoped(reason="a test's row"):
        SourceReading.objects.create(tenant=console.tenant, incident=console.incident, **values)


def test_not_collected_none_found_and_cut_off_are_three_sentences(analyst, console, attack, monkeypatch):
    assert "Not collected: the unified audit log, which tells of mail and files, is not collected yet." in words(
        analyst, console.incident
    )
    read(console, complete_until=NOON)
    told = words(analyst, console.incident)
    assert "None found: no log row matches an indicator" in told
    assert "was read until" in told
    assert "Not collected" not in told
    monkeypatch.setattr(impacts, "MOST_ROWS", 2)
    for minutes in range(5):
        attack("Send", f"<{minutes}>", minutes=minutes)
    told = words(analyst, console.incident)
    assert "Cut off: the first 2 of the attacker&#x27;s rows were counted, 3 more were not." in told
    assert "none found" not in told.lower()
    assert counters(analyst, console.incident)["deleted"] == "cut off: none among the rows counted"


def test_why_the_log_could_not_be_read_is_told(analyst, console):
    read(console, failure="AuditLogsQuery.Read.All is missing.")
    assert "which tells of mail and files, could not be read. AuditLogsQuery.Read.All is missing.</p>" in words(
        analyst, console.incident
    )


@pytest.mark.parametrize(
    ("reading", "told"),
    [
        ({"finished_at": None}, "is being read"),
        ({"finished_at": None, "found": 7}, "is being read, 7 records so far"),
        ({"is_licensed": False, "failure": "No audit."}, "is not licensed. No audit"),
    ],
)
def test_how_far_the_log_was_read_is_told(analyst, console, reading, told):
    read(console, **reading)
    view = page(analyst, console.incident).context["impact"]
    assert view.not_collected == f"Not collected: the unified audit log, which tells of mail and files, {told}"


def test_without_indicators_nothing_is_said_to_be_not_there(analyst, console):
    read(console, complete_until=NOON)
    rows.mail_record(console.incident, rows.message("<a>"))
    told = words(analyst, console.incident)
    assert "No indicator of the attacker counts yet" in told
    assert "None found" not in told


def test_a_record_with_too_many_messages_is_told(analyst, console, attack):
    named = [rows.message("<a>")]
    rows.log_record(console.incident, ip_address=ATTACKER, messages=named, item_count=500)
    assert counted(console.incident)[0]["accessed"] == (500, 1)
    assert "Cut off: 499 messages are counted" in words(analyst, console.incident)


# --- Recounted --------------------------------------------------------------------------------------------------------
@pytest.mark.skipif(not REAL.exists(), reason="The real log is not on this machine; it lies beside the project in CI")
def test_the_real_log_counted_by_hand(console):
    """The counters against the raw records, for the one whose rule deletes mail, and the address it was made from."""
    call_command("import_audit_log", str(REAL), tenant="Acme Corp", organization=console.organization.name, json=True)
    with unscoped(reason="a test looks at all rows"):
        rule = LogRecord.objects.filter(operation="New-InboxRule", item=".").first()
        raws = [json.loads(bytes(raw)) for raw in LogRecord.objects.values_list("raw", flat=True)]
    victim = rows.account(console.tenant, "Victim", user_principal_name=f"{rule.user_principal_name}")
    incident = rows.incident(console.tenant, victim)
    rows.indicator(incident, rule.ip_address)
    kinds = {
        "MailItemsAccessed": "accessed", "Send": "sent", "Create": "modified", "Update": "modified",
        "ModifyFolderPermissions": "modified", "MoveToDeletedItems": "deleted", "SoftDelete": "deleted",
        "HardDelete": "deleted",
    }  # fmt: skip
    expected, operations, synced = defaultdict(set), Counter(), set()
    for raw in raws:
        address = str(raw.get("ClientIPAddress") or raw.get("ClientIP") or raw.get("ActorIpAddress") or "")
        kind = kinds.get(raw["Operation"])
        if (
            raw["UserId"].lower() != rule.user_principal_name
            or address.split(":", maxsplit=1)[0] != rule.ip_address
            or not kind
        ):
            continue
        items = [item for folder in raw.get("Folders", []) for item in folder["FolderItems"]]
        items += [*raw.get("AffectedItems", []), raw.get("Item") or {}]
        named = {item["InternetMessageId"] for item in items if item.get("InternetMessageId")}
        operations[kind] += 1
        if {"Name": "MailAccessType", "Value": "Sync"} in raw.get("OperationProperties", []):
            synced.add(raw["Item"]["ParentFolder"]["Path"].lstrip("\\"))
        else:
            expected[kind] |= named or {raw["Id"]}
    counts, found = counted(incident)
    assert counts == {kind: (len(expected[kind]), operations[kind]) for kind in counts}
    assert set(found.synced_folders) == synced
    assert counts["accessed"][0] > 10
