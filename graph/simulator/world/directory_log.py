"""Directory audits: what Entra writes down about changes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graph.simulator.world.ids import object_id
from graph.simulator.world.moments import stamp
from graph.simulator.world.tenant import TenantWorld

DEVICE_SERVICE = ("01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9", "Device Registration Service")


@dataclass(frozen=True, slots=True)
class Entry:
    """One directory audit row. ``actor`` is a person's key; without one, ``app`` did it."""

    activity: str
    category: str
    at: datetime
    targets: Sequence[Mapping[str, Any]]
    actor: str = ""
    ip: str = ""
    app: tuple[str, str] = ("", "")
    operation: str = "Add"
    service: str = "Core Directory"
    reason: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


def target(kind: str, thing: Mapping[str, Any], **changes: tuple[Any, Any]) -> dict[str, Any]:
    """A target resource; ``changes`` maps a property (double underscore for a dot) to old and new value."""
    return {
        "id": thing["id"],
        "displayName": thing.get("displayName"),
        "type": kind,
        "userPrincipalName": thing.get("userPrincipalName"),
        "groupType": None,
        "modifiedProperties": [
            {"displayName": name.replace("__", "."), "oldValue": _quoted(old), "newValue": _quoted(new)}
            for name, (old, new) in changes.items()
        ],
    }


def add_entry(world: TenantWorld, entry: Entry) -> dict[str, Any]:
    """Append the row."""
    mark = (
        world.company.key,
        "directory audit",
        entry.activity,
        stamp(entry.at),
        entry.actor,
        str(entry.targets[0]["id"]),
    )
    row = {
        "id": f"Directory_{object_id(*mark)}",
        "category": entry.category,
        "correlationId": object_id(*mark, "correlation"),
        "result": "success",
        "resultReason": entry.reason,
        "activityDisplayName": entry.activity,
        "activityDateTime": stamp(entry.at),
        "loggedByService": entry.service,
        "operationType": entry.operation,
        "initiatedBy": _initiator(world, entry),
        "targetResources": list(entry.targets),
        "additionalDetails": [{"key": key, "value": value} for key, value in entry.details.items()],
    }
    world.add("directoryAudits", [row])
    return row


def _initiator(world: TenantWorld, entry: Entry) -> dict[str, Any]:
    if not entry.actor:
        app_id, name = entry.app
        app = {
            "appId": app_id,
            "displayName": name,
            "servicePrincipalId": object_id(world.company.key, "service principal", name),
            "servicePrincipalName": None,
        }
        return {"user": None, "app": app}
    user = world.users[entry.actor]
    return {
        "app": None,
        "user": {
            "id": user["id"],
            "displayName": user["displayName"],
            "userPrincipalName": user["userPrincipalName"],
            "ipAddress": entry.ip,
        },
    }


def _quoted(value: Any) -> str | None:
    """Values stand there as JSON in a text."""
    return None if value is None else json.dumps(value, ensure_ascii=False)
