"""Identity Protection: people at risk, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from graph.simulator.world.ids import object_id
from graph.simulator.world.moments import stamp
from graph.simulator.world.story_types import DemoIncident
from graph.simulator.world.tenant import TenantWorld


def add_risks(world: TenantWorld, people: Mapping[str, tuple[str, DemoIncident, str]]) -> None:
    """One detection and one risky user for each; the values are the kind, the incident and the level."""
    for key, (kind, incident, level) in people.items():
        own = [row for row in world.lists["signIns"] if row["userId"] == world.id_of(key)]
        sign_in = next(row for row in own if row["riskLevelDuringSignIn"] != "none")
        noticed = stamp(world.moments.ago(incident.first_access) + timedelta(minutes=31))
        world.add("riskDetections", [_detection(sign_in, kind, level, noticed)])
        world.add("riskyUsers", [_risky_user(sign_in, level, noticed)])


def _detection(sign_in: Mapping[str, Any], kind: str, level: str, noticed: str) -> dict[str, Any]:
    return {
        "id": object_id("risk", str(sign_in["id"])),
        "activity": "signin",
        "activityDateTime": sign_in["createdDateTime"],
        "additionalInfo": json.dumps([{"Key": "userAgent", "Value": sign_in["userAgent"]}]),
        "correlationId": sign_in["correlationId"],
        "detectedDateTime": noticed,
        "detectionTimingType": "offline",
        "ipAddress": sign_in["ipAddress"],
        "lastUpdatedDateTime": noticed,
        "location": sign_in["location"],
        "requestId": sign_in["id"],
        "riskDetail": "none",
        "riskEventType": kind,
        "riskLevel": level,
        "riskState": "atRisk",
        "source": "IdentityProtection",
        "tokenIssuerType": "AzureAD",
        "userDisplayName": sign_in["userDisplayName"],
        "userId": sign_in["userId"],
        "userPrincipalName": sign_in["userPrincipalName"],
    }


def _risky_user(sign_in: Mapping[str, Any], level: str, noticed: str) -> dict[str, Any]:
    return {
        "id": sign_in["userId"],
        "isDeleted": False,
        "isProcessing": False,
        "riskDetail": "none",
        "riskLastUpdatedDateTime": noticed,
        "riskLevel": level,
        "riskState": "atRisk",
        "userDisplayName": sign_in["userDisplayName"],
        "userPrincipalName": sign_in["userPrincipalName"],
    }
