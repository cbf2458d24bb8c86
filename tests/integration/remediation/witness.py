"""A witness in the database: writes down every change of a work order, an action run or a scan, whoever makes it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, models

from remediation.models import ActionRun, Scan, WorkOrder

WATCHED = (WorkOrder, ActionRun, Scan)
COLUMNS = ("state", "fence", "lease_until")


@dataclass(frozen=True, slots=True)
class Seen:
    """One changed row, before and after."""

    table: str
    pk: int
    before: dict[str, Any]
    after: dict[str, Any]

    @property
    def arrow(self) -> tuple[str, str] | None:
        """The change of state, if there was one."""
        change = (self.before["state"], self.after["state"])
        return None if change[0] == change[1] else change

    @property
    def lease(self) -> datetime | None:
        """Until when the row was held before this change."""
        text = self.before.get("lease_until")
        moment = datetime.fromisoformat(text) if text else None
        return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment

    @property
    def is_taken(self) -> bool:
        """Whether somebody else holds the row from now on."""
        return self.before.get("fence") != self.after.get("fence")


class Witness:
    """Call `arrive` once, inside the test's transaction; then `news` tells what changed since the last time."""

    def __init__(self) -> None:
        self._told = 0

    def arrive(self) -> None:
        with connection.cursor() as cursor:
            for statement in _statements():
                cursor.execute(statement)

    def news(self) -> Iterator[Seen]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT seq, name, pk, old, new FROM witness WHERE seq > %s ORDER BY seq", [self._told])
            rows = cursor.fetchall()
        for seq, name, pk, old, new in rows:
            self._told = seq
            yield Seen(name, pk, json.loads(old), json.loads(new))


def _statements() -> Iterator[str]:
    serial = "INTEGER PRIMARY KEY AUTOINCREMENT" if connection.vendor == "sqlite" else "BIGSERIAL PRIMARY KEY"
    yield f"CREATE TABLE witness (seq {serial}, name TEXT, pk BIGINT, old TEXT, new TEXT)"
    if connection.vendor == "sqlite":
        yield from map(_sqlite, WATCHED)
        return
    yield """CREATE FUNCTION witness_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO witness (name, pk, old, new) VALUES (TG_TABLE_NAME, OLD.id, to_jsonb(OLD)::text, to_jsonb(NEW)::text);
        RETURN NULL; END $$"""
    for model in WATCHED:
        table = model._meta.db_table
        yield f"CREATE TRIGGER witness_{table} AFTER UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION witness_it()"


def _sqlite(model: type[models.Model]) -> str:
    table = model._meta.db_table
    columns = [name for name in COLUMNS if name in {field.name for field in model._meta.fields}]
    old, new = (", ".join(f"'{name}', {row}.{name}" for name in columns) for row in ("OLD", "NEW"))
    return f"""CREATE TRIGGER witness_{table} AFTER UPDATE ON {table} BEGIN
        INSERT INTO witness (name, pk, old, new) VALUES ('{table}', OLD.id, json_object({old}), json_object({new}));
        END"""
