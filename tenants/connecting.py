"""How a tenant gets its connection, and how a connection is tested.

Nothing that comes back with a browser is believed: an answer counts once Petra has got a token for that directory and
read the directory's own name with it. No transaction is open while Microsoft is asked.
"""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from graph import Cloud, GraphClient, Service
from graph import in_plain_words as plain
from tenants import audit
from tenants.access import tenants_visible_to
from tenants.audit import Act, Actor
from tenants.checklist import Item, Seen, checklist, see, still_open
from tenants.connections import ConnectionUnusable, calls_count, cloud_of, graph_client
from tenants.credentials import CredentialInvalid, SharedApplication, shared_application
from tenants.encryption import InvalidToken
from tenants.enums import CheckState, ConnectionApplication, Outcome
from tenants.models import Connection, ConsentRequest, Member, Organization, Tenant
from tenants.portfolio import tenant_connected
from tenants.scoping import unscoped

LINK_LIFE = timedelta(hours=1)
TIMEOUT, LONG_WAIT = (4.0, 12.0), 2.0  # seconds: somebody is looking at the page meanwhile
NOT_ACCEPTED = (
    "No administrator of this Microsoft tenant has accepted Petra's application for your organization, or Microsoft "
    "does not know of it yet. Nothing was stored. After a consent this takes up to some minutes: try again then."
)

# What of a connection was proven by signing in with it, and is stored then.
PROVEN = (
    "cloud", "microsoft_tenant_id", "client_id", "application", "client_secret", "certificate_private_key",
    "certificate_public", "certificate_thumbprint", "secret_expires_at",
)  # fmt: skip
UNKNOWN_APPLICATION = frozenset({"AADSTS700016", "AADSTS7000229"})

logger = structlog.get_logger(__name__)


class ConnectRefused(Exception):
    """The tenant is not connected like this; the message says why and what to do. Nothing was stored."""


