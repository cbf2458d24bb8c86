"""What reports and exports tell: no more than is known, with its zone, and what was not counted apart from none."""

import csv
import io
import zipfile
from datetime import timedelta

import pytest
from django.db import transaction
from openpyxl import load_workbook

from incidents.enums import IncidentState, LogSource, Workload
from incidents.evidence import impact as impacts
from incidents.extensions import DoneAction
from incidents.models import PhishTag
from incidents.reports.pdf import pdf_of
from incidents.reports.sentences import STEPS
from incidents.reports.tables import tables_of
from incidents.selectors import incident_get
from remediation.enums import Step
from tenants import audit
from tenants.scoping import tenant_scope, unscoped
from tests.factories import rows
from tests.factories.rows import NOON
from tests.integration.incidents.stage import ATTACKER, facts, made

HOSTILE = "=1+1<b>*strong[x"


def test_what_was_not_counted_is_not_told_as_none(attacked, monkeypatch):
    monkeypatch.setattr(impacts, "MOST_ROWS", 2)
    told = facts(attacked)
    assert [one["words"] for one in told["counters"]][1:] == ["cut off: none among the rows counted"] * 3
    cut = "Cut off: none among the first 2 of the attacker's rows; the others were not counted."
    assert told["files_empty"] == cut
    assert "none found" not in str(told["counters"]).lower()


def test_the_newest_hash_of_the_audit_trail_goes_along(attacked):
    with transaction.atomic():
        rows.act(attacked.tenant, "looked")
    newest, told = str(audit.newest(attacked.tenant)), facts(attacked)
    assert newest.startswith("Audit trail up to entry 1, hash ")
    with tenant_scope([attacked.tenant_id]):
        (_name, _heads, about), *_ = tables_of(incident_get(attacked.pk), told)
    assert (told["audit"], dict(about)["Audit trail"]) == (newest, newest)


def test_the_facts(console, attacked):
    told = facts(attacked)
    assert [(one["label"], one["figure"]) for one in told["counters"]] == [
        ("Accessed", "3"), ("Sent", "0"), ("Modified", "0"), ("Deleted", "0"),
    ]  # fmt: skip
    assert [one["subject"] for one in told["messages"]] == ["Payment 2", "Payment 1", "Payment 0"]
    assert [one["name"] for one in told["files"]] == ["Pay.xlsx"]
    assert (len(told["events"]), told["events_left_out"]) == (4, 0)
    assert {one["value"] for one in told["indicators"]} == {ATTACKER, "IS"}
    assert told["still_open"] == [f"{number} {name}" for number, name in STEPS.items()]
    assert told["zone"] == "UTC"
    assert told["summary"][1] == (
        "The attacker opened 3 messages. No message was found that the attacker sent, created, moved or changed or "
        "deleted. 1 file in SharePoint or OneDrive was used, 1 of them downloaded."
    )


def test_what_was_done_in_one_go_is_one_line(attacked):
    assert [(one["where"], one["words"], one["note"]) for one in facts(attacked)["timeline"]] == [
        ("Exchange", "Read 1 mail in the mailbox – Payment 0 – and 2 more of the same kind", ATTACKER),
        ("SharePoint", "Downloaded the file Pay.xlsx", ATTACKER),
    ]


def test_the_steps_are_called_as_on_the_panel():
    assert {int(step): str(step.label) for step in Step} == STEPS


def action(at, **more):
    values = {
        "incident_id": 1,
        "step": 1,
        "words": "Sign-in blocked – Alice",
        "by_name": "Ravi",
        "outcome": "succeeded",
    }
    return DoneAction(**values | {"at": at, "verified_at": at} | more)


def test_what_was_done_is_told_with_what_was_verified(console, monkeypatch):
    done = [
        action(NOON),
        *(action(NOON + timedelta(minutes=n), step=2, words=f"Moved – {n}", verified_at=None) for n in range(2)),
        action(NOON + timedelta(minutes=2), step=2, words="Moved – 2"),
        action(NOON + timedelta(hours=2), step=3, words="Failed: rule", outcome="failed", verified_at=None),
    ]
    monkeypatch.setattr("remediation.extension.RemediationPort.actions_of", lambda _self, _ids: done)
    told = facts(console.incident)
    assert [(one["step"], one["words"], one["outcome"], one["verified"]) for one in told["done"]] == [
        ("1", "Sign-in blocked – Alice", "Done", "Verified"),
        ("2", "Moved – 0 – and 2 more of the same kind", "Done", "1 of 3 verified"),
        ("3", "Failed: rule", "Failed", "–"),
    ]
    assert told["summary"][2] == (
        "The account has not been contained yet: the attacker may still be in it. 4 actions were taken in all, 2 of them "
        "verified by reading the state back from Microsoft. 1 action failed; the appendix names it."
    )


