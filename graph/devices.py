"""Calls about devices registered in the directory. Devices are named by object id, not by `deviceId`."""

from graph.odata import path
from graph.request import Request


def registered_devices(user_id: str) -> Request:
    """GET /users/{id}/registeredDevices. Permission: User.Read.All.

    https://learn.microsoft.com/graph/api/user-list-registereddevices
    """
    return Request("GET", path("/users/{}/registeredDevices", user_id))


def device(device_id: str) -> Request:
    """GET /devices/{id}. Permission: Device.Read.All.

    https://learn.microsoft.com/graph/api/device-get
    """
    return Request("GET", path("/devices/{}", device_id))


def set_device_enabled(device_id: str, enabled: bool) -> Request:
    """PATCH /devices/{id}: allow or stop a device. Permission: Device.ReadWrite.All.

    https://learn.microsoft.com/graph/api/device-update
    """
    return Request("PATCH", path("/devices/{}", device_id), body={"accountEnabled": enabled})
