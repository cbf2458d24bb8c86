"""`petra.database.postgresql`, to be named as an ENGINE."""

import json
from typing import Any

import psycopg2
from django.conf import settings
from django.db.backends.postgresql import base
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from petra.database.kept import KeptConnections
from tenants.before_commit import LastActsMixin

_kept = KeptConnections(seconds=settings.DATABASE_KEEPS_IDLE)


class DatabaseWrapper(LastActsMixin, base.DatabaseWrapper):
    """Django's own, with a hook before the commit, and with connections that are kept for the next request."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        return _kept.take(_key(conn_params), cleaned=_cleaned) or super().get_new_connection(conn_params)

    def _close(self) -> None:
        connection = self.connection
        if connection is None or self.errors_occurred or not _is_idle(connection):
            super()._close()  # type: ignore[misc]  # Django's own; its stubs leave it out
        elif not _kept.give(_key(self.get_connection_params()), connection):
            super()._close()  # type: ignore[misc]


def _key(conn_params: dict[str, Any]) -> str:
    return json.dumps(conn_params, sort_keys=True, default=str)


def _is_idle(connection: Any) -> bool:
    return not connection.closed and connection.info.transaction_status == TRANSACTION_STATUS_IDLE


def _cleaned(connection: Any) -> bool:
    """Whether the server has forgotten all that was said on it: settings, locks, temporary tables."""
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("DISCARD ALL")
    except psycopg2.Error:  # the server was restarted, or has hung up
        return False
    return True
