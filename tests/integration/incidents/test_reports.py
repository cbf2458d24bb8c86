"""Reports and exports: asked for once, made by a worker, fetched by those who may; hostile words stay words."""

import contextlib
import csv
import hashlib
import io
import re
import unicodedata
import zlib
from datetime import timedelta
from itertools import cycle

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from incidents.enums import ReportKind, ReportState
from incidents.exports.cells import cell, file_name
from incidents.exports.sheets import csv_lines, workbook_of
from incidents.models import Report
from incidents.reports import making
from incidents.reports.pdf import pdf_of
from incidents.reports.printing import has_glyph, printed
from tenants.models import AuditEvent
from tenants.scoping import unscoped
from tests.factories import rows
from tests.fixtures.console import HTMX
from tests.integration.incidents.stage import ATTACKER, ask, facts, made, reports


@pytest.fixture
def rung(monkeypatch):
    bells = []
    monkeypatch.setattr("incidents.doorbell._send", lambda task, row_id, _countdown: bells.append((task, row_id)))
    return bells


# --- Asking and fetching ----------------------------------------------------------------------------------------------
def test_a_press_asks_once(analyst, attacked, rung, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        first, second = ask(analyst, attacked), ask(analyst, attacked)
    assert (first.status_code, second.status_code, len(reports())) == (200, 200, 1)
    assert rung == [("incidents.tasks.make_report", reports()[0].pk)]
    ask(analyst, attacked, "xlsx")
    assert [report.kind for report in reports()] == ["pdf", "xlsx"]


def test_a_second_press_is_told_whose_report_it_is(analyst, reader, attacked):
    ask(analyst, attacked)
    words = "Incident report (PDF) is being made already, for Ravi Okonkwo. No second one was begun."
    assert ask(reader, attacked).context["report_told"] == words
    assert ask(reader, attacked, "csv").context["report_told"] == ""


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
    assert (answer["X-Content-Type-Options"], "Content-Security-Policy" in answer.headers) == ("nosniff", True)
    sha256 = hashlib.sha256(answer.content).hexdigest()
    assert trail(attacked) == [
        ("make_report", "Ravi Okonkwo", "requested", None),
        ("made_report", "Petra", "done", {"sha256": sha256}),
        ("fetch_report", "Ravi Okonkwo", "done", {"sha256": sha256}),
    ]


def trail(incident):
    events = AuditEvent.objects.filter(incident_id=incident.pk, object_type="report").order_by("pk")
    return list(events.values_list("verb", "actor_name", "outcome", "after"))


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
    assert b"It could not be made. The evidence is unharmed" in page.content
    assert f'id="report-pdf-again-{reports()[0].pk}"'.encode() in page.content
    assert trail(attacked)[-1] == ("made_report", "Petra", "failed", None)
    monkeypatch.undo()
    page = ask(analyst, attacked)
    assert [report.state for report in reports()] == [ReportState.FAILED, ReportState.WAITING]
    assert b"report-pdf-again-" not in page.content


def test_a_report_is_made_by_one_worker_and_found_when_that_one_died(
    analyst, attacked, rung, django_capture_on_commit_callbacks
):
    ask(analyst, attacked)
    report = reports()[0]
    with unscoped(reason="a test's row"):
        Report.objects.update(state=ReportState.RUNNING, lease_until=timezone.now() + making.LEASES[ReportKind.PDF])
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


def test_who_took_too_long_does_not_overwrite_what_another_made(analyst, attacked, monkeypatch):
    ask(analyst, attacked, "csv")
    report = reports()[0]

    def late(incident, facts):
        monkeypatch.setattr(making, "csv_archive_of", lambda _incident, _facts: b"the other's")
        with unscoped(reason="a test's row"):
            Report.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        making.report_make(report.pk)
        return b"the late one's"

    monkeypatch.setattr(making, "csv_archive_of", late)
    making.report_make(report.pk)
    assert (bytes(reports()[0].content), len(trail(attacked))) == (b"the other's", 2)


def test_what_ends_every_worker_is_given_up(analyst, attacked, rung, django_capture_on_commit_callbacks):
    ask(analyst, attacked)
    begun = timezone.now()
    with unscoped(reason="a test's row"):
        Report.objects.update(state=ReportState.RUNNING, lease_until=begun - timedelta(seconds=1))
        Report.objects.update(requested_at=begun - making.GIVE_UP)
    with django_capture_on_commit_callbacks(execute=True):
        making.reports_ring_overdue()
    assert (rung, reports()[0].state) == ([], ReportState.FAILED)
    assert reports()[0].failure == "No worker could finish it within an hour. The evidence is unharmed."


def test_a_fresh_report_is_left_to_its_own_bell(analyst, attacked, rung, django_capture_on_commit_callbacks):
    ask(analyst, attacked)
    with django_capture_on_commit_callbacks(execute=True):
        making.reports_ring_overdue()
    assert rung == []


def test_old_contents_are_dropped(analyst, attacked, monkeypatch):
    monkeypatch.setattr(making, "KEPT", 2)
    for _ in range(3):
        made(analyst, attacked, "csv")
    assert [report.content is None for report in reports()] == [True, False, False]
    page = analyst.get(reverse("incidents:reports", args=["acme-corp", attacked.pk]), headers=HTMX)
    assert page.content.count(b"No longer kept") == 1


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


# --- On the page ------------------------------------------------------------------------------------------------------
@settings(max_examples=200, deadline=None)
@given(words=st.text(max_size=400))
def test_any_words_can_be_printed(words):
    told = printed({"a": [words]})["a"][0]
    assert all(has_glyph(one) for one in told.replace("\n", "")), "what has no glyph would vanish"
    assert not any(unicodedata.category(one) in {"Cc", "Cs", "Co", "Cn"} for one in told.replace("\n", ""))
    assert max((len(word) for word in re.split(r"[\s\u200b]", told)), default=0) <= 18


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Invoice 7", "Invoice 7"),
        ("\u202egnp.exe", "[U+202E]gnp.exe"),
        ("a\x00b\tc", "a\ufffdb c"),
        ("\U000e0001x", "x"),  # a tag: no glyph, no width, no meaning here
        ("\u13a0", "\ufffd"),  # Cherokee: none of the fonts has it
        ("two\n\nlines", "two\nlines"),
        ("漢字 كلمة עברית Привет 📄", "漢字 كلمة עברית Привет 📄"),
        ("https://evil.example/aaaa", "https://evil.\u200bexample/aaaa"),
        ("e" + "\u0301" * 9, "é\u0301\u0301\u0301"),
        ("x" * 3_001, "\u200b".join(["x" * 18] * 166 + ["x" * 12]) + "… (cut off)"),
    ],
    ids=range(10),
)
def test_what_is_printed(words, told):
    assert printed(words) == told


