"""Sign-in logs: what to ask for, and what a record says.

Only beta tells network, session and device ids of sign-ins without a person present; v1.0 is the fallback.
"""

from datetime import datetime

from graph import Request, audit
from graph.odata import literal
from graph.odata import moment as written
from incidents.enums import Workload
from incidents.evidence.fields import Record, address, country, first, mapping, moment, text
from incidents.evidence.rows import Columns
from incidents.evidence.words import NON_INTERACTIVE

BOTH_KINDS = "(signInEventTypes/any(t: t eq 'interactiveUser') or signInEventTypes/any(t: t eq 'nonInteractiveUser'))"


def requests_for(object_id: str, *, since: datetime) -> list[Request]:
    """Ways to ask for an account's sign-ins, the one that tells most first."""
    whose = f"userId eq {literal(object_id)} and createdDateTime ge {written(since)}"
    return [
        audit.sign_ins(filter=f"{whose} and {BOTH_KINDS}", version="beta"),
        audit.sign_ins(filter=whose, version="v1.0"),
    ]


def parse(record: Record) -> Columns | None:
    """The columns of one sign-in; None for a record without id or time, which cannot be told from others."""
    at = moment(record.get("createdDateTime"))
    if at is None or not text(record.get("id")):
        return None
    status, device, place = (mapping(record.get(name)) for name in ("status", "deviceDetail", "location"))
    code = text(status.get("errorCode"))
    number = text(record.get("autonomousSystemNumber"))
    return Columns(
        record_id=text(record.get("id")),
        occurred_at=at,
        operation="Sign-in" if record.get("isInteractive") is not False else NON_INTERACTIVE,
        workload=Workload.LOGINS,
        user_principal_name=text(record.get("userPrincipalName")),
        ip_address=address(record.get("ipAddress")),
        network=f"AS{number}" if number.isdecimal() and number != "0" else "",
        country=country(place.get("countryOrRegion")),
        city=text(place.get("city")),
        application=first([record.get("appDisplayName"), record.get("appId")]),
        device=_device(device),
        user_agent=text(record.get("userAgent")),
        session_id=text(record.get("sessionId")),
        is_success=code == "0" if code else None,
        result=_result(code, status),
        item=first([record.get("resourceDisplayName")]),
    )


def _device(device: Record) -> str:
    """The device's name, where it has one; otherwise what it is."""
    kind = ", ".join(part for part in (text(device.get("operatingSystem")), text(device.get("browser"))) if part)
    return first([device.get("displayName"), kind])


def _result(code: str, status: Record) -> str:
    if code in ("", "0"):
        return text(status.get("additionalDetails"))
    return f"{code}: {first([status.get('failureReason'), 'failed'])}"
