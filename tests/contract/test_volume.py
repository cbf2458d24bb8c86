"""In a mailbox of thousands of messages a few are found by an index, not by walking it."""

from __future__ import annotations

import sqlite3
from urllib.parse import quote

import pytest

from graph.simulator.calls import Call
from graph.simulator.mail import list_messages
from graph.simulator.odata import query_of
from graph.simulator.seeding import load_world
from graph.simulator.state import Store
from tests.factories.world import ALICE, message, tiny_world

BY_SENDER = (
    "receivedDateTime ge 2026-03-01T09:00:00Z and from/emailAddress/address eq 'mallory@evil.example'"
    " and subject eq 'Let''s pay invoice 777'"
)
CASES = [
    ("internetMessageId eq '<phish+777=x@evil.example>'", "messages_internet", 3),
    ("internetMessageId eq '<phish+777=x@evil.example>' or internetMessageId eq 'b'", "messages_internet", 3),
    (BY_SENDER, "messages_sender", 5),
    ("subject eq 'Let''s pay invoice 777'", "messages_subject", 3),
]


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Call:
    """A call in a tenant where one mailbox is full."""
    store = Store(tmp_path_factory.mktemp("volume") / "cloud.sqlite3")
    world = tiny_world()
    world["tenants"][0]["messages"][ALICE] = [message(ALICE, number) for number in range(1_000)]
    load_world(store, world)
    tenant, permissions = store.tenants()[0], frozenset({"Mail.Read"})
    path = f"/users/{ALICE}/messages"
    return Call(store, tenant, tenant.client_id, permissions, "GET", path, {}, {}, None, "", arguments=(ALICE,))


def plan_of(connection: sqlite3.Connection, statement: str) -> str:
    """How SQLite carries a statement out."""
    return " / ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))


@pytest.mark.parametrize(("text", "index", "columns"), CASES)
def test_a_filter_uses_its_index(call: Call, text: str, index: str, columns: int) -> None:
    statements: list[str] = []
    call.query = query_of(f"$filter={quote(text)}")
    call.store.connection.set_trace_callback(statements.append)
    answer = list_messages(call)
    call.store.connection.set_trace_callback(None)
    plan = plan_of(call.store.connection, next(each for each in statements if "FROM messages" in each))
    assert [each["subject"] for each in answer.body["value"]] == ["Let's pay invoice 777"]
    assert f"USING INDEX {index} " in plan
    assert plan.count("=?") + plan.count(">?") == columns
