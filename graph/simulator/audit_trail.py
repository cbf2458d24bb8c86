"""What Microsoft writes down about a write: directory audits for Entra, unified audit records for Exchange."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graph.simulator import clock
from graph.simulator.calls import Call
from graph.simulator.state import Store
from graph.simulator.tenants import Tenant


@dataclass(frozen=True, slots=True)
class Change:
    """One change in the directory. ``values`` maps a property to its old and new value."""

    activity: str
    category: str
    target_type: str
    target: Mapping[str, Any]
    operation: str = "Update"
    service: str = "Core Directory"
    values: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


def record_change(call: Call, change: Change) -> None:
    """Append a directoryAudit row in which the calling application is the initiator."""
    row = _row(change) | {
        "correlationId": call.client_request_id or call.request_id,
        "initiatedBy": {"user": None, "app": _initiator(call)},
        "additionalDetails": [{"key": "User-Agent", "value": call.headers.get("user-agent", "")}],
    }
    call.store.save(call.tenant, "directoryAudits", row)


def record_change_by(
    store: Store, tenant: Tenant, change: Change, by: Mapping[str, Any], at: datetime | None = None
) -> None:
    """Append a directoryAudit row in which a user (`id`, `displayName`…) is the initiator, now or as of a moment."""
    row = _row(change) | {"initiatedBy": {"user": dict(by), "app": None}, "activityDateTime": clock.stamp(at)}
    store.save(tenant, "directoryAudits", row)


def _row(change: Change) -> dict[str, Any]:
    target = {
        "id": change.target["id"],
        "displayName": change.target.get("displayName"),
        "type": change.target_type,
        "userPrincipalName": change.target.get("userPrincipalName"),
        "groupType": None,
        "modifiedProperties": [
            {"displayName": name, "oldValue": _quoted(old), "newValue": _quoted(new)}
            for name, (old, new) in change.values.items()
        ],
    }
    return {
        "id": f"Directory_{uuid.uuid4()}",
        "category": change.category,
        "correlationId": str(uuid.uuid4()),
        "result": "success",
        "resultReason": "",
        "activityDisplayName": change.activity,
        "activityDateTime": clock.stamp(),
        "loggedByService": change.service,
        "operationType": change.operation,
        "targetResources": [target],
        "additionalDetails": [],
    }


def record_mailbox_operation(
    call: Call, operation: str, record_type: str, user: Mapping[str, Any], details: Mapping[str, Any]
) -> None:
    """Append a unified audit record of what the calling application did in or to a user's mailbox.

    ``record_type`` as Graph names it: exchangeAdmin, exchangeItem, exchangeItemGroup.
    """
    record_id, actor = str(uuid.uuid4()), f"ServicePrincipal_{call.tenant.service_principal_id}"
    record: dict[str, Any] = {
        "id": record_id,
        "createdDateTime": clock.stamp(),
        "auditLogRecordType": record_type,
        "operation": operation,
        "organizationId": call.tenant.id,
        "userType": "application",
        "userId": actor,
        "service": "Exchange",
        "objectId": str(details.get("ObjectId", user["userPrincipalName"])),
        "userPrincipalName": actor,
        "clientIp": call.client_ip,
        "administrativeUnits": [],
    }
    named = {"MailboxOwnerUPN": user["userPrincipalName"], **details}
    record["auditData"] = _audit_data(call, record) | named
    call.store.save(call.tenant, "auditRecords", record)


def _audit_data(call: Call, record: Mapping[str, Any]) -> dict[str, Any]:
    """What all of Exchange's AuditData have in common; its time carries no zone, and RecordType is a number."""
    number = {"exchangeAdmin": 1, "exchangeItem": 2, "exchangeItemGroup": 3}[record["auditLogRecordType"]]
    return {
        "CreationTime": clock.bare_stamp(),
        "Id": record["id"],
        "Operation": record["operation"],
        "OrganizationId": record["organizationId"],
        "RecordType": number,
        "ResultStatus": "True" if number == 1 else "Succeeded",
        "UserKey": record["userId"],
        "UserType": 5,
        "Version": 1,
        "Workload": "Exchange",
        "UserId": record["userId"],
        "ClientIP": call.client_ip,
        "AppId": call.app_id,
        "ClientAppId": call.app_id,
    }


def _initiator(call: Call) -> dict[str, Any]:
    own = call.store.one(call.tenant, "servicePrincipals", call.tenant.service_principal_id) or {}
    return {
        "appId": call.app_id,
        "displayName": own.get("displayName", "Petra"),
        "servicePrincipalId": call.tenant.service_principal_id,
        "servicePrincipalName": None,
    }


def _quoted(value: Any) -> str | None:
    """Old and new values stand there as JSON in a text, each in a list: ``"[true]"``."""
    return None if value is None else json.dumps([value])
