"""Attack Impact: counted from the attacker's rows, and told with what is not known."""

import json
from collections import defaultdict
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents.enums import LogSource, MailAccess, Workload
from incidents.evidence import impact as impacts
from incidents.evidence.impact import KINDS, impact_of
from incidents.models import LogRecord, SourceReading
from tenants.scoping import tenant_scope, unscoped
from tests.factories import rows
from tests.factories.rows import NOON
from tests.fixtures.console import HTMX
from tests.unit.incidents.test_reading import REAL

ATTACKER = "203.0.113.66"


@pytest.fixture
def attack(console):
    """Makes rows of the attacker in the console's incident."""
    rows.indicator(console.incident, ATTACKER)

    def make(operation, *messages, minutes=0, **more):
        at = NOON + timedelta(minutes=minutes)
        values = {"operation": operation, "ip_address": ATTACKER, "occurred_at": at} | more
        return rows.mail_record(
            console.incident, *(rows.message(one, subject=f"About {one}") for one in messages), **values
        )

    return make


def counted(incident):
    with tenant_scope([incident.tenant_id]):
        incident.refresh_from_db()
        found = impact_of(type(incident).objects.select_related("account", "tenant").get(pk=incident.pk))
    return {kind: (count.messages, count.operations) for kind, count in found.counts.items()}, found


def page(client, incident, **query):
    address = reverse("incidents:impact", args=[incident.tenant.slug, incident.pk])
    return client.get(address, query, headers=HTMX)


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


def test_throttled_accesses_are_told(analyst, console, attack):
    attack("MailItemsAccessed", "<a>", is_throttled=True)
    assert "stopped recording mail accesses for up to 24 hours" in page(analyst, console.incident).content.decode()


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


# --- The page ---------------------------------------------------------------------------------------------------------
def test_the_page_asks_for_it_and_its_address_gives_the_whole_page(analyst, console, attack):
    attack("Send", "<a>")
    whole = analyst.get(reverse("incidents:detail", args=["acme-corp", console.incident.pk])).content.decode()
    address = reverse("incidents:impact", args=["acme-corp", console.incident.pk])
    assert f'hx-get="{address}"' in whole
    alone = analyst.get(address, {"show": "sent"})
    assert b"<html" in alone.content
    assert [one.internet_message_id for one in alone.context["impact"].page] == ["<a>"]


def test_a_counter_narrows_the_messages(analyst, console, attack):
    attack("Send", "<sent>")
    attack("HardDelete", "<deleted>")
    found = {
        show: {one.internet_message_id for one in page(analyst, console.incident, show=show).context["impact"].page}
        for show in ("messages", "sent", "deleted", "accessed")
    }
    assert found == {
        "messages": {"<sent>", "<deleted>"},
        "sent": {"<sent>"},
        "deleted": {"<deleted>"},
        "accessed": set(),
    }


@pytest.mark.parametrize("query", [{"show": "x"}, {"show": "messages", "page": "x"}, {"page": "999"}])
def test_an_address_that_makes_no_sense_is_no_error(analyst, console, attack, query):
    attack("Send", "<a>")
    assert page(analyst, console.incident, **query).status_code == 200


def test_the_history_of_a_message(analyst, console, attack):
    attack("MailItemsAccessed", "<a>", "<b>")
    attack("HardDelete", "<a>", minutes=3)
    attack("HardDelete", "<b>", minutes=4)
    address = reverse("incidents:impact_message", args=["acme-corp", console.incident.pk])
    for headers in ({}, HTMX):
        message = analyst.get(address, {"id": "<a>"}, headers=headers).context["message"]
        assert [act.record.operation for act in message.acts] == ["MailItemsAccessed", "HardDelete"]
        assert message.subject == "About <a>"
    assert analyst.get(address, {"id": "<none>"}).context["message"].acts == []
    assert analyst.get(address, {"id": "\x00"}).status_code == 404


def test_hostile_subjects_are_only_words(analyst, console, attack):
    attack("Send", "<script>alert(1)</script>")
    found = page(analyst, console.incident, show="messages").content
    assert b"<script>alert" not in found


def test_a_message_may_be_anything(analyst, console, attack):
    strange = ["x", 7, None, {"id": None}, {"id": "<a>"}]
    rows.log_record(console.incident, ip_address=ATTACKER, operation="Send", messages=strange, item_count=5)
    assert page(analyst, console.incident, show="messages").status_code == 200


def test_queries_do_not_grow(analyst, console, attack):
    def queries():
        with CaptureQueriesContext(connection) as found:
            assert page(analyst, console.incident, show="messages").status_code == 200
        return len(found)

    attack("Send", "<a>")
    few = queries()
    for minutes in range(30):
        attack("Send", f"<{minutes}>", minutes=minutes)
    assert queries() == few


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
    expected = defaultdict(set)
    for raw in raws:
        address = str(raw.get("ClientIPAddress") or raw.get("ClientIP") or raw.get("ActorIpAddress") or "")
        kind = next((kind for kind, operations in KINDS.items() if raw["Operation"] in operations), "")
        if (
            raw["UserId"].lower() != rule.user_principal_name
            or address.split(":", maxsplit=1)[0] != rule.ip_address
            or not kind
        ):
            continue
        items = [item for folder in raw.get("Folders", []) for item in folder["FolderItems"]]
        items += [*raw.get("AffectedItems", []), raw.get("Item") or {}]
        named = {item["InternetMessageId"] for item in items if item.get("InternetMessageId")}
        expected[kind] |= named or {raw["Id"]}
    counts, _ = counted(incident)
    assert {kind: messages for kind, (messages, _) in counts.items() if messages} == {
        kind: len(keys) for kind, keys in expected.items()
    }
    assert counts["accessed"][0] > 10