def test_times_are_in_the_readers_zone(attacked):
    first = facts(attacked, "Asia/Tokyo")["events"][0]
    assert (first["day"], first["time"]) == ("1 Mar 2026", "21:00:00")
    assert facts(attacked, "Asia/Tokyo")["zone"] == "Asia/Tokyo (UTC+09:00)"


def test_nothing_known_is_a_report_too(console):
    told = facts(console.incident)
    assert "is not known: the log that tells of it was not collected." in told["summary"][1]
    assert (told["picture"], told["timeline"], told["events"], told["actions"]) == (None, [], [], [])
    assert told["messages_empty"].startswith("Not collected: the unified audit log")
    assert pdf_of(told).startswith(b"%PDF")


def test_not_collected_none_found_and_cut_off_are_three_sentences(console, monkeypatch):
    incident = console.incident
    assert facts(incident)["files_empty"].startswith("Not collected: ")
    assert facts(incident)["events_empty"] == "Not collected: no log has been read yet."
    rows.log_record(incident, ip_address="192.0.2.1")
    assert facts(incident)["files_empty"].startswith("None found: ")
    read = {"started_at": NOON, "since": NOON, "finished_at": NOON, "complete_until": NOON}
    with unscoped(reason="a test's row"):
        incident.source_readings.create(tenant=incident.tenant, source=LogSource.UNIFIED_AUDIT_LOG, **read)
    assert facts(incident)["events_empty"].startswith("Not known: without an indicator that counts")
    rows.indicator(incident, ATTACKER)
    assert facts(incident)["events_empty"].startswith("None found: no row")
    for number in range(3):
        item = f"{number}.xlsx"
        rows.log_record(
            incident, ip_address=ATTACKER, workload=Workload.SHAREPOINT, operation="FileDownloaded", item=item
        )
    monkeypatch.setattr("incidents.reports.facts.MOST_FILES", 2)
    monkeypatch.setattr("incidents.reports.facts.MOST_EVENTS", 1)
    told = facts(incident)
    assert (len(told["files"]), told["files_left_out"]) == (2, 1)
    assert (len(told["events"]), told["events_left_out"]) == (1, 2)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (IncidentState.UNPUBLISHED, "may have been used by an attacker"),
        (IncidentState.ACTIVE, "was used by an attacker"),
        (IncidentState.DISMISSED, "It was a false alarm."),
    ],
)
def test_no_more_is_said_than_is_known(console, state, words):
    incident = rows.incident(console.tenant, state=state)
    assert words in facts(incident)["summary"][0]


def test_the_tables(analyst, attacked):
    archive = zipfile.ZipFile(io.BytesIO(made(analyst, attacked, "csv").content))
    assert archive.namelist() == [
        "summary.csv", "log-records.csv", "messages.csv", "indicators.csv", "actions.csv", "sources.csv",
    ]  # fmt: skip
    records = list(csv.DictReader(io.StringIO(archive.read("log-records.csv").decode("utf-8-sig"))))
    assert sorted(one["Attacker"] for one in records) == ["", "attacker", "attacker", "attacker", "attacker"]
    book = load_workbook(io.BytesIO(made(analyst, attacked, "xlsx").content))
    assert book.sheetnames == [
        "Summary", "Log records", "Attacker's events", "Messages", "Indicators", "Actions", "Sources",
    ]  # fmt: skip
    assert (book["Log records"].max_row, book["Attacker's events"].max_row) == (6, 5)


def test_what_copies_are_known_by_is_told_and_no_link_can_be_followed(attacked):
    links = [f"https://lure.example/{number}?to={HOSTILE}" for number in range(5)]
    with tenant_scope([attacked.tenant_id]):
        PhishTag.objects.create(
            tenant=attacked.tenant,
            incident=attacked,
            internet_message_id="<1@lure.example>",
            links=links,
            attachment_hashes=["ab" * 32],
        )
    told = facts(attacked)
    (phish,) = told["phish"]
    assert phish["content"][0] == f"Link hxxps://lure[.]example/0?to={HOSTILE}"
    assert phish["content"][5:] == ["and 1 more"]
    assert pdf_of(told).startswith(b"%PDF")
