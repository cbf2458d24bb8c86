"""Disable a device: its primary refresh token stops working."""

from collections.abc import Sequence
from datetime import datetime

from graph import devices
from remediation.actions.base import Action, Reading, Stages, State, Target, ask, read_each


class DisableDevice(Action):
    key = "disable_device"
    title = "Disable the device"
    done = "Device disabled"
    undone = "Device enabled again"
    identity = ("device_id",)
    permissions = ("Device.ReadWrite.All",)

    def read(self, targets: Sequence[Target]) -> Stages[list[Reading]]:
        return read_each(
            targets,
            lambda target: devices.device(target["device_id"]),
            lambda _target, body: {"exists": True, "accountEnabled": body.get("accountEnabled")},
            gone_when_missing=True,
        )

    def is_done(self, state: State, *, target: Target, since: datetime, before: State | None = None) -> bool:
        return not state["exists"] or state["accountEnabled"] is False

    def apply(self, target: Target, before: State | None) -> Stages[State]:
        yield from ask(devices.set_device_enabled(target["device_id"], False))
        return {"accountEnabled": False}

    def undo(self, target: Target, before: State, after: State) -> Stages[State]:
        yield from ask(devices.set_device_enabled(target["device_id"], True))
        return {"accountEnabled": True}

    def is_undone(self, state: State, *, target: Target, before: State) -> bool:
        return state.get("accountEnabled") is True
