"""`petra.database.sqlite3`, to be named as an ENGINE."""

from django.db.backends.sqlite3 import base

from tenants.before_commit import LastActsMixin


class DatabaseWrapper(LastActsMixin, base.DatabaseWrapper):
    """Django's own, with a hook before the commit."""
