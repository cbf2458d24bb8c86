"""Calls about the tenant's logs: sign-ins, directory audits, and the unified audit log as an asynchronous query.

Evidence is late: the unified log lags by 60 to 90 minutes, and a query over it may run for minutes.
"""

from collections.abc import Sequence
from datetime import datetime

from graph import odata
from graph.request import Request

_QUERIES = "/security/auditLog/queries"


def sign_ins(filter: str = "", top: int = 1000, version: str = "beta") -> Request:  # noqa: A002 - OData's own word
    """GET /auditLogs/signIns. Permission: AuditLog.Read.All; needs Entra ID P1.

    Only beta tells network, session and token ids. Five requests in ten seconds per tenant.
    https://learn.microsoft.com/graph/api/signin-list
    """
    return Request("GET", odata.query("/auditLogs/signIns", filter=filter, top=top), version=version)


def directory_audits(filter: str = "", top: int = 1000) -> Request:  # noqa: A002 - OData's own word
    """GET /auditLogs/directoryAudits. Permission: AuditLog.Read.All.

    https://learn.microsoft.com/graph/api/directoryaudit-list
    """
    return Request("GET", odata.query("/auditLogs/directoryAudits", filter=filter, top=top))


def create_query(
    display_name: str,
    start: datetime,
    end: datetime,
    *,
    users: Sequence[str] = (),
    operations: Sequence[str] = (),
    addresses: Sequence[str] = (),
) -> Request:
    """POST /security/auditLog/queries: start a query over the unified audit log.

    `users` are user principal names, `addresses` IP addresses. Permission: AuditLogsQuery.Read.All; worldwide cloud
    only. https://learn.microsoft.com/graph/api/security-auditcoreroot-post-auditlogqueries
    """
    filters = {
        "userPrincipalNameFilters": list(users),
        "operationFilters": list(operations),
        "ipAddressFilters": list(addresses),
    }
    window = {"filterStartDateTime": odata.moment(start), "filterEndDateTime": odata.moment(end)}
    chosen = {name: values for name, values in filters.items() if values}
    return Request("POST", _QUERIES, body={"displayName": display_name, **window, **chosen})


def query(query_id: str) -> Request:
    """GET /security/auditLog/queries/{id}: its status, until "succeeded". Permission: AuditLogsQuery.Read.All.

    https://learn.microsoft.com/graph/api/security-auditlogquery-get
    """
    return Request("GET", odata.path(f"{_QUERIES}/{{}}", query_id))


def query_records(query_id: str, top: int = 1000) -> Request:
    """GET /security/auditLog/queries/{id}/records: what was found. Permission: AuditLogsQuery.Read.All.

    https://learn.microsoft.com/graph/api/security-auditlogquery-list-records
    """
    return Request("GET", odata.query(odata.path(f"{_QUERIES}/{{}}/records", query_id), top=top))
