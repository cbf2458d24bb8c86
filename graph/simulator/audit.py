"""The unified audit log: an asynchronous query, and the records that it found.

Source: DOCS security-auditcoreroot-post-auditlogqueries. A query is polled: it was not started when it was made, runs
when it is first asked for, and is done the next time, though not before the tenant's `auditQuerySeconds` have passed.
"""

from __future__ import annotations

from typing import Any

from graph.simulator import clock, made, odata
from graph.simulator.calls import Answer, Call, bad_request, not_found
from graph.simulator.entities import PROPERTIES
from graph.simulator.filters import Compiled
from graph.simulator.odata import Listing

AuditQuery = dict[str, Any]

_CONTEXT = "security/auditLog/queries"
# Permission -> the services whose records it shows.
_SERVICES = {
    "AuditLogsQuery-Exchange.Read.All": ("Exchange",),
    "AuditLogsQuery-Entra.Read.All": ("AzureActiveDirectory", "Entra"),
    "AuditLogsQuery-SharePoint.Read.All": ("SharePoint",),
    "AuditLogsQuery-OneDrive.Read.All": ("OneDrive",),
    "AuditLogsQuery-Endpoint.Read.All": ("Endpoint",),
    "AuditLogsQuery-CRM.Read.All": ("CRM",),
}
# Filter of the query -> property of the record.
_LISTS = {
    "recordTypeFilters": "auditLogRecordType",
    "serviceFilters": "service",
    "operationFilters": "operation",
    "userPrincipalNameFilters": "userPrincipalName",
    "ipAddressFilters": "clientIp",
    "objectIdFilters": "objectId",
}


def create_query(call: Call) -> Answer:
    """POST /security/auditLog/queries: 201, not yet started."""
    values = call.fields()
    for name in values:
        if name not in PROPERTIES["auditLogQuery"] or name in ("id", "status"):
            raise bad_request(f"The property '{name}' does not exist on type 'auditLogQuery'.")
    if not values.get("filterStartDateTime") or not values.get("filterEndDateTime"):
        raise bad_request("filterStartDateTime and filterEndDateTime are required.")
    query = {**values, "id": made.guid(), "status": "notStarted", "_made": clock.seconds()}
    call.store.save(call.tenant, "auditQueries", query)
    return Answer(201, odata.single(call, "auditLogQuery", _CONTEXT, query).body)


def _query(call: Call) -> AuditQuery:
    found = call.store.one(call.tenant, "auditQueries", call.arguments[0])
    if found is None:
        raise not_found(call.arguments[0])
    return found


def get_query(call: Call) -> Answer:
    """GET /security/auditLog/queries/{id}; each look lets it come one state further."""
    query = _query(call)
    is_due = clock.seconds() - query["_made"] >= call.tenant.settings.audit_query_seconds
    if query["status"] == "notStarted":
        query["status"] = "running"
    elif query["status"] == "running" and is_due:
        query["status"] = "succeeded"
    call.store.save(call.tenant, "auditQueries", query)
    return odata.single(call, "auditLogQuery", _CONTEXT, query)


def list_records(call: Call) -> Answer:
    """GET /security/auditLog/queries/{id}/records: empty while the query has not succeeded, which is no finding."""
    query = _query(call)
    where, params = _matching(call, query) if query["status"] == "succeeded" else ("0", [])
    name = f"{_CONTEXT}('{query['id']}')/records"
    listing = Listing(
        "auditRecords", "auditLogRecord", name, where, tuple(params), "stamp DESC, seq", default_top=150, max_top=1000
    )
    return odata.listed(call, listing)


def _matching(call: Call, query: AuditQuery) -> Compiled:
    parts, params = ["stamp >= ?", "stamp <= ?"], [query["filterStartDateTime"], query["filterEndDateTime"]]
    for name, field in _LISTS.items():
        wanted = query.get(name) or []
        if wanted:
            column = "owner" if field == "userPrincipalName" else f"json_extract(body, '$.{field}')"
            parts.append(f"{column} COLLATE NOCASE IN ({', '.join('?' * len(wanted))})")
            params += wanted
    if query.get("keywordFilter"):
        parts.append("instr(lower(body), lower(?)) > 0")
        params.append(query["keywordFilter"])
    services = _visible_services(call)
    if services is not None:
        parts.append(f"json_extract(body, '$.service') IN ({', '.join('?' * len(services))})")
        params += services
    return " AND ".join(parts), params


def _visible_services(call: Call) -> list[str] | None:
    """The services whose records the permissions show; None for all."""
    if "AuditLogsQuery.Read.All" in call.permissions:
        return None
    return [service for held in sorted(call.permissions) for service in _SERVICES.get(held, ())]
