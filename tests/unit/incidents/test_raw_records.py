"""The raw record, read again: in each of the ways in which it may have come."""

import json

import pytest

from incidents.evidence.mail_rules import logged_rule
from incidents.evidence.raw_records import record_data
from incidents.models import LogRecord

DATA = {"Operation": "New-InboxRule", "Parameters": [{"Name": "Name", "Value": "."}]}
WRITTEN = json.dumps(DATA)
CELL = WRITTEN.replace('"', '""')

WAYS = {
    "a query's record": json.dumps({"id": "1", "auditData": DATA}),
    "an export's record": json.dumps({"Identity": "1", "AuditData": WRITTEN}),
    "the document alone": WRITTEN,
    "after a byte order mark": "\ufeff" + WRITTEN,
    "a row of a CSV file": f'ExchangeAdmin,2021-04-16,"{CELL}",True',
    "a row that goes over two lines": f'ExchangeAdmin,"two\nlines","{CELL}"\r\n',
}
NOT_READABLE = [b"", b"{", b"\xff\xfe", b"[1]", b'"x"', b"a,b,{c", b'{"auditData": "{"}', b"[" * 100_000]


@pytest.mark.parametrize("written", WAYS.values(), ids=WAYS)
def test_however_it_came_it_is_read(written):
    assert record_data(LogRecord(raw=written.encode())) == DATA


@pytest.mark.parametrize("raw", NOT_READABLE)
def test_what_cannot_be_read_has_no_parameters(raw):
    assert record_data(LogRecord(raw=raw)).get("Parameters") is None


RULES = {
    "deletes": ({"DeleteMessage": "True"}, {"deletes": True}),
    "moves": ({"MoveToFolder": "ada\\Inbox\\RSS Feeds"}, {"moves_to": "RSS Feeds"}),
    "moves to a folder of Outlook's": ({"MoveToFolder": ":RSS Feeds"}, {"moves_to": "RSS Feeds"}),
    "marks": ({"MarkAsRead": "$true"}, {"marks_as_read": True}),
    "sends": ({"RedirectTo": '"A" [SMTP:a@evil.example]'}, {"sends_to": ("a@evil.example",)}),
    "looks": ({"SubjectContainsWords": "invoice;bank"}, {"words": ("invoice", "bank")}),
    "switched off": ({"Enabled": "False"}, {"is_enabled": False}),
}


@pytest.mark.parametrize(("given", "told"), RULES.values(), ids=RULES)
def test_what_a_cmdlet_says_a_rule_does(given, told):
    named = [{"Name": name, "Value": value} for name, value in given.items()]
    rule = logged_rule(LogRecord(operation="New-InboxRule", raw=json.dumps({"Parameters": named}).encode()))
    assert {name: getattr(rule, name) for name in told} == told


@pytest.mark.parametrize("name", [".", "..", " -_- "])
def test_a_name_of_punctuation_is_none(name):
    raw = json.dumps({"Parameters": [{"Name": "Name", "Value": name}]}).encode()
    assert logged_rule(LogRecord(operation="New-InboxRule", raw=raw)).is_nameless


def test_a_row_that_tells_no_name_says_nothing_of_it():
    assert logged_rule(LogRecord(operation="Set-InboxRule", raw=b"{}")).is_nameless is False
