"""The Exchange admin endpoint: one address, a cmdlet with parameters in the body.

It is the undocumented transport of the ExchangeOnlineManagement module; its shapes follow what that module's known
clients send and what they have recorded (error JSON: Microsoft365DSC #2998).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from graph.simulator import roles
from graph.simulator.calls import Answer, Call, PlainRefusal, Refusal
from graph.simulator.exchange_mailboxes import MAILBOX_CMDLETS
from graph.simulator.exchange_rules import RULE_CMDLETS
from graph.simulator.exchange_searches import SEARCH_CMDLETS
from graph.simulator.exchange_targets import CmdletFailed, Outcome

Cmdlet = Callable[[Call, dict[str, Any]], Outcome]

CMDLETS: dict[str, tuple[str, Cmdlet]] = {
    name.lower(): (name, run) for name, run in (*MAILBOX_CMDLETS, *RULE_CMDLETS, *SEARCH_CMDLETS)
}

_FULL = {"Global Administrator", "Exchange Administrator"}
_RECIPIENTS = {"Exchange Recipient Administrator"}
_READERS = {
    "Global Reader",
    "Security Reader",
    "Security Administrator",
    "Compliance Administrator",
    "Helpdesk Administrator",
}
_CONTEXT = "https://outlook.office365.com/adminapi/beta/{}/$metadata#Collection(Exchange.GenericHashTable)"


def invoke(call: Call) -> Answer:
    """POST /InvokeCommand: 200 with the cmdlet's objects, or 400/403/404 in Exchange's own shape."""
    if call.method != "POST" or call.path != "/InvokeCommand":
        raise Refusal(405, "MethodNotAllowed", "Only POST /InvokeCommand is served here.")
    given = call.fields().get("CmdletInput")
    if not isinstance(given, dict) or not isinstance(given.get("CmdletName"), str):
        raise cmdlet_error(CmdletFailed(400, "InvalidOperationException", "CmdletInput.CmdletName is missing."))
    name = given["CmdletName"]
    _check_access(call, name)
    parameters = {str(key).lower(): value for key, value in (given.get("Parameters") or {}).items()}
    known = CMDLETS.get(name.lower())
    try:
        if known is None:
            text = f"The term '{name}' is not recognized as the name of a cmdlet."
            raise CmdletFailed(400, "CommandNotFoundException", text)
        outcome = known[1](call, parameters)
    except CmdletFailed as failure:
        raise cmdlet_error(failure) from failure
    body: dict[str, Any] = {"@odata.context": _CONTEXT.format(call.tenant.id), "value": outcome.objects}
    if outcome.warnings:
        body["@adminapi.warnings"] = outcome.warnings
    return Answer(200, body)


def _check_access(call: Call, cmdlet: str) -> None:
    """Exchange.ManageAsApp in the token, and a role on the service principal that Exchange accepts."""
    if "Exchange.ManageAsApp" not in call.permissions:
        raise PlainRefusal(403, None)  # recorded: a token without it gets a 403 with no body at all
    held = roles.names_of(call.tenant.settings.directory_roles)
    reads = cmdlet.lower().startswith(("get-", "search-"))
    allowed = _FULL | _RECIPIENTS
    if reads and cmdlet.lower() != "get-inboxrule":  # EXODOC: not for Global Reader and View-Only
        allowed = allowed | _READERS
    if held.isdisjoint(allowed):
        text = (
            f"[AuthZRequestId={uuid.uuid4()}][FailureCategory=AuthZ-CmdletAccessDeniedException] The role assigned to"
            f" application {call.app_id} isn't supported in this scenario. Please check online documentation for"
            " assigning correct Directory Roles to Azure AD Application for EXO App-Only Authentication."
        )
        raise PlainRefusal(403, text)


def cmdlet_error(failure: CmdletFailed) -> PlainRefusal:
    """A cmdlet's error; the telling text is the third part of details[0].message."""
    full = f"Microsoft.Exchange.Configuration.Tasks.{failure.kind}"
    message = f"Ex6F9304|{full}|{failure.text}"
    inner = {
        "message": "Error executing cmdlet",
        "type": "Microsoft.Exchange.Admin.OData.Core.ODataServiceException",
        "stacktrace": "   at Microsoft.Exchange.Admin.OData.Core.CmdletInvoker.Invoke()",
        "internalexception": {"message": message, "type": full, "stacktrace": ""},
    }
    error = {
        "code": {404: "NotFound", 400: "BadRequest"}.get(failure.status, "InternalServerError"),
        "message": "Error executing cmdlet",
        "details": [{"code": "Context", "target": "", "message": message}],
        "innererror": inner,
    }
    return PlainRefusal(failure.status, {"error": error})
