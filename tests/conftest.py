"""What all tests share. The rows of a test are made by tests.factories.rows."""

import pytest

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
