"""Reports and exports: asked for once, made by a worker, fetched by those who may; hostile words stay words."""

import csv
import io
import zipfile
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from incidents.enums import IndicatorKind, ReportKind, ReportState, Workload
from incidents.exports.cells import cell, file_name
from incidents.exports.sheets import csv_lines, workbook_of
from incidents.models import Report
from incidents.reports import making
from incidents.reports.facts import incident_facts
from incidents.reports.pdf import breakable, pdf_of
from incidents.selectors import incident_get
from tenants.models import AuditEvent
from tenants.scoping import tenant_scope, unscoped
from tests.factories import rows
from tests.factories.rows import NOON
from tests.fixtures.console import HTMX

ATTACKER = "203.0.113.66"


@pytest.fixture
def attacked(console):
    """An incident with a bit of everything in it."""
    incident = console.incident
    rows.indicator(incident, ATTACKER)
    rows.indicator(incident, "IS", IndicatorKind.COUNTRY)
    for minutes in range(3):
        letter = rows.message(f"<{minutes}@mail.example>", subject=f"Payment {minutes}", sender="a@b.example")
        at = NOON + timedelta(minutes=minutes)
        rows.mail_record(incident, letter, ip_address=ATTACKER, occurred_at=at)
    rows.log_record(
        incident, ip_address=ATTACKER, workload=Workload.SHAREPOINT, operation="FileDownloaded", item="Pay.xlsx"
    )
    rows.log_record(incident, ip_address="192.0.2.1", item="the owner's")
    return incident


@pytest.fixture
def rung(monkeypatch):
    bells = []
    monkeypatch.setattr("incidents.doorbell._send", lambda task, row_id, _countdown: bells.append((task, row_id)))
    return bells


def ask(client, incident, kind="pdf", headers=HTMX, **more):
    address = reverse("incidents:report_ask", args=[incident.tenant.slug, incident.pk])
    return client.post(address, {"tenant": incident.tenant.slug, "kind": kind} | more, headers=headers)


def reports():
    with unscoped(reason="a test looks at all rows"):
        return list(Report.objects.order_by("pk"))


def made(client, incident, kind):
    """Ask, make, fetch."""
    ask(client, incident, kind)
    report = reports()[-1]
    making.report_make(report.pk)
    return client.get(reverse("incidents:report", args=[incident.tenant.slug, incident.pk, report.pk]))


