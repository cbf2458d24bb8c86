"""Nothing that a record contains breaks the page of the logs, its drawer or an export."""

import csv
import io
import re

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from incidents.models import LogRecord
from tenants.scoping import unscoped
from tests.factories import rows
from tests.fixtures.console import HTMX

# Databases take no null characters and no half characters; the parsers take them out.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)
NASTY = TEXT | st.sampled_from(
    [
        "=HYPERLINK(1)", "+1", "-1", "@x", "\t=1", "\r=1", "\uff1d1", "<script>alert(1)</script>", '"><img src=x onerror=a>',
        "{{ 7|add:7 }}", "\u202egpj.exe", "\x01\x1b[31m", "\ud7ff\ufffe", "{% now 'Y' %}", "'); DROP TABLE x;--", "a" * 300,
    ]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | NASTY, lambda deeper: st.lists(deeper, max_size=3), max_leaves=4
)
MESSAGE = st.dictionaries(st.sampled_from(["id", "subject", "sender", "folder", "received", "odd"]), JSON | NASTY)
# Never NULL, which the column refuses.
MESSAGES = st.lists(MESSAGE | JSON, max_size=4) | JSON.filter(lambda value: value is not None) | MESSAGE
FORMULA = re.compile(r"^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]")


@pytest.fixture
def hostile(console):
    return rows.log_record(console.incident)


def change(record, values, messages):
    with unscoped(reason="a test shapes a row"):
        LogRecord.objects.filter(pk=record.pk).update(messages=messages, **values)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.fixed_dictionaries(
        dict.fromkeys(
            ("operation", "subject", "sender", "item", "network", "device", "user_agent", "application", "result"),
            NASTY,
        )
    ),
    messages=MESSAGES,
    raw=st.binary(max_size=80) | NASTY.map(str.encode),
)
def test_no_record_breaks_page_drawer_or_export(analyst, console, hostile, values, messages, raw):
    sizes = {"operation": 160, "network": 160, "device": 200, "application": 200, "result": 300, "sender": 320}
    change(hostile, {name: value[: sizes.get(name, 400)] for name, value in values.items()} | {"raw": raw}, messages)
    address = reverse("incidents:logs", args=["acme-corp", console.incident.pk])
    queries = ({"tab": "exchange"}, {"tab": "exchange", "subject": "a", "sender": "b"})
    pages = [analyst.get(address, query, headers=HTMX) for query in queries]
    pages.append(analyst.get(f"{address}{hostile.pk}/", headers=HTMX))
    for page in pages:
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()
        assert "<img src=x" not in page.content.decode()
    form = {"tenant": "acme-corp", "tab": "exchange"}
    told = b"".join(analyst.post(f"{address}export/", form | {"kind": "csv"}).streaming_content).decode("utf-8-sig")
    cells = [cell for line in csv.reader(io.StringIO(told, newline="")) for cell in line]
    assert [cell for cell in cells if FORMULA.match(cell)] == []
    book = load_workbook(io.BytesIO(analyst.post(f"{address}export/", form | {"kind": "xlsx"}).content))
    kinds = {cell.data_type for sheet in book for line in sheet.iter_rows() for cell in line}
    assert "f" not in kinds
