"""What the Connection page and the list of tenants show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from tenants.access import can_manage_tenants
from tenants.checklist import EXCHANGE, GRAPH, LOGS, ROLES, SIGN_IN, Item, credential_item, still_open
from tenants.connecting import ConsentLink
from tenants.connection_forms import MarkForm, NameForm, OwnApplicationForm, PauseForm, RemoveForm
from tenants.connections import ConnectionUnusable, credential_of
from tenants.credentials import CredentialInvalid, SharedApplication, shared_application
from tenants.enums import CheckState, CloudName, ConnectionApplication, Role, TenantState
from tenants.extensions import active_incidents
from tenants.models import Connection, Member, Tenant
from tenants.selectors import connection_shown, connections_shown

TITLES = {
    SIGN_IN: "Sign-in",
    GRAPH: "Microsoft Graph permissions",
    EXCHANGE: "Exchange consent",
    ROLES: "Entra roles of Petra's application",
    LOGS: "Logs and licence",
}
OLD = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class CheckGroup:
    """Items that belong together; those that are in order are folded away."""

    key: str
    title: str
    open_items: Sequence[Item]
    ok_items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class CheckSummary:
    """How many items are missing, missing though optional, and not looked at; `words` says so in one line."""

    missing: int
    optional: int
    unknown: int
    ending: int

    @property
    def kind(self) -> str:
        """Colour of the badge."""
        return "amber" if self.missing or self.unknown or self.ending else "green"

    @property
    def words(self) -> str:
        """One line, the gravest first."""
        parts = [
            f"{self.missing} missing" if self.missing else "",
            f"{self.ending} ends soon" if self.ending else "",
            f"{self.unknown} could not be checked" if self.unknown else "",
            f"{self.optional} optional missing" if self.optional else "",
        ]
        return ", ".join(part for part in parts if part) or "All there"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionPage:
    """A tenant's connection. `connection` holds no secret; None where there is none yet."""

    tenant: Tenant
    connection: Connection | None
    groups: Sequence[CheckGroup]
    summary: CheckSummary
    is_old: bool
    credential: str
    expiry: Item | None
    can_manage: bool
    can_mark: bool
    shared: SharedApplication | None
    shared_problem: str
    active_incidents: int
    forms: dict[str, forms.Form]
    link: ConsentLink | None = None
    refusal: str = ""

    @property
    def is_shared(self) -> bool:
        """Whether it signs in with the installation's one application."""
        return self.connection is not None and self.connection.application == ConnectionApplication.SHARED

    @property
    def main_button(self) -> str:
        """CSS class of the button that makes a consent link: the main one while there is no connection and no link."""
        return "" if self.connection or self.link else "btn-primary"


def connection_page(
    *, tenant: Tenant, tenants: list[Tenant], member: Member, given: dict[str, forms.Form] | None = None, **more: Any
) -> ConnectionPage:
    """The page of a tenant whose scope is open; `given` are forms in error, by name."""
    connection, now = connection_shown(tenant), timezone.now()
    shared, problem = _shared_for(tenant)
    expiry = _expiry(connection, now)
    items = _items(connection, expiry)
    return ConnectionPage(
        tenant=tenant,
        connection=connection,
        groups=_groups(items),
        summary=summarize(items),
        is_old=bool(connection and connection.checked_at and connection.checked_at < now - OLD),
        credential=credential_words(connection),
        expiry=expiry,
        can_manage=can_manage_tenants(member),
        can_mark=can_manage_tenants(member) and member.role == Role.ADMIN,
        shared=shared,
        shared_problem=problem,
        active_incidents=active_incidents().get(tenant.pk, 0),
        forms=_forms(tenant, tenants, connection) | (given or {}),
        **more,
    )


