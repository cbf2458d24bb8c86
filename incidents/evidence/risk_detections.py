"""Identity Protection's risk detections: what Microsoft itself held to be suspicious about the account.

https://learn.microsoft.com/graph/api/resources/riskdetection
"""

import json
from datetime import datetime

from graph import Request, security
from graph.odata import literal
from graph.odata import moment as written
from incidents.enums import Workload
from incidents.evidence.fields import Record, address, country, mapping, moment, pairs, text
from incidents.evidence.rows import Columns

OPERATION = "Risk detection"


def requests_for(object_id: str, *, since: datetime) -> list[Request]:
    """The account's detections of the window."""
    return [security.risk_detections(filter=f"userId eq {literal(object_id)} and detectedDateTime ge {written(since)}")]


def parse(record: Record) -> Columns | None:
    """The columns of one detection, at the time of the sign-in that it is about; None without id or time."""
    at = moment(record.get("activityDateTime")) or moment(record.get("detectedDateTime"))
    if at is None or not text(record.get("id")):
        return None
    place = mapping(record.get("location"))
    level, state = text(record.get("riskLevel")), text(record.get("riskState"))
    return Columns(
        record_id=text(record.get("id")),
        occurred_at=at,
        operation=OPERATION,
        workload=Workload.LOGINS,
        user_principal_name=text(record.get("userPrincipalName")),
        ip_address=address(record.get("ipAddress")),
        country=country(place.get("countryOrRegion")),
        city=text(place.get("city")),
        user_agent=_user_agent(record),
        result=", ".join(part for part in (level and f"level {level}", state) if part),
        item=text(record.get("riskEventType")),
    )


def _user_agent(record: Record) -> str:
    """Stands in `additionalInfo`, which is JSON in a text: [{"Key": "userAgent", "Value": …}]."""
    try:
        return pairs(json.loads(text(record.get("additionalInfo"))), name="Key").get("userAgent", "")
    except (ValueError, RecursionError):
        return ""
