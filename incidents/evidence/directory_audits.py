"""Directory audits: what an account did in the directory, and what was done to it there."""

from datetime import datetime

from graph import Request, audit
from graph.odata import literal
from graph.odata import moment as written
from incidents.enums import Workload
from incidents.evidence.fields import Record, address, first, mapping, mappings, moment, pairs, text
from incidents.evidence.rows import Columns


def requests_for(object_id: str, *, since: datetime) -> list[Request]:
    """What the account began, and what concerned it. Both are asked; Graph has no filter for one or the other."""
    window = f"activityDateTime ge {written(since)}"
    return [
        audit.directory_audits(filter=f"{window} and initiatedBy/user/id eq {literal(object_id)}"),
        audit.directory_audits(filter=f"{window} and targetResources/any(t: t/id eq {literal(object_id)})"),
    ]


def parse(record: Record) -> Columns | None:
    """The columns of one audit; None for a record without id or time."""
    at = moment(record.get("activityDateTime"))
    if at is None or not text(record.get("id")):
        return None
    by = mapping(record.get("initiatedBy"))
    user, app = mapping(by.get("user")), mapping(by.get("app"))
    details = pairs(record.get("additionalDetails"), name="key", content="value")
    targets = mappings(record.get("targetResources"))
    reason = text(record.get("resultReason"))
    return Columns(
        record_id=text(record.get("id")),
        occurred_at=at,
        operation=text(record.get("activityDisplayName")),
        workload=Workload.DIRECTORY,
        user_principal_name=first([user.get("userPrincipalName"), _target_user(targets)]),
        ip_address=address(first([user.get("ipAddress"), details.get("IP Address")])),
        application=first([_named(targets, "ServicePrincipal", "Application"), app.get("displayName")]),
        device=_named(targets, "Device"),
        user_agent=text(details.get("User-Agent")),
        is_success={"success": True, "failure": False}.get(text(record.get("result"))),
        result=reason if reason.lower() != "success" else "",
        item=_item(targets, reason),
    )


def _target_user(targets: list[Record]) -> str:
    return first(target.get("userPrincipalName") for target in targets)


def _named(targets: list[Record], *kinds: str) -> str:
    return first(target.get("displayName") for target in targets if target.get("type") in kinds)


def _item(targets: list[Record], reason: str) -> str:
    """What it was done to: the first thing named, a person by address. An address is written in lower case."""
    for target in targets:
        if principal := text(target.get("userPrincipalName")):
            return principal.lower()
        if name := text(target.get("displayName")):
            return name
    return reason
