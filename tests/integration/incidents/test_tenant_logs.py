"""The logs of a tenant and of one person, the list of users, one record whole, and exports of what the filter shows."""

import csv
import hashlib
import io
import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from incidents.enums import IndicatorKind, Workload
from incidents.exports import logs as exports
from incidents.exports.records import HEADS
from tenants.models import AuditEvent
from tests.factories import rows
from tests.factories.rows import NOON
from tests.fixtures.console import HTMX

ATTACKER = "203.0.113.66"
TENANT_PAGES = ("tenant_logins", "tenant_exchange", "tenant_sharepoint", "tenant_teams")


@pytest.fixture
def busy(console):
    """Two people of the tenant, one of them attacked, and a stranger's row of the same address."""
    other = rows.incident(console.tenant, rows.account(console.tenant, "Bob"))
    rows.indicator(console.incident, ATTACKER)
    rows.log_record(console.incident, item="hers", ip_address=ATTACKER, operation="Send", subject="Invoice")
    rows.log_record(other, item="his", ip_address=ATTACKER, occurred_at=NOON - timedelta(hours=1))
    rows.log_record(console.their_incident, item="a stranger's", ip_address=ATTACKER)
    return console


def tenant_url(name, *more):
    return reverse(f"incidents:{name}", args=["acme-corp", *more])


def shown(response):
    return [(row.record.item, row.is_attacker) for row in response.context["logs"].rows]


# --- Pages ------------------------------------------------------------------------------------------------------------
def test_a_tenants_page_has_everybodys_rows_and_the_attackers_of_each(analyst, busy):
    """The address is the attacker's in her incident; of him nobody said so."""
    assert shown(analyst.get(tenant_url("tenant_exchange"))) == [("hers", True), ("his", False)]
    assert shown(analyst.get(tenant_url("tenant_exchange"), {"who": "attacker"})) == [("hers", True)]
    assert shown(analyst.get(tenant_url("tenant_exchange"), {"user": "bob"})) == [("his", False)]


def test_a_persons_activity_has_their_rows_alone(analyst, busy):
    address = tenant_url("user_activity", busy.incident.account.pk)
    assert shown(analyst.get(address, {"tab": "exchange"})) == [("hers", True)]
    page = analyst.get(address).content.decode()
    assert f"/t/acme-corp/incidents/{busy.incident.pk}/" in page
    assert "Mark as Phish" not in page


@pytest.mark.parametrize("name", TENANT_PAGES)
def test_a_tenants_page_shows_its_own_kind(analyst, console, name):
    for workload in Workload:
        rows.log_record(console.incident, workload=workload, item=workload.value)
    assert shown(analyst.get(tenant_url(name), {"tab": "directory"})) == [(name.removeprefix("tenant_"), False)]


@pytest.mark.parametrize("name", [*TENANT_PAGES, "users", "user_activity"])
def test_pages_take_as_many_queries_for_three_rows_as_for_one(analyst, busy, name, django_assert_max_num_queries):
    more = [busy.incident.account.pk] if name == "user_activity" else []
    kind = Workload(name.removeprefix("tenant_")) if name in TENANT_PAGES else Workload.LOGINS
    rows.log_record(busy.incident, workload=kind)
    with django_assert_max_num_queries(30) as first:
        analyst.get(tenant_url(name, *more))
    for number in range(3):
        rows.log_record(busy.incident, workload=kind)
        rows.account(busy.tenant, f"Person {number}")
    with django_assert_max_num_queries(len(first)) as second:
        analyst.get(tenant_url(name, *more))
    assert len(second) == len(first)


def test_users_are_found_by_name_and_address(analyst, console):
    rows.account(console.tenant, "Bob Builder", user_principal_name="builder@client.example")
    rows.account(console.their_tenant, "Bob Stranger")
    found = {text: analyst.get(tenant_url("users"), {"q": text}).context["page"] for text in ("bob", "BUILDER@", "x y")}
    assert {text: [str(one) for one in page] for text, page in found.items()} == {
        "bob": ["Bob Builder"], "BUILDER@": ["Bob Builder"], "x y": [],
    }  # fmt: skip


@pytest.mark.parametrize(("name", "more"), [("tenant_exchange", 0), ("users", 0), ("user_activity", 1)])
def test_the_switcher_keeps_the_kind_of_page(analyst, console, name, more):
    page = analyst.get(tenant_url(name, *[console.incident.account.pk] * more))
    kept = "users" if more else name
    assert [one.switch_url for one in page.context["tenants"]() if one.slug == "zenith"] == [
        reverse(f"incidents:{kept}", args=["zenith"])
    ]


# --- One record -------------------------------------------------------------------------------------------------------
def record_of(client, incident, raw, **values):
    record = rows.log_record(incident, raw=raw, raw_sha256=hashlib.sha256(raw).hexdigest(), **values)
    return record, client.get(reverse("incidents:log_record", args=["acme-corp", incident.pk, record.pk]), headers=HTMX)


def test_a_record_is_shown_in_order_with_its_sum(analyst, console):
    raw = b'{"Operation":"Send","Deep":{"a":[1,2]}}'
    record, answer = record_of(analyst, console.incident, raw)
    view = answer.context["view"]
    assert json.loads(view.raw) == json.loads(raw)
    assert ('"Deep": {\n' in view.raw, view.is_cut, view.is_intact, view.size) == (True, False, True, len(raw))
    assert record.raw_sha256 in answer.content.decode()


