"""`$filter` to SQL."""

from __future__ import annotations

import json
import sqlite3

import pytest

from graph.simulator.calls import Refusal
from graph.simulator.filters import compile_filter, properties_in

ROWS = [
    {"subject": "Let's pay", "isRead": False, "receivedDateTime": "2026-03-01T09:00:00Z", "categories": ["red"]},
    {"subject": "Hello", "isRead": True, "receivedDateTime": "2026-03-02T09:00:00Z", "categories": []},
    {"subject": "100% sure_thing", "isRead": True, "receivedDateTime": "2026-03-03T09:00:00Z", "categories": ["blue"]},
]
COLUMNS = {"subject": "subject"}


def matching(text: str) -> list[str]:
    """The subjects of the rows that a filter lets through."""
    where, values = compile_filter(text, "message", COLUMNS)
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE rows(subject TEXT COLLATE NOCASE, body TEXT)")
    connection.executemany("INSERT INTO rows VALUES (?, ?)", [(row["subject"], json.dumps(row)) for row in ROWS])
    return [subject for (subject,) in connection.execute(f"SELECT subject FROM rows WHERE {where}", values)]


@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("subject eq 'let''s pay'", ["Let's pay"]),
        ("subject eq 'Hello' or subject eq 'let''s pay'", ["Let's pay", "Hello"]),
        ("subject in ('Hello','x')", ["Hello"]),
        ("subject ne 'Hello'", ["Let's pay", "100% sure_thing"]),
        ("isRead eq true", ["Hello", "100% sure_thing"]),
        ("isRead eq true and receivedDateTime ge 2026-03-03T00:00:00Z", ["100% sure_thing"]),
        ("not (isRead eq true)", ["Let's pay"]),
        ("startswith(subject,'100%')", ["100% sure_thing"]),
        ("contains(subject,'e_t')", ["100% sure_thing"]),
        ("endswith(subject,'pay')", ["Let's pay"]),
        ("categories/any(c: c eq 'blue')", ["100% sure_thing"]),
        ("importance eq null", ["Let's pay", "Hello", "100% sure_thing"]),
        ("(subject eq 'Hello' or isRead eq false) and isRead eq false", ["Let's pay"]),
    ],
)
def test_matches(text: str, subjects: list[str]) -> None:
    assert matching(text) == subjects


@pytest.mark.parametrize(
    "text", ["subject", "subject eq", "subject like 'x'", "(subject eq 'x'", "subject eq 'x' subject", "nope eq 1", "*"]
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        compile_filter(text, "message", COLUMNS)
    assert caught.value.status == 400


def test_a_chain_of_ors_uses_the_index() -> None:
    where, values = compile_filter("subject eq 'a' or subject eq 'b'", "message", COLUMNS)
    assert (where, values) == ("subject IN (?, ?)", ["a", "b"])


def test_properties_in_order() -> None:
    text = "receivedDateTime ge 2026-01-01T00:00:00Z and from/emailAddress/address eq 'subject eq x'"
    assert properties_in(text) == ["receivedDateTime", "from/emailAddress/address"]