# --- Asking and fetching ----------------------------------------------------------------------------------------------
def test_a_press_asks_once(analyst, attacked, rung, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        first, second = ask(analyst, attacked), ask(analyst, attacked)
    assert (first.status_code, second.status_code, len(reports())) == (200, 200, 1)
    assert rung == [("incidents.tasks.make_report", reports()[0].pk)]
    ask(analyst, attacked, "xlsx")
    assert [report.kind for report in reports()] == ["pdf", "xlsx"]


def test_without_htmx_the_page_comes_back(analyst, attacked):
    answer = ask(analyst, attacked, headers={})
    assert (answer.status_code, answer["Location"].endswith("#reports")) == (303, True)


def test_a_kind_that_is_none_is_told(analyst, attacked):
    answer = ask(analyst, attacked, "exe")
    assert (answer.status_code, reports()) == (422, [])
    assert b"This kind of report is not known" in answer.content


def test_who_only_looks_may_take_a_report(reader, attacked):
    assert made(reader, attacked, "pdf").status_code == 200


@pytest.mark.parametrize(
    ("kind", "begin", "ending"), [("pdf", b"%PDF-", "pdf"), ("xlsx", b"PK", "xlsx"), ("csv", b"PK", "zip")]
)
def test_a_report_is_made_and_fetched(analyst, console, attacked, kind, begin, ending):
    answer = made(analyst, attacked, kind)
    assert answer.content.startswith(begin)
    assert answer["Content-Disposition"].startswith('attachment; filename="Acme-Corp-')
    assert answer["Content-Disposition"].endswith(f'.{ending}"')
    verbs = set(AuditEvent.objects.filter(incident_id=attacked.pk).values_list("verb", "actor_name"))
    assert verbs >= {("make_report", "Ravi Okonkwo"), ("fetch_report", "Ravi Okonkwo")}


def test_what_is_not_made_cannot_be_fetched(analyst, attacked):
    ask(analyst, attacked)
    address = reverse("incidents:report", args=["acme-corp", attacked.pk, reports()[0].pk])
    assert analyst.get(address).status_code == 404


def test_a_report_that_fails_is_told_and_can_be_asked_for_again(analyst, attacked, monkeypatch):
    ask(analyst, attacked)
    monkeypatch.setattr(making, "pdf_of", lambda _facts: 1 / 0)
    making.report_make(reports()[0].pk)
    assert reports()[0].state == ReportState.FAILED
    page = analyst.get(reverse("incidents:reports", args=["acme-corp", attacked.pk]), headers=HTMX)
    assert b"The report could not be made" in page.content
    monkeypatch.undo()
    ask(analyst, attacked)
    assert len(reports()) == 2


def test_a_report_is_made_by_one_worker_and_found_when_that_one_died(
    analyst, attacked, rung, django_capture_on_commit_callbacks
):
    ask(analyst, attacked)
    report = reports()[0]
    with unscoped(reason="a test's row"):
        Report.objects.update(state=ReportState.RUNNING, lease_until=timezone.now() + making.LEASE)
    making.report_make(report.pk)
    assert reports()[0].state == ReportState.RUNNING
    with unscoped(reason="a test's row"):
        Report.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    rung.clear()
    with django_capture_on_commit_callbacks(execute=True):
        making.reports_ring_overdue()
    assert rung == [("incidents.tasks.make_report", report.pk)]
    making.report_make(report.pk)
    assert reports()[0].state == ReportState.FINISHED


def test_old_contents_are_dropped(analyst, attacked, monkeypatch):
    monkeypatch.setattr(making, "KEPT", 2)
    for _ in range(3):
        made(analyst, attacked, "csv")
    assert [report.content is None for report in reports()] == [True, False, False]


# --- What they tell ---------------------------------------------------------------------------------------------------
def facts(incident, zone="UTC"):
    with tenant_scope([incident.tenant_id]), timezone.override(zone):
        return incident_facts(incident_get(incident.pk), made_by="Ravi Okonkwo")


def test_the_facts(console, attacked):
    told = facts(attacked)
    assert [(one["label"], one["figure"]) for one in told["counters"]] == [
        ("Accessed", "3"), ("Sent", "0"), ("Modified", "0"), ("Deleted", "0"),
    ]  # fmt: skip
    assert [one["subject"] for one in told["messages"]] == ["Payment 2", "Payment 1", "Payment 0"]
    assert [one["name"] for one in told["files"]] == ["Pay.xlsx"]
    assert (len(told["events"]), told["events_left_out"]) == (4, 0)
    assert {one["value"] for one in told["indicators"]} == {ATTACKER, "IS"}
    assert [one["is_done"] for one in told["steps"]] == [False] * 6
    assert told["zone"] == "UTC"
    assert "3 messages read" in told["summary"][1]


def test_times_are_in_the_readers_zone(attacked):
    assert (
        facts(attacked, "Asia/Tokyo")["events"][0]["at"]
        == f"{timezone.localtime(NOON, timezone.zoneinfo.ZoneInfo('Asia/Tokyo')):%-d %b %Y, %H:%M:%S}"
    )
    assert facts(attacked, "Asia/Tokyo")["zone"] == "Asia/Tokyo (UTC+09:00)"


def test_nothing_known_is_a_report_too(console):
    told = facts(console.incident)
    assert "is not known: the log that tells of it was not collected." in told["summary"][1]
    assert told["picture"] is None
    assert pdf_of(told).startswith(b"%PDF")


def test_the_tables(analyst, attacked):
    archive = zipfile.ZipFile(io.BytesIO(made(analyst, attacked, "csv").content))
    assert archive.namelist() == [
        "summary.csv", "log-records.csv", "messages.csv", "indicators.csv", "actions.csv", "sources.csv",
    ]  # fmt: skip
    records = list(csv.DictReader(io.StringIO(archive.read("log-records.csv").decode("utf-8-sig"))))
    assert sorted(one["Attacker"] for one in records) == ["", "attacker", "attacker", "attacker", "attacker"]
    book = load_workbook(io.BytesIO(made(analyst, attacked, "xlsx").content))
    assert book.sheetnames == ["Summary", "Log records", "Messages", "Indicators", "Actions", "Sources"]
    assert book["Log records"].max_row == 6


# --- Hostile words ----------------------------------------------------------------------------------------------------
HOSTILE = [
    "=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1", "\uff1d1+1", "|cmd", "a\x00b", "\ud800", "\u202egpj.exe",
    '#import "x.typ"', "$ x $", "\\", "]", "#eval(\"1\")", "<b>x</b>", "x" * 40_000, "漢字 كلمة עברית ű", "`", "*_*",
]  # fmt: skip


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
def test_no_words_are_a_formula(words):
    told = cell(words)
    assert len(told) <= 32_767
    assert told == "" or told[0] == "'" or not told.strip().startswith(("=", "+", "-", "@", "|", "\uff1d"))
    [line] = list(csv.reader(io.StringIO("".join(csv_lines(["x"], [[words]])))))[1:]
    assert line == [told]
    book = load_workbook(io.BytesIO(workbook_of([("x", ["x"], [[words]])])))
    found = book["x"]["A2"]
    assert found.data_type in ("s", "inlineStr", "n")
    assert (found.value or "") == told.replace("\r", "\n")


def test_hostile_words_do_not_break_a_report(analyst, console):
    incident = console.incident
    rows.indicator(incident, ATTACKER)
    for number, words in enumerate(HOSTILE):
        safe = words.replace("\x00", "").encode("utf-8", "replace").decode()
        letter = rows.message(f"<{number}@x>", subject=safe, sender=safe[:200])
        texts = {"item": safe[:500], "operation": safe[:160], "user_agent": safe[:400], "network": safe[:160]}
        rows.mail_record(incident, letter, ip_address=ATTACKER, subject=safe[:400], sender=safe[:320], **texts)
    assert {made(analyst, incident, kind).status_code for kind in ReportKind.values} == {200}
    assert {report.state for report in reports()} == {ReportState.FINISHED}


@settings(max_examples=25, deadline=None)
@given(words=st.lists(st.text(max_size=200), min_size=1, max_size=5))
def test_any_words_can_be_set(words):
    told = {"a": words}
    assert "".join(breakable(told)["a"]).replace("\u200b", "") == "".join(words).replace("\u200b", "")


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("Acme Corp", "Ada"), "Acme-Corp-Ada.pdf"),
        (("../../etc", "漢字"), "etc.pdf"),
        (("", '"; x'), "x.pdf"),
        (("",), "petra.pdf"),
    ],
)
def test_names_of_files(parts, name):
    assert file_name(*parts, ending="pdf") == name
