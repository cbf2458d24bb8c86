"""The store: everything the pretend cloud knows, in one SQLite file.

All of the simulator runs in one thread, and each statement takes well under a millisecond, so the store is called
directly from the event loop. The file survives a restart of the process.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from graph.simulator import clock
from graph.simulator.tables import DIRECTORY_COLLECTIONS, LOG_TABLES, SCHEMA, WORLD_TABLES, filing
from graph.simulator.tenants import Registration, Tenant

Document = dict[str, Any]

_HISTORY_KEPT = 3600.0  # seconds; no lag is longer
_PASSWORD_ROUNDS = 1_000  # it protects made-up accounts, and tests set many passwords


@dataclass(frozen=True, slots=True)
class Query:
    """Which objects of a collection: an SQL condition with its parameters, order and page."""

    collection: str
    where: str = "1"
    params: tuple[Any, ...] = ()
    order: str = "seq"
    limit: int = -1
    offset: int = 0


class Store:
    """Typed access to the state file. Documents go in and come out as JSON objects, private ``_`` keys included."""

    def __init__(self, path: str | Path) -> None:
        self.is_new = not Path(path).exists()
        # Opened in the main thread, used in the server's: never in two at once.
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.execute("PRAGMA journal_mode=WAL")
        # Losing the last moments of a pretend cloud in a power cut is no loss.
        self.connection.execute("PRAGMA synchronous=OFF")
        self.connection.executescript(SCHEMA)
        self._tenants = self._stored_tenants()

    def _stored_tenants(self) -> dict[str, Tenant]:
        rows = self.connection.execute("SELECT body FROM tenants ORDER BY rowid")
        found = [Tenant.from_json(json.loads(body)) for (body,) in rows]
        return {tenant.id: tenant for tenant in found}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing. May be nested; the outermost one decides."""
        if self.connection.in_transaction:
            yield
            return
        self.connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            self._tenants = self._stored_tenants()
            raise
        self.connection.execute("COMMIT")

    # Tenants

    def tenants(self) -> list[Tenant]:
        """All tenants in the order they were made."""
        return list(self._tenants.values())

    def tenant(self, name: str) -> Tenant | None:
        """A tenant by id or by one of its domain names."""
        found = self._tenants.get(name.lower())
        if found or "." not in name:
            return found
        wanted = name.lower()
        return next((each for each in self.tenants() if wanted in map(str.lower, each.domain_names)), None)

    def save_tenant(self, tenant: Tenant) -> None:
        """Insert or overwrite a tenant with its settings."""
        self._tenants[tenant.id] = tenant
        self.connection.execute(
            "INSERT INTO tenants(id, body) VALUES (?, ?) ON CONFLICT(id) DO UPDATE SET body = excluded.body",
            (tenant.id, json.dumps(tenant.as_json())),
        )

    def registration(self, client_id: str) -> Registration | None:
        """A multi-tenant application by its client id."""
        found = self.connection.execute("SELECT body FROM registrations WHERE id = ?", (client_id,)).fetchone()
        return Registration(**json.loads(found[0])) if found else None

    def save_registration(self, registration: Registration) -> None:
        """Insert or overwrite a multi-tenant application."""
        self.connection.execute(
            "INSERT OR REPLACE INTO registrations(id, body) VALUES (?, ?)",
            (registration.client_id, json.dumps(asdict(registration))),
        )

    def clear(self, *, log: bool = True) -> None:
        """Forget the world, and the request log too unless told otherwise."""
        self._tenants.clear()
        with self.transaction():
            for table in WORLD_TABLES + (LOG_TABLES if log else ()):
                self.connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names from a constant  # nosec B608

    # Objects

    def rows(self, tenant: Tenant, query: Query, *, lagged: bool = False) -> list[Document]:
        """The documents that match, as they are now, or as a lagging directory still shows them."""
        source, params = self._source(tenant, query.collection, lagged)
        sql = f"SELECT body FROM {source} WHERE {query.where} ORDER BY {query.order} LIMIT ? OFFSET ?"  # noqa: S608 - compiled conditions, bound values  # nosec B608
        found = self.connection.execute(sql, (*params, *query.params, query.limit, query.offset))
        return [json.loads(body) for (body,) in found]

    def count(self, tenant: Tenant, query: Query, *, lagged: bool = False) -> int:
        """How many documents match, whatever the page."""
        source, params = self._source(tenant, query.collection, lagged)
        sql = f"SELECT COUNT(*) FROM {source} WHERE {query.where}"  # noqa: S608 - as above  # nosec B608
        return int(self.connection.execute(sql, (*params, *query.params)).fetchone()[0])

    def one(
        self, tenant: Tenant, collection: str, object_id: str, *, owner: str | None = None, lagged: bool = False
    ) -> Document | None:
        """One document by id, and by owner where ids repeat from owner to owner."""
        where, params = ("id = ?", (object_id,)) if owner is None else ("id = ? AND owner = ?", (object_id, owner))
        found = self.rows(tenant, Query(collection, where, params, limit=1), lagged=lagged)
        return found[0] if found else None

    def owned(self, tenant: Tenant, collection: str, owner: str, *, lagged: bool = False) -> list[Document]:
        """All documents filed under an owner."""
        return self.rows(tenant, Query(collection, "owner = ?", (owner,)), lagged=lagged)

    def aliased(self, tenant: Tenant, collection: str, alias: str, *, lagged: bool = False) -> list[Document]:
        """All documents filed under an alias: a user principal name, an appId…"""
        return self.rows(tenant, Query(collection, "alias = ?", (alias,)), lagged=lagged)

    def keyed(self, tenant: Tenant, collection: str, key: str, *, lagged: bool = False) -> Document | None:
        """One document by id, or by an alternate key written as ``appId=…`` or ``deviceId=…``."""
        name, separator, value = key.partition("=")
        if separator and name.lower() == filing(collection).alias.lower():
            found = self.aliased(tenant, collection, value, lagged=lagged)
            return found[0] if found else None
        return self.one(tenant, collection, key, lagged=lagged)

    def save(self, tenant: Tenant, collection: str, document: Document, *, owner: str | None = None) -> None:
        """Insert or overwrite one document."""
        row = self._row(tenant, collection, document, owner)
        self._remember(tenant, collection, str(document["id"]), row[2])
        self._insert([row])

    def load(self, tenant: Tenant, collection: str, documents: Sequence[Document], owner: str | None = None) -> None:
        """Insert many at once, leaving no history."""
        self._insert([self._row(tenant, collection, document, owner) for document in documents])

    def remove(self, tenant: Tenant, collection: str, object_id: str, *, owner: str | None = None) -> None:
        """Delete one document."""
        document = self.one(tenant, collection, object_id, owner=owner)
        if document is None:
            return
        filed = owner if owner is not None else filing(collection).values(document)[0]
        self._remember(tenant, collection, object_id, filed)
        self.connection.execute(
            "DELETE FROM objects WHERE tenant = ? AND collection = ? AND id = ? AND owner = ?",
            (tenant.id, collection, object_id, filed),
        )

    @staticmethod
    def _row(tenant: Tenant, collection: str, document: Document, owner: str | None) -> tuple[str, ...]:
        filed, alias, stamp = filing(collection).values(document)
        body = json.dumps(document, separators=(",", ":"))
        return (
            tenant.id, collection, filed if owner is None else owner, str(document["id"]), alias, stamp, body,
        )  # fmt: skip

    def _insert(self, rows: Sequence[tuple[str, ...]]) -> None:
        self.connection.executemany(
            "INSERT INTO objects(tenant, collection, owner, id, alias, stamp, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT(tenant, collection, id, owner)"
            " DO UPDATE SET alias = excluded.alias, stamp = excluded.stamp, body = excluded.body",
            rows,
        )

    def _remember(self, tenant: Tenant, collection: str, object_id: str, owner: str) -> None:
        """Keep the state before a write, for reads that lag behind; no body where nothing was there."""
        if not tenant.settings.lag or collection not in DIRECTORY_COLLECTIONS:
            return
        self.connection.execute("DELETE FROM history WHERE until < ?", (clock.seconds() - _HISTORY_KEPT,))
        key = (tenant.id, collection, object_id, owner)
        found = self.connection.execute(
            "SELECT alias, stamp, body FROM objects WHERE tenant = ? AND collection = ? AND id = ? AND owner = ?", key
        ).fetchone()
        alias, stamp, body = found or ("", "", None)
        self.connection.execute(
            "INSERT INTO history(until, tenant, collection, id, owner, alias, stamp, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (clock.seconds(), *key, alias, stamp, body),
        )

    @staticmethod
    def _source(tenant: Tenant, collection: str, lagged: bool) -> tuple[str, tuple[Any, ...]]:
        """The rows of a collection: as they are, or with each recent write undone."""
        key = (tenant.id, collection)
        present = "SELECT seq, owner, id, alias, stamp, body FROM objects WHERE tenant = ? AND collection = ?"
        if not (lagged and tenant.settings.lag and collection in DIRECTORY_COLLECTIONS):
            return f"({present})", key
        seen_at = clock.seconds() - tenant.settings.lag
        recent = "SELECT id || '/' || owner FROM history WHERE tenant = ? AND collection = ? AND until > ?"
        first = "SELECT MIN(seq) FROM history WHERE tenant = ? AND collection = ? AND until > ? GROUP BY id, owner"
        past = f"SELECT seq, owner, id, alias, stamp, body FROM history WHERE seq IN ({first}) AND body IS NOT NULL"  # noqa: S608 - constants  # nosec B608
        sql = f"({present} AND id || '/' || owner NOT IN ({recent}) UNION ALL {past})"
        return sql, (*key, *key, seen_at, *key, seen_at)

    # Passwords: only a salted hash is kept

    def set_password(self, tenant: Tenant, user_id: str, password: str) -> None:
        """Remember a password well enough to recognise it, and no better."""
        salt = os.urandom(16)
        digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _PASSWORD_ROUNDS)
        self.connection.execute(
            "INSERT OR REPLACE INTO passwords(tenant, user, salt, digest) VALUES (?, ?, ?, ?)",
            (tenant.id, user_id, salt, digest),
        )

    def password_matches(self, tenant: Tenant, user_id: str, password: str) -> bool:
        """Whether this is the user's password; never true while none was set."""
        found = self.connection.execute(
            "SELECT salt, digest FROM passwords WHERE tenant = ? AND user = ?", (tenant.id, user_id)
        ).fetchone()
        if found is None:
            return False
        salt, digest = found
        given = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _PASSWORD_ROUNDS)
        return hmac.compare_digest(digest, given)
