"""Devices and sign-in methods of people: the ordinary ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from graph.simulator.world.ids import dice, object_id
from graph.simulator.world.moments import stamp
from graph.simulator.world.tenant import TenantWorld

# Ids that are the same for everybody (DOCS authenticationmethods).
PASSWORD_ID = "28c10230-6103-485e-b985-444c60001490"  # noqa: S105  # the id of the method, not a password
MOBILE_ID = "3179e48a-750b-4051-897c-87b9720928f7"
ALTERNATE_MOBILE_ID = "b6332ec1-7057-4abe-9331-3d72feddfe41"


@dataclass(frozen=True, slots=True)
class Machine:
    """What is known of a device when it registers."""

    name: str
    system: str
    version: str
    trust: str  # Workplace | AzureAd | ServerAd
    manufacturer: str = ""
    model: str = ""
    is_managed: bool = False


def add_device(
    world: TenantWorld, owner: str, machine: Machine, registered: datetime, seen: datetime
) -> dict[str, Any]:
    """A device that somebody registered."""
    mark = (world.company.key, "device", owner, machine.name)
    device = {
        "id": object_id(*mark),
        "deviceId": object_id(*mark, "device id"),
        "displayName": machine.name,
        "accountEnabled": True,
        "operatingSystem": machine.system,
        "operatingSystemVersion": machine.version,
        "trustType": machine.trust,
        "profileType": "RegisteredDevice",
        "registrationDateTime": stamp(registered),
        "approximateLastSignInDateTime": stamp(seen),
        "deviceOwnership": "Company" if machine.is_managed else "Personal",
        "deviceVersion": 2,
        "enrollmentType": "AzureDomainJoined" if machine.is_managed else None,
        "isCompliant": True if machine.is_managed else None,
        "isManaged": True if machine.is_managed else None,
        "isRooted": None,
        "managementType": "MDM" if machine.is_managed else None,
        "manufacturer": machine.manufacturer or None,
        "model": machine.model or None,
        "physicalIds": [],
        "systemLabels": [],
        "onPremisesSyncEnabled": None,
        "_registeredOwners": [world.id_of(owner)],
    }
    world.add("devices", [device])
    return device


def laptop(world: TenantWorld, key: str) -> Machine:
    """The company laptop of somebody; its name is made from theirs."""
    number = dice(world.company.key, "laptop", key).randrange(1_000, 9_999)
    mark = world.company.key[:4].upper()
    return Machine(f"{mark}-LT-{number}", "Windows", "10.0.26100.4652", "AzureAd", "Lenovo", "ThinkPad T14 Gen 5", True)


def phone(world: TenantWorld, key: str) -> Machine:
    """The telephone of somebody."""
    given = world.people[key].given.partition(" ")[0] or "Office"
    if dice(world.company.key, "phone", key).random() < 0.55:
        return Machine(f"{given}'s iPhone", "IPhone", "18.6", "Workplace", "Apple", "iPhone 15")
    return Machine(f"{given}'s phone", "AndroidForWork", "15.0", "Workplace", "Samsung", "SM-S921B")


def equip(world: TenantWorld) -> None:
    """A laptop for everybody, a registered telephone for every second person, sign-in methods for all."""
    for key in world.staff():
        chance = dice(world.company.key, "equipment", key)
        years = world.people[key].years
        registered = world.moments.days(max(9.0, years * 365 * chance.uniform(0.3, 0.9)))
        seen = world.moments.ago(timedelta(hours=chance.randrange(4, 60)))
        add_device(world, key, laptop(world, key), registered, seen)
        if chance.random() < 0.5 or key in ("renee.castellane", "tadhg.obriain"):
            add_device(world, key, phone(world, key), registered + timedelta(days=3), seen)
        world.methods[world.id_of(key)] = usual_methods(world, key, registered)
    for key, person in world.people.items():
        if person.kind != "person":
            created = world.users[key]["createdDateTime"]
            world.methods[world.id_of(key)] = [password_method(created)]


def password_method(created: str) -> dict[str, Any]:
    """The password as a method: it is listed, and cannot be deleted."""
    return {
        "@odata.type": "#microsoft.graph.passwordAuthenticationMethod",
        "id": PASSWORD_ID,
        "createdDateTime": created,
        "password": None,
        "_isDefault": False,
    }


def authenticator(mark: str, name: str, tag: str, created: datetime, *, is_default: bool = False) -> dict[str, Any]:
    """An authenticator app on a telephone."""
    return {
        "@odata.type": "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod",
        "id": object_id("authenticator", mark, name),
        "createdDateTime": stamp(created),
        "displayName": name,
        "deviceTag": tag,
        "phoneAppVersion": "6.2507.4749",
        "_isDefault": is_default,
    }


def phone_method(
    method_id: str, kind: str, number: str, created: datetime, *, is_default: bool = False
) -> dict[str, Any]:
    """A telephone number that gets codes."""
    return {
        "@odata.type": "#microsoft.graph.phoneAuthenticationMethod",
        "id": method_id,
        "createdDateTime": stamp(created),
        "phoneNumber": number,
        "phoneType": kind,
        "smsSignInState": "notAllowedByPolicy",
        "_isDefault": is_default,
    }


def usual_methods(world: TenantWorld, key: str, since: datetime) -> list[dict[str, Any]]:
    """Password, authenticator (the default) and mobile number of an ordinary person."""
    user = world.users[key]
    name = phone(world, key).name
    methods = [
        password_method(user["createdDateTime"]),
        authenticator(
            user["id"], name, "SoftwareTokenActivated", since + timedelta(days=3, minutes=9), is_default=True
        ),
    ]
    if user["mobilePhone"]:
        number = str(user["mobilePhone"])
        spaced = number.replace(" ", "")
        added = since + timedelta(days=3, minutes=12)
        methods.append(phone_method(MOBILE_ID, "mobile", f"{spaced[:3]} {spaced[3:]}", added))
    return methods
