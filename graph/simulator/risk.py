"""Identity Protection: risky users and risk detections. One request a second, and no Retry-After.

Source: DOCS riskyuser-confirmcompromised, concepts/throttling-limits.md.
"""

from __future__ import annotations

from graph.simulator import clock, odata
from graph.simulator.calls import Answer, Call, bad_request, not_found
from graph.simulator.odata import Listing
from graph.simulator.signins import check_premium

_DECISIONS = {
    "confirmcompromised": ("confirmedCompromised", "high", "adminConfirmedUserCompromised"),
    "confirmsafe": ("confirmedSafe", "none", "adminConfirmedAccountSafe"),
    "dismiss": ("dismissed", "none", "adminDismissedAllRiskForUser"),
}


def get_risky_user(call: Call) -> Answer:
    """GET /identityProtection/riskyUsers/{id}; 404 for somebody who never was at risk."""
    check_premium(call)
    found = call.store.one(call.tenant, "riskyUsers", call.arguments[0])
    if found is None:
        raise not_found(call.arguments[0])
    return odata.single(call, "riskyUser", "identityProtection/riskyUsers", found)


def decide(call: Call) -> Answer:
    """POST /identityProtection/riskyUsers/confirmCompromised, confirmSafe and dismiss: 204."""
    check_premium(call)
    wanted = call.field("userIds")
    if not isinstance(wanted, list) or not wanted:
        raise bad_request("userIds must be a list of user ids.")
    state, level, detail = _DECISIONS[call.path.rsplit("/", 1)[1].lower()]
    for identity in wanted:
        user = call.store.one(call.tenant, "users", str(identity))
        if user is None:
            raise not_found(str(identity))
        risky = {
            "id": user["id"],
            "isDeleted": False,
            "isProcessing": False,
            "riskDetail": detail,
            "riskLastUpdatedDateTime": clock.stamp(),
            "riskLevel": level,
            "riskState": state,
            "userDisplayName": user["displayName"],
            "userPrincipalName": user["userPrincipalName"],
        }
        call.store.save(call.tenant, "riskyUsers", risky)
    return Answer(204)


def list_detections(call: Call) -> Answer:
    """GET /identityProtection/riskDetections, newest first."""
    check_premium(call)
    listing = Listing(
        "riskDetections", "riskDetection", "identityProtection/riskDetections", order="stamp DESC", max_top=500
    )
    return odata.listed(call, listing)
