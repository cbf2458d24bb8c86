"""Reports: sign-ins and directory audits.

Source: DOCS signin-list; without Entra ID P1 they answer 403 in the words quoted all over the web.
"""

from __future__ import annotations

from typing import Any

from graph.simulator import odata
from graph.simulator.calls import Answer, Call, Refusal, bad_request, not_found
from graph.simulator.odata import Listing

_PAGE = 1000


def check_premium(call: Call) -> None:
    """Raises Refusal 403 for a tenant without a premium licence."""
    if not call.tenant.settings.licences.get("premium", True):
        text = "Neither tenant is B2C or tenant doesn't have premium license"
        raise Refusal(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", text)


def list_sign_ins(call: Call) -> Answer:
    """GET /auditLogs/signIns, newest first. Only interactive ones, unless a beta filter asks for other event types."""
    check_premium(call)
    where = "1"
    if "signInEventTypes" not in call.query.get("filter", ""):
        where = "COALESCE(json_extract(body, '$.isInteractive'), 1) = 1"
    listing = Listing(
        "signIns", "signIn", "auditLogs/signIns", where, order="stamp DESC, seq", default_top=_PAGE, max_top=_PAGE
    )
    return odata.listed(call, listing)


def get_sign_in(call: Call) -> Answer:
    """GET /auditLogs/signIns/{id}."""
    check_premium(call)
    found = call.store.one(call.tenant, "signIns", call.arguments[0])
    if found is None:
        raise not_found(call.arguments[0])
    return odata.single(call, "signIn", "auditLogs/signIns", found)


def confirm_sign_ins(call: Call) -> Answer:
    """POST /auditLogs/signIns/confirmCompromised: 204."""
    check_premium(call)
    wanted = call.field("requestIds")
    if not isinstance(wanted, list):
        raise bad_request("requestIds must be a list of sign-in ids.")
    for identity in wanted:
        found = call.store.one(call.tenant, "signIns", str(identity))
        if found is not None:
            risk = {"riskState": "confirmedCompromised", "riskDetail": "adminConfirmedSigninCompromised"}
            call.store.save(call.tenant, "signIns", found | risk)
    return Answer(204)


def list_directory_audits(call: Call) -> Answer:
    """GET /auditLogs/directoryAudits, newest first."""
    listing: dict[str, Any] = {"order": "stamp DESC, seq DESC", "default_top": _PAGE, "max_top": _PAGE}
    return odata.listed(call, Listing("directoryAudits", "directoryAudit", "auditLogs/directoryAudits", **listing))
