"""The desk of the remediation tests, for what a tenant's circuits do to the engine."""

from tests.integration.remediation.conftest import desk

__all__ = ["desk"]
