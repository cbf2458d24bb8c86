"""The PostgreSQL and the Redis that other tests stop, kill and empty: do they do what those tests believe?"""

import os

import psycopg2
import pytest
from django.db import connection

from tests.fixtures import services
from tests.fixtures.services import Postgres, Redis


def rows(postgres: Postgres) -> list[tuple[int]]:
    mine = psycopg2.connect(postgres.url)
    try:
        with mine, mine.cursor() as cursor:
            cursor.execute("SELECT number FROM kept ORDER BY number")
            return cursor.fetchall()
    finally:
        mine.close()


def test_postgres_keeps_its_rows_through_restart_and_kill(own_postgres: Postgres):
    mine = psycopg2.connect(own_postgres.url)
    with mine, mine.cursor() as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT 1 AS number")
    own_postgres.restart()
    with pytest.raises(psycopg2.OperationalError):
        mine.cursor().execute("SELECT 1")
    own_postgres.kill()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(own_postgres.url)
    own_postgres.start()
    assert rows(own_postgres) == [(1,)]


def test_redis_forgets_on_flush_and_on_restart(own_redis: Redis):
    with own_redis.client() as client:
        client.set("kept", "1")
        assert client.get("kept") == b"1"
        own_redis.flush()
        assert client.get("kept") is None
        client.set("kept", "2")
    own_redis.kill()
    own_redis.start()
    with own_redis.client() as client:
        assert client.get("kept") is None


def test_the_second_run_is_on_postgresql():
    assert connection.vendor == ("postgresql" if "PETRA_TEST_DATABASE_URL" in os.environ else "sqlite")


def test_what_is_not_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(services.shutil, "which", lambda _name: None)
    monkeypatch.setattr(services.Path, "glob", lambda *_: iter(()))
    monkeypatch.delenv("PETRA_REQUIRE_SERVICES", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install redis-server"):
        next(services._lent(Redis))
    with pytest.raises(pytest.skip.Exception, match="apt-get install postgresql"):
        next(services._lent(Postgres))
    monkeypatch.setenv("PETRA_REQUIRE_SERVICES", "1")
    with pytest.raises(pytest.fail.Exception, match="apt-get install redis-server"):
        next(services._lent(Redis))