def test_a_record_that_was_changed_is_told(analyst, console):
    record = rows.log_record(console.incident, raw=b"{}", raw_sha256="0" * 64)
    answer = analyst.get(tenant_url("tenant_log_record", record.pk))
    assert "it was changed after it was stored" in answer.content.decode()


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":"' + b"x" * 1_000_000 + b'"}',
        b"[" * 100_000,
        b'{"a":"\\ud800 <script>alert(1)</script>"}',
        b"\xff\xfe\x00 no text",
        b"",
    ],
    ids=["huge", "nested", "half a character", "no text", "nothing"],
)
def test_no_record_breaks_its_page_or_bloats_it(analyst, console, raw):
    record, answer = record_of(analyst, console.incident, raw)
    page = answer.content.decode()
    assert (answer.status_code, len(page) < 100_000, "<script>" in page) == (200, True, False)
    assert ("Cut off here" in page) == (len(raw) > 64_000)
    kept = analyst.get(reverse("incidents:log_raw", args=["acme-corp", console.incident.pk, record.pk]))
    assert (kept.content, kept["Content-Type"]) == (raw, "application/octet-stream")
    assert kept["Content-Disposition"].startswith("attachment")


def test_a_list_of_logs_does_not_fetch_raw_records(analyst, console, django_assert_max_num_queries):
    rows.log_record(console.incident, raw=b"x" * 1_000_000)
    with django_assert_max_num_queries(30) as queries:
        answer = analyst.get(tenant_url("tenant_exchange"))
    assert [query["sql"] for query in queries if '."raw"' in query["sql"]] == []
    assert len(answer.content) < 60_000


# --- Exports ----------------------------------------------------------------------------------------------------------
def export(client, *more, name="tenant_export", **form):
    return client.post(tenant_url(name, *more), {"tenant": "acme-corp", "tab": "exchange", "kind": "csv"} | form)


def content_of(response):
    return b"".join(response.streaming_content) if response.streaming else response.content


def read_csv(response):
    lines = list(csv.reader(io.StringIO(content_of(response).decode("utf-8-sig"))))
    gap = lines.index([])
    return dict(lines[:gap]), [dict(zip(HEADS, line, strict=True)) for line in lines[gap + 2 :]], lines[gap + 1]


def test_an_export_says_what_it_is_and_obeys_the_filter(analyst, busy):
    answer = export(analyst, subject="inv", who="attacker")
    head, found, names = read_csv(answer)
    assert head.pop("Exported").endswith("UTC by Ravi Okonkwo")
    assert re.fullmatch(r"Audit trail up to entry 1, hash [0-9a-f]{64}", head.pop("Audit trail"))
    assert head == {
        "Tenant": "Acme Corp", "User": "all users", "Log": "Exchange", "Times are in": "UTC",
        "Filter": "Subject has “inv”; Attacker only",
    }  # fmt: skip
    assert (names[0], [(row["Item"], row["Attacker"]) for row in found]) == ("Time (UTC)", [("hers", "attacker")])
    assert answer["Content-Disposition"].startswith('attachment; filename="Acme-Corp-Exchange-')


def test_an_export_has_all_pages_of_whose_logs_they_are(analyst, busy, monkeypatch):
    monkeypatch.setattr(exports, "PIECE", 4)
    for number in range(11):
        rows.log_record(busy.incident, item=str(number), occurred_at=NOON - timedelta(minutes=number // 3 + 1))
    wanted = {"hers", *map(str, range(11))}
    for name, pk in (("user_export", busy.incident.account.pk), ("logs_export", busy.incident.pk)):
        _, found, _ = read_csv(export(analyst, pk, name=name, before="1-1" if name == "x" else ""))
        assert (len(found), {row["Item"] for row in found}) == (12, wanted)
    assert {row["Item"] for row in read_csv(export(analyst))[1]} == wanted | {"his"}


def test_an_excel_file_ends_at_its_limit_and_says_so(analyst, busy, monkeypatch):
    monkeypatch.setattr(exports, "MOST_IN_EXCEL", 1)
    book = load_workbook(io.BytesIO(export(analyst, kind="xlsx").content))
    assert book.sheetnames == ["About", "Exchange"]
    about = dict(row for row in book["About"].iter_rows(values_only=True))
    assert (about["Tenant"], about["Rows"]) == ("Acme Corp", "the newest 1 at most; a CSV has all")
    lines = [row[0] for row in book["Exchange"].iter_rows(values_only=True)]
    assert lines == ["Time (UTC)", "2026-03-01 12:00:00 UTC", "Cut off after 1 rows. A CSV has all."]


def test_an_export_stands_in_the_audit_trail(analyst, reader, busy):
    assert export(reader, busy.incident.pk, name="logs_export", country="DE").status_code == 200
    (event,) = AuditEvent.objects.filter(verb="export_logs")
    account = busy.incident.account.user_principal_name
    assert (event.summary, event.incident_id) == (f"Exported logs (CSV) – Exchange of {account}", busy.incident.pk)
    assert event.after == {"filter": "Country is DE"}


@pytest.mark.parametrize("form", [{"kind": "exe"}, {"country": "Germany"}, {"tab": "directory"}])
def test_what_is_not_understood_is_not_exported(analyst, busy, form):
    answer = export(analyst, **form)
    assert (answer.status_code, AuditEvent.objects.filter(verb="export_logs").count()) == (422, 0)


def test_a_person_of_another_tenant_does_not_exist(analyst, console):
    account = console.their_incident.account.pk
    assert export(analyst, account, name="user_export").status_code == 404
    assert analyst.get(tenant_url("user_activity", account)).status_code == 404


def test_indicators_of_another_tenant_mark_nothing(analyst, console):
    rows.indicator(console.their_incident, "PC-1", IndicatorKind.DEVICE)
    rows.log_record(console.incident, item="hers", device="PC-1")
    assert shown(analyst.get(tenant_url("tenant_exchange"))) == [("hers", False)]