def _forms(tenant: Tenant, tenants: list[Tenant], connection: Connection | None) -> dict[str, forms.Form]:
    known = {"cloud": connection.cloud, "microsoft_tenant_id": connection.microsoft_tenant_id} if connection else {}
    own = {"client_id": connection.client_id} if connection and not _is_shared(connection) else {}
    return {
        "own": OwnApplicationForm(tenant=tenant, initial=known | own, auto_id="own_%s"),
        "name": NameForm(tenants=tenants, itself=tenant, initial={"name": tenant.name}, auto_id="rename_%s"),
        "mark": MarkForm(initial={"is_sensitive": tenant.is_sensitive}, auto_id="mark_%s"),
        "pause": PauseForm(auto_id="pause_%s"),
        "remove": RemoveForm(auto_id="remove_%s"),
    }


def _is_shared(connection: Connection) -> bool:
    return connection.application == ConnectionApplication.SHARED


def _shared_for(tenant: Tenant) -> tuple[SharedApplication | None, str]:
    """The installation's application, if this tenant may use it, and what is wrong with it."""
    try:
        shared = shared_application()
    except CredentialInvalid as error:
        return None, str(error)
    if shared is None or tenant.is_demo != (shared.cloud == CloudName.SIMULATOR):
        return None, ""
    return shared, ""


def _expiry(connection: Connection | None, now: datetime) -> Item | None:
    if connection is None:
        return None
    ends, is_certificate = connection.secret_expires_at, bool(connection.certificate_thumbprint)
    if _is_shared(connection):
        try:
            credential = credential_of(connection)
        except ConnectionUnusable:
            return None  # the test says so
        ends, is_certificate = credential.expires_at, credential.certificate is not None
    return credential_item(ends, is_certificate=is_certificate, is_shared=_is_shared(connection), now=now)


def _items(connection: Connection | None, expiry: Item | None) -> list[Item]:
    if connection is None or not connection.checklist:
        return [expiry] if expiry and expiry.state in (CheckState.EXPIRING, CheckState.MISSING) else []
    first, *rest = (Item.from_row(row) for row in connection.checklist)
    return [first, *([expiry] if expiry else []), *rest]


def _groups(items: Sequence[Item]) -> list[CheckGroup]:
    groups = []
    for key, title in TITLES.items():
        ours = [item for item in items if item.group == key]
        if ours:
            open_ones = [item for item in ours if item.is_open]
            open_ones.sort(key=lambda item: item.is_optional)
            groups.append(CheckGroup(key, title, open_ones, [item for item in ours if not item.is_open]))
    return groups


def summarize(items: Sequence[Item]) -> CheckSummary:
    """Count what is open. That the end of a secret is not known is told, and not counted."""
    counted = [item for item in items if item.key != "credential" or item.state != CheckState.UNKNOWN]
    return CheckSummary(
        missing=len(still_open(counted, CheckState.MISSING)),
        optional=len(still_open(counted, CheckState.MISSING, optional=True)),
        unknown=sum(item.state == CheckState.UNKNOWN for item in counted),
        ending=len(still_open(counted, CheckState.EXPIRING)),
    )


def checks_of(connection: Connection | None) -> CheckSummary | None:
    """How a connection stood when it was last tested, with the secret's end as of now; None where nothing is known."""
    items = _items(connection, _expiry(connection, timezone.now()))
    return summarize(items) if items else None


def credential_words(connection: Connection | None) -> str:
    """With what Petra signs in, in words; never the secret."""
    if connection is None:
        return ""
    if _is_shared(connection):
        return "Petra's application for all tenants"
    if connection.certificate_thumbprint:
        return f"Certificate {connection.certificate_thumbprint}"
    return "Client secret"


# --- The list of tenants ----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class TenantEntry:
    """A tenant in the list of Settings."""

    tenant: Tenant
    connection: Connection | None
    checks: CheckSummary | None
    badge_kind: str


def tenant_entries(tenants: Sequence[Tenant]) -> list[TenantEntry]:
    """All tenants of the open scope with their connections, by name."""
    known = connections_shown()
    kinds = {TenantState.CONNECTED: "green", TenantState.PAUSED: "amber", TenantState.UNCONNECTED: ""}
    return [
        TenantEntry(tenant, one := known.get(tenant.pk), checks_of(one), kinds[TenantState(tenant.state)])
        for tenant in tenants
    ]
