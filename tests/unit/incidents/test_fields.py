"""Reading values out of records that an attacker may have shaped."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.evidence import directory_audits, sign_ins, unified_audit_log
from incidents.evidence.fields import address, country, first, mapping, mappings, moment, pairs, text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" Bristol ", "Bristol"), (7, "7"), ("a\x00b", "ab"), ("half \ud83d", "half ?"),
        (None, ""), (True, ""), ({}, ""), (["x"], ""),
    ],
)  # fmt: skip
def test_text(value, expected):
    assert text(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("203.0.113.66", "203.0.113.66"), ("203.0.113.66:52930", "203.0.113.66"), ("[2001:db8::1]:443", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"), ("[2001:db8::1]", "2001:db8::1"),
        ("", ""), ("999.1.1.1", ""), ("evil", ""), (None, ""), (7, ""), ("1.2.3.4.5:8", ""),
    ],
)  # fmt: skip
def test_address(value, expected):
    assert address(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-01T09:30:00Z", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("2026-03-01T09:30:00", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("2026-03-01T11:30:00+02:00", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None), ("yesterday", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_moment(value, expected):
    assert moment(value) == expected


def test_lists_and_objects():
    assert mapping({"a": 1}) == {"a": 1}
    assert mapping([1]) == {}
    assert mappings([{"a": 1}, 2, None]) == [{"a": 1}]
    assert mappings({"a": 1}) == []
    assert pairs([{"Name": "a", "Value": 1}, "x", {"Name": "b"}]) == {"a": "1", "b": ""}
    assert first([None, "", " ", "x", "y"]) == "x"
    assert first([]) == ""


def test_country():
    assert [country(code) for code in ("gb", "IS", "GBR", "1A", None)] == ["GB", "IS", "", "", ""]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = [
    "id",
    "createdDateTime",
    "activityDateTime",
    "operation",
    "service",
    "auditData",
    "status",
    "deviceDetail",
    "location",
    "initiatedBy",
    "targetResources",
    "additionalDetails",
    "ipAddress",
    "clientIp",
    "userPrincipalName",
    "autonomousSystemNumber",
    "resultReason",
]
DATA = [
    "Workload",
    "Operation",
    "CreationTime",
    "Id",
    "Folders",
    "Item",
    "AffectedItems",
    "Parameters",
    "ExtendedProperties",
    "DeviceProperties",
    "ModifiedProperties",
    "Target",
    "ClientInfoString",
    "ClientIP",
    "OperationProperties",
    "ResultStatus",
    "AppAccessContext",
    "ObjectId",
]


@given(
    record=st.dictionaries(st.sampled_from(NAMES), anything),
    data=st.dictionaries(st.sampled_from(DATA), anything),
    service=st.sampled_from(["Exchange", "AzureActiveDirectory", "SharePoint", "x"]),
)
def test_no_record_breaks_a_parser(record, data, service):
    whole = {"id": "1", "createdDateTime": "2026-03-01T09:30:00Z", "activityDateTime": "2026-03-01T09:30:00Z", **record}
    sign_ins.parse(whole)
    directory_audits.parse(whole)
    unified_audit_log.parse({"service": service, "auditData": data, **whole})
    unified_audit_log.parse({"auditData": data, "service": service})