@dataclass(frozen=True, slots=True)
class ConsentLink:
    """The address to open as an administrator of the tenant. It holds the state, which is kept nowhere else."""

    url: str
    expires_at: datetime
    service: Service


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at a connection came to. `failure` says why there was no token."""

    seen: Seen
    items: list[Item]
    failure: str


# --- The link ---------------------------------------------------------------------------------------------------------
def consent_begin(
    *, tenant: Tenant, application: ConnectionApplication, service: Service, redirect_uri: str, by: Member
) -> ConsentLink:
    """Make a link with which an administrator of the tenant admits an application, for one of the services.

    Raises:
        ConnectRefused: where there is no such application, or none that may be used for this tenant.
    """
    asking = _asking(tenant, application)
    state = secrets.token_urlsafe(32)
    asked = ConsentRequest(
        tenant=tenant,
        member=by,
        state_digest=_digest(state),
        cloud=asking.cloud,
        client_id=asking.client_id,
        application=asking.application,
        service=service,
        expires_at=timezone.now() + LINK_LIFE,
    )
    url = _cloud(asking).consent_url(
        {"client_id": asking.client_id, "redirect_uri": redirect_uri, "state": state},
        service=service,
        directory=asking.microsoft_tenant_id or "organizations",
    )
    with transaction.atomic():
        ConsentRequest.objects.filter(tenant=tenant, member=by, service=service).delete()  # the newest one counts
        asked.save()
        _tell(tenant, by, "ask_consent", f"Consent link made for {tenant.name} ({service})", Outcome.REQUESTED)
    return ConsentLink(url, asked.expires_at, service)


def _asking(tenant: Tenant, application: ConnectionApplication) -> Connection:
    """The connection as it stands, or as it would be with the shared application."""
    known = Connection.objects.select_related("tenant").filter(tenant=tenant).first()
    if application == ConnectionApplication.SHARED:
        return _shared_connection(tenant, _shared(), known.microsoft_tenant_id if known else "")
    if known is None or known.application != application:
        raise ConnectRefused(f"{tenant.name} has no application of its own yet. Enter it first.")
    return known


def _shared() -> SharedApplication:
    try:
        shared = shared_application()
    except CredentialInvalid as error:
        raise ConnectRefused(f"Petra's application cannot be used: {error}") from error
    if shared is None:
        raise ConnectRefused("This installation has no application for all tenants. Enter one of the tenant's own.")
    return shared


def _shared_connection(tenant: Tenant, shared: SharedApplication, microsoft_tenant_id: str) -> Connection:
    return Connection(
        tenant=tenant,
        cloud=shared.cloud,
        microsoft_tenant_id=microsoft_tenant_id,
        client_id=shared.client_id,
        application=ConnectionApplication.SHARED,
    )


def _cloud(connection: Connection) -> Cloud:
    try:
        return cloud_of(connection)
    except ConnectionUnusable as error:
        raise ConnectRefused(str(error)) from error


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


# --- The answer -------------------------------------------------------------------------------------------------------
def consent_get(*, state: str, by: Member) -> ConsentRequest:
    """The request that this state was made for. It is of use to the member who asked, once, and for an hour.

    Raises:
        ConnectRefused: for any other state; another member's is as unknown as one that was never made.
    """
    asked = ConsentRequest.objects.select_related("tenant").filter(state_digest=_digest(state), member=by).first()
    if asked is None or asked.tenant.organization_id != by.organization_id:
        raise ConnectRefused(
            "This answer belongs to no consent link of yours. Nothing was stored. "
            "Make a link on the tenant's Connection page, signed in as yourself, and open that one."
        )
    if asked.used_at is not None:
        raise ConnectRefused("This consent link was used already. Nothing was stored. Make a new one if it is needed.")
    if asked.expires_at <= timezone.now():
        raise ConnectRefused(
            "This consent link has run out: it is good for an hour. Make a new one; nothing was stored."
        )
    return asked


def consent_finish(*, tenant: Tenant, state: str, microsoft_tenant_id: str, by: Member) -> Connection:
    """Prove an administrator's answer with a token for that directory, and store the connection.

    Raises:
        ConnectRefused: for a state that is not good (see `consent_get`), and for a directory that cannot be had. The
            link can be used again then, until it runs out: Microsoft may not know of the consent yet.
    """
    asked = consent_get(state=state, by=by)
    if asked.tenant_id != tenant.pk:
        raise ConnectRefused("This answer belongs to another tenant. Nothing was stored.")
    open_ones = ConsentRequest.objects.filter(pk=asked.pk, used_at=None)
    if not open_ones.update(used_at=timezone.now()):
        raise ConnectRefused("This consent link is being used at this moment. Nothing was stored.")
    try:
        connection = _asking(tenant, ConnectionApplication(asked.application))
        if connection.microsoft_tenant_id and not _is_same(connection.microsoft_tenant_id, microsoft_tenant_id):
            raise ConnectRefused(
                f"An administrator of another Microsoft tenant has answered than {tenant.name}'s. Nothing was stored."
            )
        connection.microsoft_tenant_id = microsoft_tenant_id
        return connection_prove(connection=connection, by=by)
    except ConnectRefused:
        ConsentRequest.objects.filter(pk=asked.pk).update(used_at=None)
        raise


# --- The proof --------------------------------------------------------------------------------------------------------
def connection_prove(*, connection: Connection, by: Member) -> Connection:
    """Sign in with a connection that is not stored yet, look at the directory, and store it with what was found.

    Raises:
        ConnectRefused: when there is no token, another directory answers, or the directory is connected already.
    """
    tenant, microsoft_id = connection.tenant, _directory_id(connection.microsoft_tenant_id)
    known = Connection.objects.filter(tenant=tenant).values_list("microsoft_tenant_id", flat=True).first()
    if known and not _is_same(known, microsoft_id):
        raise ConnectRefused(
            f"{tenant.name} is connected to another Microsoft tenant, and its incidents are of that one. Nothing was "
            "stored. Add a tenant of its own for this one."
        )
    connection.microsoft_tenant_id = microsoft_id
    _check_free(connection, by)
    looked = _look(connection)
    _check_answer(connection, looked, microsoft_id)
    with transaction.atomic():
        Organization.objects.select_for_update().get(pk=tenant.organization_id)  # two answers, one after the other
        _check_free(connection, by)
        stored = _store(connection, looked)
        tenant_connected(tenant)
        name = looked.seen.organization.get("displayName") or microsoft_id
        words = f"{tenant.name} connected to the Microsoft tenant {name}"
        _tell(tenant, by, "connect_tenant", words, Outcome.DONE, after=_shown(stored))
    logger.info("tenant_connected", tenant_id=tenant.pk, application=stored.application, cloud=stored.cloud)
    return stored


def _directory_id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ConnectRefused("That is no id of a Microsoft tenant. Nothing was stored.") from None


def _is_same(one: str, other: str) -> bool:
    return one.strip().lower() == other.strip().lower()


def _check_free(connection: Connection, by: Member) -> None:
    """Refuse a directory that another tenant holds.

    With the shared application any organization of this installation could get a token for a directory that accepted
    it for one of them. So a directory belongs to the organization that connected it; to others it is as if no consent
    had been given.
    """
    with unscoped(reason="a directory may be connected once; those of other tenants are not shown"):
        others = Connection.objects.exclude(tenant_id=connection.tenant_id).select_related("tenant")
        others = others.defer("client_secret", "certificate_private_key")
        held = list(others.filter(microsoft_tenant_id__iexact=connection.microsoft_tenant_id))
    for other in held:
        if other.tenant.organization_id == by.organization_id:
            raise ConnectRefused(f"This Microsoft tenant is connected already{_as_whom(other.tenant, by)}.")
    if connection.application == ConnectionApplication.SHARED and any(
        other.application == ConnectionApplication.SHARED for other in held
    ):
        logger.warning("directory_of_another_organization", tenant_id=connection.tenant_id)
        raise ConnectRefused(NOT_ACCEPTED)


def _as_whom(tenant: Tenant, by: Member) -> str:
    is_visible = tenant.pk in tenants_visible_to(by).values_list("pk", flat=True)
    return f", as {tenant.name}. Nothing was stored" if is_visible else ". Nothing was stored"


def _check_answer(connection: Connection, looked: Looked, microsoft_id: str) -> None:
    error = looked.seen.error
    if error and error.code in UNKNOWN_APPLICATION and connection.application == ConnectionApplication.SHARED:
        raise ConnectRefused(NOT_ACCEPTED)
    if looked.failure:
        raise ConnectRefused(f"{looked.failure} Nothing was stored.")
    found = str(looked.seen.organization.get("id") or "")
    if not found:
        raise ConnectRefused(
            "Petra got a token, but could not read the directory's own name with it: Directory.Read.All is missing. "
            "Nothing was stored."
        )
    if found.lower() != microsoft_id.lower():
        raise ConnectRefused("Another directory answered than the one that was named. Nothing was stored.")


def _store(connection: Connection, looked: Looked) -> Connection:
    now, found = timezone.now(), looked.seen.organization
    values: dict[str, Any] = {name: getattr(connection, name) for name in PROVEN}
    values |= {
        "domains": [str(domain["name"]) for domain in found.get("verifiedDomains") or []],
        "checklist": [item.as_row() for item in looked.items],
        "checked_at": now,
        "last_contact_at": now,
        "last_error": "",
    }
    stored, _ = Connection.objects.update_or_create(tenant=connection.tenant, defaults=values)
    return stored


# --- The test ---------------------------------------------------------------------------------------------------------
def connection_test(*, tenant: Tenant, by: Member) -> Looked:
    """Look again at what the connection needs, and keep what was found.

    Raises:
        ConnectRefused: when the tenant is not connected.
    """
    try:
        connection = Connection.objects.select_related("tenant").get(tenant=tenant)
    except Connection.DoesNotExist:
        raise ConnectRefused(f"{tenant.name} is not connected yet. There is nothing to test.") from None
    except InvalidToken:
        raise ConnectRefused(
            f"The secret of {tenant.name} cannot be decrypted with the keys of this installation. Enter it anew."
        ) from None
    looked = _look(connection)
    missing = len(still_open(looked.items, CheckState.MISSING))
    with transaction.atomic():
        _keep(tenant, looked)
        words = f"Connection of {tenant.name} tested: {missing or 'nothing'} missing"
        _tell(tenant, by, "test_connection", words, Outcome.FAILED if looked.failure else Outcome.DONE)
    return looked


def _keep(tenant: Tenant, looked: Looked) -> None:
    now = timezone.now()
    values: dict[str, Any] = {"checklist": [item.as_row() for item in looked.items], "checked_at": now}
    values |= {"last_error": looked.failure} if looked.failure else {"last_error": "", "last_contact_at": now}
    Connection.objects.filter(tenant=tenant).update(**values)


def _look(connection: Connection) -> Looked:
    """Ask Microsoft. No transaction is open.

    Raises:
        ConnectRefused: when the connection cannot be used as it stands.
    """
    try:
        client = _hurried(graph_client(connection, always_asks=True))
    except ConnectionUnusable as error:
        raise ConnectRefused(str(error)) from error
    try:
        seen = see(client)
    finally:
        calls_count(client)
    return Looked(seen, checklist(seen, client.cloud), plain(seen.error) if seen.error else "")


def _hurried(client: GraphClient) -> GraphClient:
    return replace(client, timeout=TIMEOUT, long_wait=LONG_WAIT)


def _shown(connection: Connection) -> dict[str, str]:
    """What the audit trail says of a connection; never a secret."""
    return {
        "cloud": connection.cloud,
        "microsoft_tenant_id": connection.microsoft_tenant_id,
        "client_id": connection.client_id,
        "application": connection.application,
    }


def _tell(tenant: Tenant, by: Member, verb: str, summary: str, outcome: Outcome, after: Any = None) -> None:
    act = Act(verb=verb, summary=summary, object_type="connection", object_id=tenant.pk, outcome=outcome, after=after)
    audit.record([act], tenant=tenant, by=Actor.of(by))
