"""Storing rows: whatever a record contains comes out of the database as it went in, once."""

import hashlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.enums import LogSource
from incidents.evidence import unified_audit_log
from incidents.evidence.rows import NAMES, row_of, sheet_of, sheet_store
from incidents.models import LogRecord
from tenants.models import Tenant
from tenants.scoping import unscoped
from tests.factories import rows
from tests.factories.rows import NOON

pytestmark = pytest.mark.django_db
SOURCE = LogSource.UNIFIED_AUDIT_LOG
MEGABYTE = 1 << 20
# What COPY's text format gives a meaning, what JSON does, and what an attacker writes.
ODD = st.sampled_from(
    ["\\N", "\\.", "\\", "\\\\x41", "a\tb", "a\nb", "a\r\nb", '"', "'", "{}", "\x01\x1b[31m", "\x7f\x85\u2028", "\ufeff", "NULL"]
)  # fmt: skip
TEXT = ODD | st.text(max_size=40) | st.lists(ODD, max_size=4).map("".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(TEXT, deeper, max_size=3),
    max_leaves=6,
)
ITEM = st.dictionaries(
    st.sampled_from(["InternetMessageId", "Subject", "Attachments", "ParentFolder"]), JSON, max_size=4
)
FIELDS = (
    "UserId",
    "ClientIPAddress",
    "UserAgent",
    "ResultStatus",
    "ObjectId",
    "AppId",
    "SessionId",
    "Workload",
    "Target",
)
RECORD = st.fixed_dictionaries(
    {"Id": TEXT, "Operation": TEXT, "CreationTime": st.just("2026-03-01T10:00:00")},
    optional={
        **dict.fromkeys(FIELDS, JSON),
        "Item": ITEM | JSON,
        "AffectedItems": st.lists(ITEM, max_size=3) | JSON,
        "Folders": st.lists(st.fixed_dictionaries({"Path": JSON, "FolderItems": st.lists(ITEM | JSON, max_size=3)}))
        | JSON,
    },
)


@pytest.fixture
def tenant() -> Tenant:
    return rows.tenant(rows.organization(), "Stored")


def stored(tenant: Tenant, records: list[tuple[dict[str, Any], bytes]]) -> int:
    parsed = [(unified_audit_log.parse(record), raw) for record, raw in records]
    sheet = sheet_of((row_of(one, raw) for one, raw in parsed if one), tenant_id=tenant.pk, source=SOURCE)
    with unscoped(reason="a test stores rows"):
        return sheet_store(sheet, tenant_id=tenant.pk, source=SOURCE)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(st.tuples(RECORD, st.binary(max_size=60)), min_size=1, max_size=4))
def test_what_goes_in_comes_out(tenant, records):
    with unscoped(reason="a test begins anew"):
        LogRecord.objects.filter(tenant=tenant).delete()
    wanted = {}
    for record, raw in records:
        columns = unified_audit_log.parse(record)
        if columns:
            row = row_of(columns, raw)
            wanted[row.record_id] = (dict(zip(NAMES, row.values, strict=True)), raw)
    assert stored(tenant, records) == len(wanted)
    assert stored(tenant, records) == 0, "the second time nothing is new"
    with unscoped(reason="a test reads what it stored"):
        found = {one.record_id: one for one in LogRecord.objects.filter(tenant=tenant)}
    assert found.keys() == wanted.keys()
    for record_id, (values, raw) in wanted.items():
        one = found[record_id]
        assert {name: getattr(one, name) for name in NAMES} == values
        assert (bytes(one.raw), one.raw_sha256) == (raw, hashlib.sha256(raw).hexdigest())


def test_texts_of_a_megabyte_are_cut_and_the_raw_record_is_kept_whole(tenant):
    long, raw = "\\N\t" * (MEGABYTE // 3), b"\x00\\\t" * MEGABYTE
    record = {
        "Id": "long",
        "CreationTime": f"{NOON:%Y-%m-%dT%H:%M:%S}",
        "Operation": long,
        "UserId": long,
        "ObjectId": long,
    }
    record |= {"AffectedItems": [{"InternetMessageId": f"{n}{long}", "Subject": long} for n in range(3)]}
    assert stored(tenant, [(record, raw)]) == 1
    with unscoped(reason="a test reads what it stored"):
        one = LogRecord.objects.get(tenant=tenant)
    assert (bytes(one.raw), len(one.operation), len(one.user_principal_name)) == (raw, 160, 320)
    assert [len(message["subject"]) for message in one.messages] == [400] * 3
