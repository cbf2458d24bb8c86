"""A press locks its own incident and nothing else."""

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest
from django.db import connection, transaction

from remediation.selectors import incident_lock
from tests.integration.remediation.desk import Desk

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql",
        reason="SQLite has one lock for all; runs on PostgreSQL: python -m tests.on_services tests/integration",
    ),
]


@pytest.fixture
def neighbour() -> Iterator["psycopg2.extensions.cursor"]:
    """Somebody else's connection, which waits for no lock."""
    known = connection.get_connection_params()
    address = {name: known[name] for name in ("host", "port", "user", "dbname")}
    with closing(psycopg2.connect(**address)) as other, other, other.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
        yield cursor


def test_rows_about_the_tenant_can_be_written_meanwhile(desk: Desk, neighbour: "psycopg2.extensions.cursor"):
    # What a foreign key to the tenant asks for, whenever a worker writes a row about it.
    with transaction.atomic():
        incident_lock(desk.incident.pk)
        neighbour.execute("SELECT 1 FROM tenants_tenant WHERE id = %s FOR KEY SHARE", [desk.tenant.pk])
        neighbour.execute("SELECT 1 FROM incidents_account FOR KEY SHARE")


def test_a_second_press_waits(desk: Desk, neighbour: "psycopg2.extensions.cursor"):
    with transaction.atomic():
        incident_lock(desk.incident.pk)
        with pytest.raises(psycopg2.errors.LockNotAvailable):
            neighbour.execute("SELECT 1 FROM incidents_incident WHERE id = %s FOR UPDATE", [desk.incident.pk])
