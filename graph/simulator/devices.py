"""Devices registered in the directory, by object id or, in OData's key syntax, by deviceId."""

from __future__ import annotations

from typing import Any

from graph.simulator import odata
from graph.simulator.audit_trail import Change, record_change
from graph.simulator.calls import Answer, Call, bad_request, not_found
from graph.simulator.entities import check_types
from graph.simulator.odata import Listing
from graph.simulator.state import Query
from graph.simulator.users import user_of

Device = dict[str, Any]

_WRITABLE = {
    "accountEnabled",
    "displayName",
    "operatingSystem",
    "operatingSystemVersion",
    "isCompliant",
    "isManaged",
    "profileType",
    "deviceCategory",
}


def list_devices(call: Call) -> Answer:
    """GET /devices."""
    return odata.listed(call, Listing("devices", "device", "devices"))


def get_device(call: Call) -> Answer:
    """GET /devices/{id} and GET /devices(deviceId='…')."""
    return odata.single(call, "device", "devices", _device(call, lagged=True))


def _device(call: Call, *, lagged: bool = False) -> Device:
    device = call.store.keyed(call.tenant, "devices", call.arguments[0], lagged=lagged)
    if device is None:
        raise not_found(call.arguments[0])
    return device


def update_device(call: Call) -> Answer:
    """PATCH /devices/{id}: 204."""
    device, values = _device(call), call.fields()
    for name in values:
        if name not in _WRITABLE:
            raise bad_request(f"Property '{name}' is read-only or does not exist.", "Request_BadRequest")
    check_types(values)
    changed = {
        name[0].upper() + name[1:]: (device.get(name), value)
        for name, value in values.items()
        if device.get(name) != value
    }
    call.store.save(call.tenant, "devices", device | values)
    if changed:
        record_change(call, Change("Update device", "Device", "Device", device, values=changed))
    return Answer(204)


def delete_device(call: Call) -> Answer:
    """DELETE /devices/{id}: 204. Microsoft's sources disagree whether an application may; the newer one says yes."""
    device = _device(call)
    call.store.remove(call.tenant, "devices", device["id"])
    record_change(call, Change("Delete device", "Device", "Device", device, "Delete"))
    return Answer(204)


def devices_of_user(call: Call) -> Answer:
    """GET /users/{id}/registeredDevices and ownedDevices: typed, since other objects could stand there."""
    user = user_of(call, lagged=True)
    where = "EXISTS (SELECT 1 FROM json_each(body, '$._registeredOwners') WHERE value = ?)"
    found = call.store.rows(call.tenant, Query("devices", where, (user["id"],)), lagged=True)
    return odata.polymorphic(call, "directoryObjects", [("device", each) for each in found])


def registered_owners(call: Call) -> Answer:
    """GET /devices/{id}/registeredOwners."""
    owners = _device(call, lagged=True).get("_registeredOwners", [])
    users = [call.store.one(call.tenant, "users", owner) for owner in owners]
    return odata.polymorphic(call, "directoryObjects", [("user", user) for user in users if user])
