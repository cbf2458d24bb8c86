"""A reset of the demo while workers write about it: it waits for them, and then takes what they have written, too."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest
from django.db import connection, transaction
from django.utils import timezone

from incidents.models import Incident
from petra import demo
from remediation.enums import Step
from remediation.models import ActionRun, Finding, WorkOrder
from remediation.transitions import lock_incidents
from tenants.models import Tenant
from tenants.scoping import tenant_scope
from tests.factories import rows

WITHIN = 20  # seconds; the other transaction is opened at once

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql",
        reason="SQLite lets one write at a time; runs on PostgreSQL: python -m tests.on_services tests/integration",
    ),
]


@pytest.fixture
def run() -> Iterator[ActionRun]:
    """An action of an incident in a demo tenant, in the tenant's scope."""
    tenant = rows.tenant(rows.organization(), "Acme Corp", is_demo=True)
    rows.connection(tenant)
    incident = rows.incident(tenant)
    with tenant_scope([tenant.pk]):
        order = WorkOrder.objects.create(tenant=tenant, incident=incident, step=Step.CONTAIN, idempotency_key="k")
        now = timezone.now()
        lock = {"action_key": "lock_account", "target": {"user_id": "u"}, "target_key": "t"}
        yield ActionRun.objects.create(
            tenant=tenant, order=order, incident=incident, step=Step.CONTAIN, ordered_at=now, due_at=now, **lock
        )


def test_a_reset_takes_what_a_search_is_writing(run: ActionRun):
    device = {"action_key": "disable_device", "target": {"device_id": "d"}, "target_key": "t"}
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            lock_incidents([run.incident_id])
            Finding.objects.create(
                tenant=run.tenant, incident=run.incident, step=Step.PERSISTENCE, seen_at=timezone.now(), **device
            )
            reset = threads.submit(empty, run.tenant)
            wait_until_somebody_waits()
        reset.result(WITHIN)
    assert [model.objects.count() for model in (Incident, Finding, ActionRun)] == [0, 0, 0]


@pytest.mark.parametrize("table", ["incidents_incident", "remediation_actionrun"])
def test_no_row_about_what_goes_is_written_meanwhile(run: ActionRun, table: str):
    # What a foreign key asks for when its row is committed; a worker that begins an attempt locks nothing else.
    with closing(neighbour()) as other, other.cursor() as cursor, transaction.atomic():
        demo._lock(run.tenant)
        with pytest.raises(psycopg2.errors.LockNotAvailable):
            cursor.execute(f"SELECT 1 FROM {table} FOR KEY SHARE NOWAIT")


def empty(tenant: Tenant) -> None:
    """The part of the reset that removes, as a web process does it."""
    try:
        with tenant_scope([tenant.pk]), transaction.atomic():
            demo._empty(tenant)
    finally:
        connection.close()


def wait_until_somebody_waits() -> None:
    """Return when a connection to this database is held up by a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    deadline = time.monotonic() + WITHIN
    with closing(neighbour()) as onlooker, onlooker.cursor() as cursor:
        while True:
            cursor.execute(waiting)
            if cursor.fetchone() != (0,):
                return
            assert time.monotonic() < deadline, "the reset does not wait for the worker"
            time.sleep(0.01)


def neighbour() -> "psycopg2.extensions.connection":
    """Another connection to this database; each statement by itself, or it would see the same picture for ever."""
    known = connection.get_connection_params()
    other = psycopg2.connect(**{name: known[name] for name in ("host", "port", "user", "dbname")})
    other.autocommit = True
    return other
