"""Searches over the Exchange admin endpoint: the unified audit log and message traces."""

from __future__ import annotations

import json
import re
from typing import Any

from graph.simulator import clock, trace_window
from graph.simulator.calls import Call
from graph.simulator.exchange_targets import CmdletFailed, Outcome, Parameters, required
from graph.simulator.state import Query


def _moment(parameters: Parameters, name: str) -> str:
    text = str(required(parameters, name))
    try:
        return clock.stamp(clock.moment_of(text))
    except ValueError as error:
        problem = f"Cannot convert value '{text}' to type System.DateTime."
        raise CmdletFailed(400, "ParameterBindingException", problem) from error


def _among(values: Any) -> list[str]:
    return values if isinstance(values, list) else [str(values)]


def search_unified_audit_log(call: Call, parameters: Parameters) -> Outcome:
    """Search-UnifiedAuditLog: StartDate, EndDate, Operations, UserIds, ResultSize; AuditData is JSON in a text."""
    where, params = "stamp >= ? AND stamp <= ?", [_moment(parameters, "StartDate"), _moment(parameters, "EndDate")]
    for name, column in (("userids", "owner"), ("operations", "json_extract(body, '$.operation')")):
        if parameters.get(name):
            wanted = _among(parameters[name])
            where += f" AND {column} COLLATE NOCASE IN ({', '.join('?' * len(wanted))})"
            params += wanted
    limit = min(int(parameters.get("resultsize") or 100), 5000)
    records = call.store.rows(call.tenant, Query("auditRecords", where, tuple(params), "stamp DESC, seq", limit))
    objects = [
        {
            "RecordType": record.get("auditLogRecordType"),
            "CreationDate": record["createdDateTime"],
            "UserIds": record.get("userPrincipalName"),
            "Operations": record["operation"],
            "AuditData": json.dumps(record.get("auditData") or {}),
            "ResultIndex": index + 1,
            "ResultCount": len(records),
            "Identity": record["id"],
            "IsValid": True,
        }
        for index, record in enumerate(records)
    ]
    return Outcome(objects)


_TRACE_FILTERS = {
    "senderaddress": "senderAddress",
    "recipientaddress": "recipientAddress",
    "messageid": "messageId",
    "status": "status",
    "fromip": "fromIP",
}


def get_message_trace(call: Call, parameters: Parameters) -> Outcome:
    """Get-MessageTraceV2: the newest deliveries first; EndDate and StartingRecipientAddress say where to go on.

    Source: EXODOC Get-MessageTraceV2. The warning as people quote it; it names the first row that was left out.
    """
    since, until = _span(call, parameters)
    where, params = "stamp >= ? AND stamp <= ?", [since, until]
    for name, field in _TRACE_FILTERS.items():
        if parameters.get(name):
            wanted = _among(parameters[name])
            where += f" AND json_extract(body, '$.{field}') COLLATE NOCASE IN ({', '.join('?' * len(wanted))})"
            params += wanted
    if subject := str(parameters.get("subject") or ""):
        where += " AND json_extract(body, '$.subject') LIKE ? ESCAPE '!'"
        params.append(_subject_pattern(subject, str(parameters.get("subjectfiltertype") or "Contains")))
    if starting := parameters.get("startingrecipientaddress"):
        where += " AND (stamp < ? OR owner COLLATE NOCASE >= ?)"
        params += [until, starting]
    size = _result_size(parameters)
    order = "stamp DESC, owner COLLATE NOCASE, seq"
    found = call.store.rows(call.tenant, Query("messageTraces", where, tuple(params), order, size + 1))
    left_out = found[size:]
    return Outcome([_trace(each) for each in found[:size]], [_go_on(since, size, each) for each in left_out])


def _span(call: Call, parameters: Parameters) -> trace_window.Span:
    given = (_moment(parameters, name) if parameters.get(name.lower()) else "" for name in ("StartDate", "EndDate"))
    since, until = (clock.moment_of(each) if each else None for each in given)
    try:
        return trace_window.span(call.tenant, since, until)
    except ValueError as error:
        raise CmdletFailed(400, "ArgumentException", str(error)) from error


def _subject_pattern(subject: str, kind: str) -> str:
    plain = re.sub("([!%_])", r"!\1", subject)
    patterns = {"contains": f"%{plain}%", "startswith": f"{plain}%", "endswith": f"%{plain}"}
    if kind.lower() not in patterns:
        raise CmdletFailed(400, "ParameterBindingException", f"Cannot bind parameter 'SubjectFilterType': '{kind}'.")
    return patterns[kind.lower()]


def _result_size(parameters: Parameters) -> int:
    size = int(parameters.get("resultsize") or 1000)
    if not 0 < size <= 5000:
        raise CmdletFailed(400, "ParameterBindingException", "ResultSize must be between 1 and 5000.")
    return size


def _go_on(since: str, size: int, row: dict[str, Any]) -> str:
    return (
        "There are more results, use the following command to get more. Get-MessageTraceV2"
        f' -StartDate "{since}" -EndDate "{row["receivedDateTime"]}"'
        f' -StartingRecipientAddress "{row["recipientAddress"]}" -ResultSize {size}'
    )


def _trace(row: dict[str, Any]) -> dict[str, Any]:
    status = str(row.get("status") or "")
    return {
        "MessageId": row.get("messageId"),
        "MessageTraceId": row["id"],
        "Received": row.get("receivedDateTime"),
        "SenderAddress": row.get("senderAddress"),
        "RecipientAddress": row.get("recipientAddress"),
        "Subject": row.get("subject"),
        "Status": status[:1].upper() + status[1:],
        "FromIP": row.get("fromIP"),
        "ToIP": row.get("toIP"),
        "Size": row.get("size"),
    }


def get_audit_log_config(call: Call, parameters: Parameters) -> Outcome:
    """Get-AdminAuditLogConfig: whether the unified audit log takes in records."""
    config = {
        "Name": "Admin Audit Log Settings",
        "AdminAuditLogEnabled": True,
        "AdminAuditLogAgeLimit": "90.00:00:00",
        "UnifiedAuditLogIngestionEnabled": call.tenant.settings.unified_audit_log,
    }
    return Outcome([config])


SEARCH_CMDLETS = (
    ("Get-AdminAuditLogConfig", get_audit_log_config),
    ("Search-UnifiedAuditLog", search_unified_audit_log),
    ("Get-MessageTraceV2", get_message_trace),
)
