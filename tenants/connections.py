"""From a stored connection to a client that speaks to that tenant's Microsoft cloud, and no other."""

from collections.abc import Callable

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from graph import CLOUDS, AppCredentials, Certificate, Cloud, GraphClient, SecretRef, simulator_cloud
from tenants.circuits import TenantCircuit
from tenants.credentials import Credential, CredentialInvalid, shared_application
from tenants.enums import CloudName, ConnectionApplication
from tenants.models import CallCount, Connection, Tenant


class ConnectionUnusable(Exception):
    """The connection cannot be used as it stands; the message says why, for an admin."""


def cloud_of(connection: Connection) -> Cloud:
    """The cloud that a connection chose.

    Raises:
        ConnectionUnusable: for the demo cloud, when the tenant is no demo tenant or none is running.
    """
    if connection.cloud != CloudName.SIMULATOR:
        return CLOUDS[connection.cloud]
    if not connection.tenant.is_demo:
        raise ConnectionUnusable("Only demo tenants may use the demo cloud.")
    if not settings.SIMULATOR_URL:
        raise ConnectionUnusable("The demo cloud is not running here: PETRA_SIMULATOR_URL is not set.")
    return simulator_cloud(settings.SIMULATOR_URL)


def credential_of(connection: Connection) -> Credential:
    """What Petra signs in with: the tenant's own, or that of the installation's one application.

    Raises:
        ConnectionUnusable: when the environment names no such application any more, or another one.
    """
    if connection.application == ConnectionApplication.OWN:
        return _own_credential(connection)
    try:
        shared = shared_application()
    except CredentialInvalid as error:
        raise ConnectionUnusable(str(error)) from error
    if shared is None or (shared.client_id, shared.cloud) != (connection.client_id, connection.cloud):
        raise ConnectionUnusable(
            "This tenant accepted an application that this installation of Petra does not have any more. "
            "Ask for consent again, on the Connection page."
        )
    return shared.credential


def _own_credential(connection: Connection) -> Credential:
    certificate = None
    if connection.certificate_private_key:
        certificate = Certificate(
            private_key=connection.certificate_private_key,
            thumbprint=connection.certificate_thumbprint,
            public_certificate=connection.certificate_public,
        )
    return Credential(connection.client_secret or "", certificate, connection.secret_expires_at)


def graph_client(
    connection: Connection,
    *,
    resolve_secret: Callable[[SecretRef], str] | None = None,
    always_asks: bool = False,
    max_in_flight: int = 16,
) -> GraphClient:
    """A client for the tenant of `connection`, for one thread. Tokens are shared by all clients of the process.

    `always_asks`: services that have not been answering are asked all the same. `max_in_flight`: batches under way.

    Raises:
        ConnectionUnusable: see `cloud_of` and `credential_of`.
    """
    credential = credential_of(connection)
    return GraphClient(
        credentials=AppCredentials(
            tenant_id=connection.microsoft_tenant_id,
            client_id=connection.client_id,
            secret=credential.secret or None,
            certificate=credential.certificate,
        ),
        cloud=cloud_of(connection),
        resolve_secret=resolve_secret,
        circuit=TenantCircuit(connection.tenant, always_asks=always_asks),
        max_in_flight=max_in_flight,
    )


def contact_made(tenant: Tenant) -> None:
    """Note that Microsoft answered for this tenant just now."""
    Connection.objects.filter(tenant=tenant).update(last_contact_at=timezone.now(), last_error="")


def calls_count(client: GraphClient) -> None:
    """Add what this client's requests came to so far to the counts of the installation, and begin anew."""
    counted = dict(client.tally)
    client.tally.clear()
    for (service, result), count in counted.items():
        known = CallCount.objects.filter(service=service, result=result)
        if not known.update(count=F("count") + count):
            CallCount.objects.get_or_create(service=service, result=result)
            known.update(count=F("count") + count)
