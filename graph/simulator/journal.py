"""The request log: what arrived, how it was answered, and how many requests were at one mailbox at once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from graph.simulator import clock
from graph.simulator.state import Store
from graph.simulator.tables import LOG_TABLES

_KEPT = 200_000  # rows; a demo may run for weeks
_SECRET = re.compile(r"pass(word|wd)|secret|assertion|token", re.IGNORECASE)
_MASK = "********"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log. ``kind``: direct, sub (of a batch), batch (the batch itself) or token."""

    kind: str
    tenant_id: str
    method: str
    path: str
    operation: str
    status: int  # 0 when the connection was dropped
    lane: str
    body: Any
    request_id: str
    client_request_id: str
    batch_id: str | None = None
    mailbox: str | None = None
    had_effect: bool = False  # it was carried out, whatever its caller got to see of that
    fault: str = ""  # reset, lost, late or error


def masked(value: Any) -> Any:
    """The same JSON with every password and secret replaced."""
    if isinstance(value, Mapping):
        return {name: _masked_field(name, each) for name, each in value.items()}
    if isinstance(value, list):
        return [masked(each) for each in value]
    return value


def _masked_field(name: str, value: Any) -> Any:
    return _MASK if isinstance(value, str) and _SECRET.search(name) else masked(value)


class Journal:
    """Writes the log and answers questions about it."""

    def __init__(self, store: Store) -> None:
        self._connection = store.connection
        self._running: dict[tuple[str, str], int] = {}
        self._peaks: dict[tuple[str, str], int] = {}

    def write(self, entry: Entry) -> None:
        """Append one line, its body masked."""
        body = None if entry.body is None else json.dumps(masked(entry.body))
        row = (
            clock.seconds(), entry.kind, entry.tenant_id, entry.batch_id, entry.method, entry.path, entry.operation,
            entry.status, entry.lane, entry.mailbox, body, entry.request_id, entry.client_request_id,
        )  # fmt: skip
        cursor = self._connection.execute(
            "INSERT INTO requests(at, kind, tenant, batch, method, path, operation, status, lane, mailbox, body,"
            " request_id, client_request_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        if entry.had_effect:
            self._connection.execute("INSERT INTO effects(seq) VALUES (?)", (cursor.lastrowid,))
        if entry.fault:
            self._connection.execute("INSERT INTO faults(seq, kind) VALUES (?, ?)", (cursor.lastrowid, entry.fault))
        if cursor.lastrowid and cursor.lastrowid % 1000 == 0:
            for table in ("requests", "effects", "faults"):
                self._connection.execute(f"DELETE FROM {table} WHERE seq <= ?", (cursor.lastrowid - _KEPT,))  # noqa: S608 - constants  # nosec B608

    def entered(self, tenant_id: str, mailbox: str) -> None:
        """One more request is being carried out at this mailbox."""
        key = (tenant_id, mailbox)
        self._running[key] = running = self._running.get(key, 0) + 1
        if running <= self._peaks.get(key, 0):
            return
        self._peaks[key] = running
        self._connection.execute(
            "INSERT INTO peaks(tenant, mailbox, peak) VALUES (?, ?, ?)"
            " ON CONFLICT(tenant, mailbox) DO UPDATE SET peak = MAX(peak, excluded.peak)",
            (tenant_id, mailbox, running),
        )

    def left(self, tenant_id: str, mailbox: str) -> None:
        """One request fewer."""
        self._running[tenant_id, mailbox] -= 1

    def came_early(self, tenant_id: str) -> None:
        """One more retry did not wait as long as it was asked to."""
        self._connection.execute("INSERT INTO early(at, tenant) VALUES (?, ?)", (clock.seconds(), tenant_id))

    def clear(self) -> None:
        """Forget everything logged so far."""
        self._peaks.clear()
        for table in LOG_TABLES:
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - constants  # nosec B608

    def report(self, tenant_id: str | None = None, since: float = 0.0, limit: int = 100_000) -> dict[str, Any]:
        """Counters and lines, of one tenant or all, from a moment (seconds since 1970) on.

        Peaks are those since the log was cleared, whatever ``since`` says.
        """
        where = "at >= ?"
        params: list[Any] = [since]
        if tenant_id:
            where, params = f"{where} AND tenant = ?", [since, tenant_id]
        kinds = self._pairs("kind", where, params)
        peaks = self._stored_peaks(tenant_id)
        return {
            "roundTrips": kinds.get("direct", 0) + kinds.get("batch", 0),
            "subRequests": kinds.get("sub", 0),
            "tokenRequests": kinds.get("token", 0),
            "ignoredRetryAfter": self._came_early(where, params),
            "peakMailboxConcurrency": max(peaks.values(), default=0),
            "peakConcurrencyByMailbox": peaks,
            "byPath": self._pairs("operation", f"{where} AND kind IN ('direct', 'sub')", params),
            "requests": self._lines(f"{where} AND kind IN ('direct', 'sub')", params, limit),
            "batches": self._lines(f"{where} AND kind = 'batch'", params, limit),
        }

    def _came_early(self, where: str, params: list[Any]) -> int:
        found = self._connection.execute(f"SELECT COUNT(*) FROM early WHERE {where}", params)  # noqa: S608 - constants  # nosec B608
        return int(found.fetchone()[0])

    def _pairs(self, column: str, where: str, params: list[Any]) -> dict[str, int]:
        sql = f"SELECT {column}, COUNT(*) FROM requests WHERE {where} GROUP BY {column}"  # noqa: S608 - constants  # nosec B608
        return dict(self._connection.execute(sql, params).fetchall())

    def _stored_peaks(self, tenant_id: str | None) -> dict[str, int]:
        found = self._connection.execute("SELECT tenant, mailbox, peak FROM peaks ORDER BY tenant, mailbox")
        return {f"{tenant}/{mailbox}": peak for tenant, mailbox, peak in found if tenant_id in (None, tenant)}

    def _lines(self, where: str, params: list[Any], limit: int) -> list[dict[str, Any]]:
        sql = (
            "SELECT seq, at, tenant, batch, method, path, operation, status, lane, mailbox, body, request_id,"  # noqa: S608 - constants  # nosec B608
            " client_request_id, seq IN (SELECT seq FROM effects),"
            " (SELECT kind FROM faults WHERE faults.seq = requests.seq)"
            f" FROM requests WHERE {where} ORDER BY seq LIMIT ?"
        )
        names = (
            "id", "at", "tenantId", "batchId", "method", "path", "operation", "status", "lane", "mailbox", "body",
            "requestId", "clientRequestId", "hadEffect", "fault",
        )  # fmt: skip
        lines = [dict(zip(names, row, strict=True)) for row in self._connection.execute(sql, [*params, limit])]
        for line in lines:
            line["at"] = datetime.fromtimestamp(line["at"], UTC).isoformat().replace("+00:00", "Z")
            line["hadEffect"] = bool(line["hadEffect"])
            line["fault"] = line["fault"] or ""
            line["body"] = json.loads(line["body"]) if line["body"] else None
        return lines
