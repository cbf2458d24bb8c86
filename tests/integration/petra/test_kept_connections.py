"""Connections that are kept for the next request: clean, alive, not for long, and never another process's."""

import os

import pytest
from django.conf import settings
from django.db import connection, connections

from petra.database.kept import MOST, KeptConnections

on_postgresql = pytest.mark.skipif(
    settings.IS_SQLITE, reason="SQLite keeps none; runs on PostgreSQL: python -m tests.on_services tests/integration"
)


class Plug:
    """A connection that notes whether it was closed."""

    is_closed = False

    def close(self) -> None:
        self.is_closed = True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def clean(_connection: Plug) -> bool:
    return True


def test_the_latest_of_its_own_kind_is_taken_once():
    kept, first, second, other = KeptConnections(seconds=60), Plug(), Plug(), Plug()
    for key, plug in (("a", first), ("a", second), ("b", other)):
        assert kept.give(key, plug)
    assert [kept.take("a", cleaned=clean) for _ in range(3)] == [second, first, None]


def test_one_that_does_not_stand_any_more_is_closed_and_the_next_taken():
    kept, good, broken = KeptConnections(seconds=60), Plug(), Plug()
    kept.give("a", good)
    kept.give("a", broken)
    assert kept.take("a", cleaned=lambda plug: plug is not broken) is good
    assert broken.is_closed


def test_what_lay_idle_too_long_is_closed():
    clock, old, young = Clock(), Plug(), Plug()
    kept = KeptConnections(seconds=60, clock=clock)
    kept.give("a", old)
    clock.now = 60
    kept.give("a", young)
    assert (old.is_closed, kept.take("a", cleaned=clean), kept.take("a", cleaned=clean)) == (True, young, None)


def test_only_so_many_are_kept_and_none_where_nobody_wants_that():
    kept = KeptConnections(seconds=60)
    assert [kept.give("a", Plug()) for _ in range(MOST + 1)] == [True] * MOST + [False]
    assert not KeptConnections(seconds=0).give("a", Plug())


def test_a_child_uses_and_closes_nothing_of_its_parents():
    kept, plug = KeptConnections(seconds=60), Plug()
    kept.give("a", plug)
    child = os.fork()
    if child == 0:
        os._exit(0 if kept.take("a", cleaned=clean) is None and not plug.is_closed else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert kept.take("a", cleaned=clean) is plug


@pytest.fixture
def keeping(monkeypatch):
    """As in production."""
    kept = KeptConnections(seconds=60)
    monkeypatch.setattr("petra.database.postgresql.base._kept", kept)
    yield
    connection.close()
    while (idle := kept._pop(next(iter({key for key, *_ in kept._idle}), ""))) is not None:
        idle.close()


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


@on_postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("keeping")
def test_the_next_request_finds_it_clean():
    before = backend()
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 12345; CREATE TEMPORARY TABLE left_over (n int)")
    connection.close()
    assert backend() == before
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout'), to_regclass('left_over')")
        assert cursor.fetchone() == ("0", None)


@on_postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("keeping")
def test_one_that_the_server_has_ended_is_not_used_again():
    before, other = backend(), connections.create_connection("default")
    other.ensure_connection()
    connection.close()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [before])
    assert backend() != before
    other.connection.close()
