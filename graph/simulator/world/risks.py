"""Identity Protection: people at risk, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

from graph.simulator.world.ids import object_id
from graph.simulator.world.moments import stamp
from graph.simulator.world.story_types import DemoIncident
from graph.simulator.world.tenant import TenantWorld


def add_risks(world: TenantWorld, people: Mapping[str, tuple[str, DemoIncident, str]]) -> None:
    """One detection and one risky user for each; the values are the kind, the incident and the level."""
    for key, (kind, incident, level) in people.items():
        user = world.users[key]
        risky = next(
            row
            for row in world.lists["signIns"]
            if row["userId"] == user["id"] and row["riskLevelDuringSignIn"] != "none"
        )
        noticed = stamp(world.moments.ago(incident.first_access) + timedelta(minutes=31))
        detection = {
            "id": object_id(world.company.key, "risk", key),
            "activity": "signin",
            "activityDateTime": risky["createdDateTime"],
            "additionalInfo": json.dumps([{"Key": "userAgent", "Value": risky["userAgent"]}]),
            "correlationId": risky["correlationId"],
            "detectedDateTime": noticed,
            "detectionTimingType": "offline",
            "ipAddress": risky["ipAddress"],
            "lastUpdatedDateTime": noticed,
            "location": risky["location"],
            "requestId": risky["id"],
            "riskDetail": "none",
            "riskEventType": kind,
            "riskLevel": level,
            "riskState": "atRisk",
            "source": "IdentityProtection",
            "tokenIssuerType": "AzureAD",
            "userDisplayName": user["displayName"],
            "userId": user["id"],
            "userPrincipalName": user["userPrincipalName"],
        }
        world.add("riskDetections", [detection])
        person = {
            "id": user["id"],
            "isDeleted": False,
            "isProcessing": False,
            "riskDetail": "none",
            "riskLastUpdatedDateTime": noticed,
            "riskLevel": level,
            "riskState": "atRisk",
            "userDisplayName": user["displayName"],
            "userPrincipalName": user["userPrincipalName"],
        }
        world.add("riskyUsers", [person])