def font_names(pdf):
    """The fonts that a PDF has with it. Its objects are packed in streams."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    plain = [pdf]
    for packed in streams:
        with contextlib.suppress(zlib.error):
            plain.append(zlib.decompress(packed))
    return {name.decode() for text in plain for name in re.findall(rb"/FontName ?/[A-Z]{6}\+([\w-]+)", text)}


def test_each_script_has_its_font(attacked, caplog):
    told = facts(attacked) | {"title": "漢字 كلمة עברית Привет 📄"}
    assert font_names(pdf_of(told)) == {
        "Inter-Regular", "Inter-SemiBold", "DejaVuSans", "DroidSansFallback", "NotoEmoji-Regular",
    }  # fmt: skip
    assert "report_set_with_warning" not in caplog.text


def test_the_pdf_is_tagged_and_has_its_language(attacked):
    pdf = pdf_of(facts(attacked))
    assert b"/MarkInfo" in pdf
    assert b"/Lang" in pdf


def test_a_logo_stands_on_the_cover(attacked):
    logo = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
    assert pdf_of(facts(attacked), logo=logo) != pdf_of(facts(attacked))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.one_of(st.text(max_size=200), st.sampled_from(HOSTILE)), min_size=3, max_size=3))
def test_any_words_can_be_set(attacked, words):
    """Wherever a text stands in the facts, another one may stand."""
    wild = cycle(words)

    def replaced(value):
        if isinstance(value, str):
            return next(wild)
        if isinstance(value, dict):
            return {name: replaced(one) for name, one in value.items()}
        return [replaced(one) for one in value] if isinstance(value, list | tuple) else value

    assert pdf_of(replaced(facts(attacked))).startswith(b"%PDF")


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("Acme Corp", "Ada"), "Acme-Corp-Ada.pdf"),
        (("../../etc", "漢字"), "etc.pdf"),
        (("", '"; x'), "x.pdf"),
        (("",), "petra.pdf"),
        (("Renée",), "Renee.pdf"),
    ],
)
def test_names_of_files(parts, name):
    assert file_name(*parts, ending="pdf") == name
