"""Every place of a running demo in which a secret could be left behind, as bytes; and the search through them."""

import base64
import html
import json
import re
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import quote

import psycopg2

from tests.fixtures.analyst import Analyst
from tests.fixtures.services import dump_database
from tests.fixtures.stack import Stack

KEYS = ("secret_key", "encryption_key", "demo_password")  # where they are kept; anywhere else they would be a leak
_TOKEN = re.compile(rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")


def places(stack: Stack, analyst: Analyst) -> dict[str, bytes]:
    """Name and content. The cloud's own database is none of them: it is Microsoft's side, which knows the secrets."""
    return {
        "log": stack.log.read_bytes(),
        "database": _database(stack),
        "audit trail": json.dumps(rows(stack, "SELECT * FROM tenants_auditevent"), default=str).encode(),
        "queue": queue(stack),
        "data folder": _files(stack),
        "pages": "\n".join(analyst.seen).encode(),
        "cloud's request log": json.dumps(stack.control.requests()).encode(),
    }


def leaks(found: Mapping[str, bytes], secrets: Mapping[str, str]) -> list[str]:
    """What lies where: "password in log". Bearer tokens are known by their shape."""
    left = [
        f"{name} in {place}" for place, content in found.items() for name in secrets if holds(content, secrets[name])
    ]
    return left + [f"a bearer token in {place}" for place, content in found.items() if _TOKEN.search(content)]


def holds(content: bytes, secret: str) -> bool:
    """Whether a secret stands there: plainly, or as addresses, pages, JSON, dumps and headers write it."""
    assert len(secret) >= 12, "a shorter one could stand anywhere by chance"
    plain = secret.encode()
    forms = {plain, quote(secret, safe="").encode(), html.escape(secret).encode(), json.dumps(secret)[1:-1].encode()}
    forms |= {plain.hex().encode(), base64.b64encode(plain).rstrip(b"=")}
    return any(form in content for form in forms)


def rows(stack: Stack, statement: str) -> list[tuple[Any, ...]]:
    if stack.database_url:
        with closing(psycopg2.connect(stack.database_url)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()
    with closing(sqlite3.connect(stack.data / "petra.sqlite3", timeout=20)) as connection:
        return connection.execute(statement).fetchall()


def queue(stack: Stack) -> bytes:
    """All messages that wait, of every queue, and whatever else the broker keeps."""
    if stack.redis is None:
        return b"\n".join(_contents(path for path in (stack.data / "queue").rglob("*") if path.is_file()))
    readers = {b"list": "lrange", b"hash": "hgetall", b"zset": "zrange", b"set": "smembers", b"string": "get"}
    with stack.redis.client() as client:
        kept = []
        for key in client.keys("*"):
            reader = readers[client.type(key)]
            value = getattr(client, reader)(key, *((0, -1) if reader in ("lrange", "zrange") else ()))
            kept.append(repr((key, value)).encode())
        return b"\n".join(kept)


def _database(stack: Stack) -> bytes:
    if stack.database_url:
        return dump_database(stack.database_url)
    with closing(sqlite3.connect(stack.data / "petra.sqlite3", timeout=20)) as connection:
        connection.execute("PRAGMA wal_checkpoint(FULL)")
    return b"\n".join(_contents(sorted(stack.data.glob("petra.sqlite3*"))))


def _files(stack: Stack) -> bytes:
    """Whatever else lies in the data folder."""
    paths = (path for path in stack.data.rglob("*") if path.is_file())
    return b"\n".join(_contents(path for path in paths if path.name not in KEYS and "sqlite3" not in path.name))


def _contents(paths: Iterable[Any]) -> Iterable[bytes]:
    for path in paths:
        try:
            yield path.name.encode() + b"\n" + path.read_bytes()
        except FileNotFoundError:  # the worker has just taken this message
            continue
