"""Tenants, as the pages of this app show them."""

from tenants.models import Connection, ProtectedAccount


def connections_by_tenant() -> dict[int, Connection]:
    return {connection.tenant_id: connection for connection in Connection.objects.all()}


def protected_accounts() -> list[ProtectedAccount]:
    return list(ProtectedAccount.objects.order_by("kind", "user_principal_name"))
