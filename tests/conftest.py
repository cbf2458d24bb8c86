"""What all tests share. The rows of a test are made by tests.factories.rows."""

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from petra.celery import app

pytest_plugins = [
    "tests.fixtures.simulator",
    "tests.fixtures.services",
    "tests.fixtures.stack",
    "tests.fixtures.console",
    "tests.fixtures.audit_trail",
]


@pytest.fixture(scope="session", autouse=True)
def known_tasks() -> None:
    """A task rung by name runs at once only if this process knows it; workers load them all, web processes do not."""
    app.loader.import_default_modules()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """PostgreSQL drops no database that somebody is connected to: what a thread of a test has left open is ended first."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            cursor.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
