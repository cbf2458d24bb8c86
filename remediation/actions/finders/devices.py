"""Devices that the account registered: each holds a token of its own that outlives a new password."""

from graph import Request, devices
from graph.odata import path
from remediation.actions.base import Stages, moment
from remediation.actions.finders.reading import Row, found, read_all, yes_no
from remediation.actions.finding import Candidate, FindScope, Found, details
from remediation.actions.signs import DEVICE_SIGNS, Registered, weigh, written

SOURCE = "Device registrations"
_JOINED = {
    "Workplace": "Registered by the person (Workplace)",
    "AzureAd": "Joined to the tenant (AzureAd)",
    "ServerAd": "Joined on-premises (ServerAd)",
}
_SYNCED = "Synced from on-premises, which enables it again: disable it there too"


def find_devices(scope: FindScope) -> Stages[Found]:
    """Read the devices registered by the person and those owned by them; most are both."""
    looks = yield from read_all([devices.registered_devices(scope.user_id), owned_devices(scope.user_id)])
    rows = {str(row["id"]): row for look in looks for row in look.rows if _is_device(row)}
    result = found(SOURCE, "device", looks, [_candidate(row, scope) for row in rows.values()])
    result.rows = len(rows)
    return result


def owned_devices(user_id: str) -> Request:
    """GET /users/{id}/ownedDevices. Permission: User.Read.All.

    https://learn.microsoft.com/graph/api/user-list-owneddevices
    """
    return Request("GET", path("/users/{}/ownedDevices", user_id))


def _is_device(row: Row) -> bool:
    return str(row.get("@odata.type", "#microsoft.graph.device")).endswith(".device")


def _candidate(row: Row, scope: FindScope) -> Candidate:
    name = str(row.get("displayName") or row.get("deviceId") or row["id"])
    registered_at = moment(row.get("registrationDateTime"))
    names = (str(row.get("displayName") or ""), str(row["id"]), str(row.get("deviceId") or ""))
    grounds = weigh(Registered(names=names, registered_at=registered_at), scope, DEVICE_SIGNS)
    is_disabled = row.get("accountEnabled") is False
    return Candidate(
        kind="device",
        action_key="disable_device",
        target={"device_id": str(row["id"])},
        title=name,
        facts=_facts(row),
        reasons=("Disabled already", *grounds.reasons) if is_disabled else grounds.reasons,
        is_suspicious=grounds.are_enough and not is_disabled,
        before={"exists": True, "accountEnabled": row.get("accountEnabled")},
    )


def _facts(row: Row) -> tuple[tuple[str, str], ...]:
    registered_at = moment(row.get("registrationDateTime"))
    seen_at = moment(row.get("approximateLastSignInDateTime"))
    system = f"{row.get('operatingSystem') or ''} {row.get('operatingSystemVersion') or ''}".strip()
    return details(
        System=system,
        Model=f"{row.get('manufacturer') or ''} {row.get('model') or ''}".strip(),
        Join=_JOINED.get(str(row.get("trustType")), str(row.get("trustType") or "")),
        Registered=written(registered_at) if registered_at else "Not known",
        Last_sign_in=written(seen_at) if seen_at else "",
        Managed=yes_no(row.get("isManaged")),
        Enabled=yes_no(row.get("accountEnabled")),
        Note=_SYNCED if row.get("onPremisesSyncEnabled") else "",
    )
