"""Accounts as Microsoft tells of them, or as the imported logs name them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from graph import GraphError, NotFound, in_plain_words, users
from incidents.evidence.fields import moment, text
from incidents.models import Account, LogRecord
from tenants.connections import ConnectionUnusable, calls_count, contact_made, graph_client
from tenants.encryption import InvalidToken
from tenants.enums import TenantState
from tenants.models import Connection, Tenant

_NOTHING = "Nothing was opened."


class AccountUnknown(Exception):
    """There is no such account, or it could not be read; the message says why."""


def account_find(*, tenant: Tenant, address: str) -> Account:
    """The account of this address, read from Microsoft where the tenant is connected, made where its logs name it.

    No transaction is open: Microsoft may be asked.

    Raises:
        AccountUnknown: in plain words.
    """
    if tenant.state == TenantState.UNCONNECTED:
        return _from_logs(tenant, address.strip().lower())
    return _from_microsoft(tenant, address.strip())


def _from_logs(tenant: Tenant, address: str) -> Account:
    known = Account.objects.filter(tenant=tenant, user_principal_name__iexact=address).first()
    if known:
        return known
    if not LogRecord.objects.filter(tenant=tenant, user_principal_name=address).exists():
        raise AccountUnknown(
            f"No imported log record of {tenant.name} is of “{address}”, and the tenant is not connected. {_NOTHING}"
        )
    named = {"display_name": _name_of(address)}
    account, _ = Account.objects.get_or_create(tenant=tenant, object_id="", user_principal_name=address, defaults=named)
    return account


def _name_of(address: str) -> str:
    """A name for the screen from an address alone."""
    return address.partition("@")[0][:256]


def _from_microsoft(tenant: Tenant, address: str) -> Account:
    if tenant.state == TenantState.PAUSED:
        raise AccountUnknown(f"{tenant.name} is paused, so the account cannot be read. {_NOTHING}")
    connection = Connection.objects.select_related("tenant").filter(tenant=tenant).first()
    if connection is None:
        raise AccountUnknown(f"No Microsoft 365 connection is stored for {tenant.name}. {_NOTHING}")
    try:
        read = _read(connection, address)
    except NotFound as error:
        raise AccountUnknown(f"Nobody at {tenant.name} has the address “{address}”. {_NOTHING}") from error
    except GraphError as error:
        raise AccountUnknown(f"The account could not be read. {in_plain_words(error)} {_NOTHING}") from error
    except InvalidToken as error:
        words = "The stored secret of the connection cannot be decrypted with this installation's keys."
        raise AccountUnknown(f"{words} {_NOTHING}") from error
    except ConnectionUnusable as error:
        raise AccountUnknown(f"{error} {_NOTHING}") from error
    contact_made(tenant)
    return account_keep(tenant=tenant, read=read)


def _read(connection: Connection, address: str) -> dict[str, Any]:
    """The account with the roles it holds; without them where Microsoft does not tell them."""
    client = graph_client(connection)
    try:
        profile, roles = client.send_all([users.get(address, select=users.PROFILE), users.directory_roles(address)])
    finally:
        calls_count(client)
    told: dict[str, Any] = dict(profile.require())
    return told | ({"roles": [text(role.get("displayName")) for role in roles.items()]} if roles.ok else {})


def account_keep(*, tenant: Tenant, read: Mapping[str, Any]) -> Account:
    """Take over what Graph says of a user, as its account here. One that only the logs knew becomes this one."""
    object_id, values = str(read["id"]), account_values(read)
    if "roles" in read:  # without its roles it is not known, and nothing acts on it by itself
        values["read_at"] = timezone.now()
    accounts = Account.objects.filter(tenant=tenant)
    known = (
        accounts.filter(object_id=object_id).first()
        or accounts.filter(object_id="", user_principal_name__iexact=values["user_principal_name"]).first()
    )
    try:
        with transaction.atomic():
            account = known or Account(tenant=tenant)
            account.object_id = object_id
            for name, value in values.items():
                setattr(account, name, value)
            account.save()
    except IntegrityError:  # somebody else read it at the same moment
        return accounts.get(object_id=object_id)
    return account


def account_values(read: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of an account from what Graph says of a user; roles only where they were read."""
    values: dict[str, str | bool | datetime | None] = {
        "user_principal_name": read["userPrincipalName"],
        "display_name": read.get("displayName") or "",
        "mail": read.get("mail") or "",
        "job_title": read.get("jobTitle") or "",
        "department": read.get("department") or "",
        "account_enabled": read.get("accountEnabled"),
        "on_premises_sync_enabled": read.get("onPremisesSyncEnabled"),
        "on_premises_domain_name": read.get("onPremisesDomainName") or "",
        "on_premises_sam_account_name": read.get("onPremisesSamAccountName") or "",
        "is_guest": read.get("userType") == "Guest",
        "last_password_change_at": moment(read.get("lastPasswordChangeDateTime")),
        "sign_in_sessions_valid_from": moment(read.get("signInSessionsValidFromDateTime")),
    }
    return values | ({"roles": read["roles"]} if "roles" in read else {})
