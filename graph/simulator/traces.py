"""Message traces: a row per recipient, once Microsoft's service principal for it stands in the tenant.

Source: DOCS exchangemessagetrace-list; the 401 verbatim from office365itpros.com.
"""

from __future__ import annotations

import re

from graph.simulator import clock, odata, trace_window
from graph.simulator.calls import Answer, Call, Refusal, bad_request, not_found
from graph.simulator.odata import Listing

TRANSPORT_DATA_PLATFORM = "8bd644d1-64a1-4d4b-ae52-2e0cbf64e373"
_LITERAL = re.compile("'(?:[^']|'')*'")
_RECEIVED = re.compile(r"\breceivedDateTime (ge|le) (\S+?)(?=[)\s]|$)")
_SUBJECT_EQUALS = re.compile(r"\bsubject (?:eq|ne)\b")


def _check_provisioned(call: Call) -> None:
    if call.tenant.settings.licences.get("messageTrace", True):
        return
    if call.store.aliased(call.tenant, "servicePrincipals", TRANSPORT_DATA_PLATFORM, lagged=True):
        return
    text = (
        "Service principal-less Authentication failed: the service principal for App ID"
        f" {TRANSPORT_DATA_PLATFORM} was not found. Please create a service principal for this app in your tenant."
        " Provisioning may take several hours to complete."
    )
    raise Refusal(401, "Unauthorized", text)


def list_traces(call: Call) -> Answer:
    """GET /admin/exchange/tracing/messageTraces."""
    _check_provisioned(call)
    text = call.query.get("filter", "")
    if _SUBJECT_EQUALS.search(_LITERAL.sub("''", text)):
        raise bad_request("The filter on 'subject' supports contains, startsWith and endsWith.")
    listing = Listing(
        "messageTraces",
        "exchangeMessageTrace",
        "admin/exchange/tracing/messageTraces",
        where="stamp >= ? AND stamp <= ?",
        params=_span(call, text),
        order="stamp DESC, seq",
        default_top=1000,
        max_top=5000,
    )
    return odata.listed(call, listing)


def _span(call: Call, text: str) -> trace_window.Span:
    """The span of time that a filter names: both of its ends, or neither. Raises Refusal 400."""
    bounds = dict(_RECEIVED.findall(_LITERAL.sub("''", text)))
    if len(bounds) == 1:
        raise bad_request("Both a start and an end of receivedDateTime must be given.")
    try:
        since, until = (clock.moment_of(bounds[sign]) if sign in bounds else None for sign in ("ge", "le"))
        return trace_window.span(call.tenant, since, until)
    except ValueError as error:
        raise bad_request(str(error)) from error


def list_details(call: Call) -> Answer:
    """GET …/messageTraces/{id}/getDetailsByRecipient(recipientAddress='…')."""
    _check_provisioned(call)
    trace_id, recipient = call.arguments[0], call.arguments[1].strip("'")
    trace = call.store.one(call.tenant, "messageTraces", trace_id, owner=recipient)
    if trace is None:
        raise not_found(trace_id)
    events = [("Receive", "Message received."), ("Deliver", "The message was successfully delivered.")]
    value = [
        {
            "id": f"{trace_id}-{number}",
            "messageId": trace["messageId"],
            "dateTime": trace["receivedDateTime"],
            "event": event,
            "action": None,
            "description": description,
            "data": None,
        }
        for number, (event, description) in enumerate(events)
    ]
    context = odata.context(call, "Collection(microsoft.graph.exchangeMessageTraceDetail)")
    return Answer(200, {"@odata.context": context, "value": value})
