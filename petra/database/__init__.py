"""Django's databases, which besides do what waits for the end of a transaction. See tenants/before_commit.py."""
