"""Sign-in logs in the shape of the beta endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from graph.simulator.world.ids import dice, object_id, store_id
from graph.simulator.world.moments import stamp
from graph.simulator.world.origins import (
    EXCHANGE_ID,
    OFFICE_HOME,
    TEAMS,
    Client,
    Place,
    home,
    laptop_client,
    office,
    phone_client,
)
from graph.simulator.world.tenant import TenantWorld

WRONG_PASSWORD = (50126, "Error validating credentials due to invalid username or password.")
_MULTIPLE, _SINGLE = "multiFactorAuthentication", "singleFactorAuthentication"
_NO_ERROR = (0, "Other.")
_RESOURCES = {TEAMS[0]: "Microsoft Teams Services", OFFICE_HOME[0]: "OfficeHome"}


@dataclass(frozen=True, slots=True)
class SignIn:
    """One sign-in, before it becomes a row."""

    person: str
    at: datetime
    place: Place
    client: Client
    session: str
    is_interactive: bool = False
    came_with: str = "refreshToken"  # incomingTokenType
    error: tuple[int, str] = _NO_ERROR
    with_second_factor: bool = True
    risk: str = "none"
    protocol: str = "oAuth2"


def add_sign_in(world: TenantWorld, sign_in: SignIn) -> dict[str, Any]:
    """Append the row. Returns it, for what has to name its token."""
    user, client = world.users[sign_in.person], sign_in.client
    mark = (world.company.key, "sign-in", sign_in.person, stamp(sign_in.at), client.app_id, sign_in.place.ip)
    code, reason = sign_in.error
    row = {
        "id": object_id(*mark),
        "createdDateTime": stamp(sign_in.at),
        "userDisplayName": user["displayName"],
        "userPrincipalName": user["userPrincipalName"],
        "userId": user["id"],
        "appId": client.app_id,
        "appDisplayName": client.app_name,
        **_resource(world, client),
        "ipAddress": sign_in.place.ip,
        "autonomousSystemNumber": sign_in.place.network,
        "location": sign_in.place.as_location(),
        "clientAppUsed": client.used,
        "userAgent": client.user_agent,
        "deviceDetail": client.as_device(),
        "correlationId": object_id(*mark, "correlation"),
        "isInteractive": sign_in.is_interactive,
        "signInEventTypes": ["interactiveUser" if sign_in.is_interactive else "nonInteractiveUser"],
        "status": {"errorCode": code, "failureReason": reason, "additionalDetails": _detail(sign_in)},
        "conditionalAccessStatus": _policy_result(sign_in),
        "appliedConditionalAccessPolicies": [],
        **_risk(sign_in),
        "authenticationProtocol": sign_in.protocol,
        "authenticationRequirement": _MULTIPLE if sign_in.with_second_factor else _SINGLE,
        "authenticationDetails": _steps(sign_in),
        "incomingTokenType": sign_in.came_with,
        "sessionId": sign_in.session,
        "uniqueTokenIdentifier": token_of(world, sign_in),
        "originalTransferMethod": "none",
    }
    world.add("signIns", [row])
    return row


def token_of(world: TenantWorld, sign_in: SignIn) -> str:
    """The identifier of the token that a sign-in gave out; the audit log names it too."""
    return store_id("", world.company.key, sign_in.person, stamp(sign_in.at), sign_in.session, length=24).rstrip("=")


def _resource(world: TenantWorld, client: Client) -> dict[str, Any]:
    """What the token is for: some clients are their own resource, the others read mail."""
    return {
        "resourceId": EXCHANGE_ID if client.app_id not in _RESOURCES else client.app_id,
        "resourceDisplayName": _RESOURCES.get(client.app_id, "Office 365 Exchange Online"),
        "resourceTenantId": world.tenant_id,
        "homeTenantId": world.tenant_id,
    }


def _policy_result(sign_in: SignIn) -> str:
    """Conditional Access does not see old protocols."""
    if sign_in.client.used == "Authenticated SMTP":
        return "notApplied"
    return "failure" if sign_in.error[0] else "success"


def _risk(sign_in: SignIn) -> dict[str, Any]:
    is_risky = sign_in.risk != "none"
    event = "passwordSpray" if sign_in.protocol == "ropc" else "anomalousToken"
    return {
        "riskLevelAggregated": sign_in.risk,
        "riskLevelDuringSignIn": sign_in.risk,
        "riskState": "atRisk" if is_risky else "none",
        "riskDetail": "none",
        "riskEventTypes": [],
        "riskEventTypes_v2": [event] if is_risky else [],
    }


def _detail(sign_in: SignIn) -> str | None:
    if sign_in.error[0] or not sign_in.with_second_factor:
        return None
    return "MFA completed in Azure AD" if sign_in.is_interactive else "MFA requirement satisfied by claim in the token"


def _steps(sign_in: SignIn) -> list[dict[str, Any]]:
    if not sign_in.is_interactive:
        return []
    first = {
        "authenticationStepDateTime": stamp(sign_in.at - timedelta(seconds=21)),
        "authenticationMethod": "Password",
        "authenticationMethodDetail": "Password in the cloud",
        "succeeded": sign_in.error[0] == 0,
        "authenticationStepResultDetail": sign_in.error[1] if sign_in.error[0] else "Correct password",
        "authenticationStepRequirement": "Primary authentication",
    }
    if not sign_in.with_second_factor or sign_in.error[0]:
        return [first]
    second = {
        **first,
        "authenticationStepDateTime": stamp(sign_in.at - timedelta(seconds=4)),
        "authenticationMethod": "Mobile app notification",
        "authenticationMethodDetail": None,
        "authenticationStepResultDetail": "MFA successfully completed",
        "authenticationStepRequirement": "Secondary authentication",
    }
    return [first, second]


def add_baseline(world: TenantWorld, key: str, days: int, *, until: timedelta = timedelta(hours=4)) -> None:
    """The ordinary sign-ins of one person: the laptop in the office, the telephone at home, now and then a typo."""
    chance = dice(world.company.key, "sign-ins", key)
    last = world.moments.ago(until)
    for day in range(1, days + 1):
        if world.moments.days(day).weekday() > 4:
            continue
        session = object_id(world.company.key, "session", key, str(world.moments.days(day).isocalendar().week))
        for sign_in in _day(world, key, world.moments.office(day, chance.randrange(-20, 55)), session):
            if sign_in.at < last:
                add_sign_in(world, sign_in)


def _day(world: TenantWorld, key: str, morning: datetime, session: str) -> list[SignIn]:
    chance = dice(world.company.key, "day", key, stamp(morning))
    desk, away = office(world, key), home(world, key)
    laptop, telephone = laptop_client(world, key), phone_client(world, key)
    found = [SignIn(key, morning, desk, laptop, session, is_interactive=True, came_with="none")]
    if chance.random() < 0.08:
        typo = morning - timedelta(seconds=50)
        found.append(SignIn(key, typo, desk, laptop, session, True, "none", WRONG_PASSWORD))
    noon = morning + timedelta(minutes=chance.randrange(60, 300))
    found.append(SignIn(key, noon, desk, laptop_client(world, key, TEAMS), session))
    if chance.random() < 0.6:
        evening = morning + timedelta(minutes=chance.randrange(620, 800))
        found.append(SignIn(key, evening, away, telephone, object_id(world.company.key, "phone session", key)))
    return found


def add_everyday(world: TenantWorld, most: int = 4) -> None:
    """A few sign-ins for everybody else."""
    known = {row["userId"] for row in world.lists["signIns"]}
    for key in world.staff():
        if world.id_of(key) not in known:
            add_baseline(world, key, 2 + dice("everyday", key).randrange(0, most))
