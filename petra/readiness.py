"""Whether the parts that Petra stands on are there: database, broker, migrations, beat with its workers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import structlog
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from petra import heartbeat
from petra.celery import app

LATE = 60.0  # seconds since the last tick; beat rings every ten
PATIENCE = 2  # seconds that the broker gets to answer

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """One part: whether it is there, and for beat how long ago its last tick is (seconds)."""

    is_ready: bool
    age: float | None = None

    def as_json(self) -> dict[str, object]:
        told: dict[str, object] = {"ready": self.is_ready}
        return told if self.age is None else told | {"age_seconds": round(self.age, 1)}


def parts(names: Iterable[str] | None = None) -> dict[str, Part]:
    """The parts of these names, by default all. What went wrong stands in the log: strangers may read the answer."""
    return {name: _asked(name, ASKED[name]) for name in names or ASKED}


def _asked(name: str, ask: Callable[[], Part]) -> Part:
    try:
        return ask()
    except Exception:  # each driver and transport has errors of its own; a part that cannot be asked is not there
        logger.exception("not_ready", part=name)
        return Part(is_ready=False)


def _database() -> Part:
    connection.ensure_connection()
    return Part(is_ready=connection.is_usable())


def _broker() -> Part:
    options = {**app.conf.broker_transport_options, "socket_connect_timeout": PATIENCE, "socket_timeout": PATIENCE}
    with app.connection_for_write(transport_options=options, connect_timeout=PATIENCE) as broker:
        broker.ensure_connection(max_retries=1, timeout=PATIENCE).default_channel  # noqa: B018  # Redis is asked here
    return Part(is_ready=True)


def _migrations() -> Part:
    return Part(is_ready=_newest() <= set(MigrationRecorder(connection).applied_migrations()))


@cache
def _newest() -> frozenset[tuple[str, str]]:
    """The last migration of each app, as this code knows them."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


def _beat() -> Part:
    try:
        age = heartbeat.age()
    except DatabaseError:  # the tick is kept in the database, which is told of by itself
        return Part(is_ready=False)
    return Part(is_ready=age is not None and age <= LATE, age=age)


ASKED: dict[str, Callable[[], Part]] = {
    "database": _database,
    "broker": _broker,
    "migrations": _migrations,
    "beat": _beat,
}
