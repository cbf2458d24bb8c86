"""Every fault that Microsoft is known to answer with, and the sentence that an analyst reads.

Statuses, codes and texts: https://learn.microsoft.com/graph/errors, …/throttling, …/json-batching, and the pages of
the calls. A sentence says what happened, and what to do or that nothing has to be done.
"""

from typing import Any, NamedTuple

import pytest

from graph import AuthenticationFailed, ConnectionFailed, GraphError, Inconclusive, in_plain_words
from graph.errors import from_response

TELL = "Nothing was done, and trying again will not help: give the request id to whoever runs Petra."
POLICY = (
    "An application access policy in Exchange keeps Petra out of this mailbox, so nothing was done. The tenant's "
    "Exchange administrator can add the mailbox to the policy, which takes up to an hour; then try again."
)
SIGN_IN = (
    "Microsoft did not accept the sign-in of Petra's application, so nothing was done. "
    "Test the connection on the tenant's Connection page."
)
REFUSED = (
    "Microsoft refused: Petra's application lacks a permission or a role for this in the tenant. "
    "Nothing was done; grant what is missing and try again."
)
GONE = (
    "Microsoft does not find the object any more: it was deleted, or has not been created everywhere yet. "
    "Nothing was done; if it is new, try again in a minute."
)
FAULT = "Microsoft's service had a fault. Nothing has to be mended in the tenant; try again in a moment."
UNKNOWN = (
    "Microsoft did not confirm whether this was done. "
    "Trying again is safe: Petra reads the current state before anything is sent."
)
CMDLET_GONE = "Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|It couldn't be found."


class Fault(NamedTuple):
    """An answer of Microsoft's, and what is said about it."""

    status: int
    code: str
    message: str
    sentence: str
    headers: dict[str, str] = {}
    is_write: bool = False
    details: str = ""

    def error(self) -> GraphError:
        told: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            told["details"] = [{"code": "Context", "target": "", "message": self.details}]
        content = {"error": told} if self.code else None
        return from_response(self.status, content, self.headers, is_write=self.is_write)


FAULTS = [
    Fault(400, "Request_BadRequest", "Invalid value.", f"Microsoft refused the request: Invalid value. {TELL}"),
    Fault(400, "BadRequest", "Resource not found for the segment 'x'.",
          f"Microsoft does not have this call in the tenant's cloud. {TELL}"),
    Fault(400, "InefficientFilter", "The restriction or sort order is too complex for this operation.",
          "This search is too complex for the mailbox. Nothing was found or done; search for less at once, by sender "
          "or by message id."),
    Fault(400, "Request_UnsupportedQuery", "Unsupported query.",
          f"Microsoft does not support this way of searching. {TELL}"),
    Fault(400, "ErrorInvalidIdMalformed", "Id is malformed.",
          "Microsoft does not understand the id of this item. Nothing was done; search again to have its present id."),
    Fault(400, "Request_BadRequest",
          "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects "
          "currently undergoing migration.",
          "This account is synchronised from on-premises, and Microsoft lets this be changed only there. The "
          "on-premises administrator has to do it in Active Directory."),
    Fault(400, "Request_BadRequest",
          "The specified password does not comply with password complexity requirements. Please provide a different "
          "password.",
          "Microsoft refused the password because it does not meet the tenant's password rules. Start the step again "
          "to make another one."),
    Fault(400, "badRequest",
          "The requested authentication method id of [..] matches the user's current default authentication method, "
          "and cannot be deleted until the default authentication method is changed",
          "This is the account's default sign-in method, which Microsoft removes only after the others. Remove the "
          "others first, or set another default, and try again."),
    Fault(401, "InvalidAuthenticationToken", "Access token is empty.", SIGN_IN),
    Fault(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.", SIGN_IN),
    Fault(401, "InvalidAuthenticationToken",
          "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: "
          "TokenIssuedBeforeRevocationTimestamp",
          "Microsoft called in the sign-in of Petra's application after a change in the tenant, and a new one was not "
          "accepted. Nothing was done; try again, and if it stays so, test the connection.",
          {"www-authenticate": 'Bearer realm="", error="insufficient_claims", claims="e30="'}),
    Fault(401, "Unauthorized",
          "Service principal-less Authentication failed: the service principal for App ID "
          "8bd644d1-64a1-4d4b-ae52-2e0cbf64e373 was not found.",
          "Message trace is not set up in this tenant: the service principal of Microsoft's \"Transport Data "
          'Platform" is missing. An administrator has to add it; Microsoft then takes several hours.'),
    Fault(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.", REFUSED),
    Fault(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.", REFUSED),
    Fault(403, "accessDenied", "Request Authorization failed", REFUSED),
    Fault(403, "", "", REFUSED),
    Fault(403, "ErrorAccessDenied", "Access to OData is disabled.", POLICY),
    Fault(403, "ErrorAccessDenied",
          "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.", POLICY),
    Fault(403, "ErrorCannotDeleteObject", "Object cannot be deleted.",
          "The item is among the recoverable items already, where Exchange deletes nothing more. Nothing has to be "
          "done."),
    Fault(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
          "Neither tenant is B2C or tenant doesn't have premium license",
          "This tenant has no Microsoft Entra ID P1 or P2 licence, which Microsoft asks for here. These logs cannot "
          "be read without it; nothing else is affected, so go on with the other logs."),
    Fault(403, "Forbidden",
          "[FailureCategory=AuthZ-CmdletAccessDeniedException] The role assigned to application x isn't supported in "
          "this scenario.",
          "Petra's application may not run Exchange commands in this tenant. Assign the Entra role Exchange "
          "Administrator to its service principal; it takes effect within minutes to hours."),
    Fault(404, "Request_ResourceNotFound",
          "Resource 'x' does not exist or one of its queried reference-property objects are not present.", GONE),
    Fault(404, "ResourceNotFound", "Resource could not be discovered.", GONE),
    Fault(404, "NotFound", "Error executing cmdlet", GONE, details=CMDLET_GONE),
    Fault(404, "ErrorItemNotFound", "The specified object was not found in the store.",
          "The item is no longer where it was: it was moved or deleted meanwhile. Nothing was done; search again to "
          "see whether it is still in the mailbox."),
    Fault(404, "ErrorFolderNotFound", "The specified folder could not be found in the store.",
          "The folder no longer exists in the mailbox, so nothing was moved. The item is where it was; move it by "
          "hand if it is needed elsewhere."),
    Fault(404, "ErrorInvalidUser", "The requested user 'x' is invalid.",
          "This address has no mailbox of its own: it may be unlicensed or a distribution list. Nothing has to be "
          "done in it here."),
    Fault(404, "MailboxNotEnabledForRESTAPI",
          "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
          "This account has no mailbox in Exchange Online: it is unlicensed, soft-deleted or hosted on-premises. "
          "Nothing has to be done in it here."),
    Fault(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.",
          f"Microsoft does not allow this for an object of this kind. {TELL}"),
    Fault(409, "Directory_ConcurrencyViolation", "The request could not be completed.",
          "Somebody else changed the same object at that moment. Nothing was done; try again."),
    Fault(409, "Request_MultipleObjectsWithSameKeyValue", "Permission entry already exists.",
          "What was to be made is there already. Nothing has to be done."),
    Fault(409, "Conflict", "Conflict.",
          "The object was changed by somebody else meanwhile. Nothing was done; read it again and try again."),
    Fault(410, "syncStateNotFound", "Resync required.",
          "Microsoft no longer holds the place from which this list was to be read on. Nothing is lost: read it anew."),
    Fault(412, "ErrorIrresolvableConflict", "The send or update operation could not be performed.",
          "Somebody else changed the item meanwhile. Nothing was done; try again, Petra then reads it anew."),
    Fault(424, "FailedDependency", "Request failed because request 1 that it depends on failed.",
          "Microsoft left this out because another request of the same set failed first. Nothing was done; see to "
          "that one, then try again."),
    Fault(429, "TooManyRequests", "Please retry again later.",
          "Microsoft asks to wait 10 seconds before this is tried again. Nothing was done.", {"Retry-After": "10"}),
    Fault(429, "activityLimitReached", "Slow down.",
          "Microsoft asks to wait 1 second before this is tried again. Nothing was done.", {"Retry-After": "1"}),
    Fault(429, "TooManyRequests", "Please retry again later.",
          "Microsoft asks to slow down. Nothing was done; try again in a moment."),
    Fault(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.",
          "Another program is using this mailbox through Petra's application at the same time. Nothing was done; try "
          "again in a moment.", {"Retry-After": "1"}),
    *(Fault(status, code, "x", FAULT) for status, code in (
        (500, "UnknownError"), (502, "BadGateway"), (504, "UnknownGatewayTimeout"))),
    *(Fault(status, code, "x", UNKNOWN, is_write=True) for status, code in (
        (500, "UnknownError"), (502, "BadGateway"), (503, "ServiceUnavailable"), (504, "UnknownGatewayTimeout"))),
    Fault(503, "ServiceNotAvailable", "x", FAULT, {"Retry-After": "5"}),
    Fault(507, "ErrorQuotaExceeded", "The mailbox is full.",
          "There is no room left for this: the mailbox or the tenant has used up what it has. Nothing was done; have "
          "the tenant's administrator make room, then try again.", is_write=True),
    Fault(509, "BandwidthLimitExceeded", "x",
          "More data was moved than Microsoft allows in a span of time. Nothing was done; try again in a few minutes."),
]  # fmt: skip

_TENANT = "Microsoft does not know this tenant. Check the tenant id of the connection."
_NO_CONSENT = (
    "Petra's application is unknown in this tenant. An administrator has to give consent first, with the link on the "
    "tenant's Connection page."
)
SIGNING_IN = {
    "AADSTS7000215": "The client secret of Petra's application is wrong. Enter the current one for this connection.",
    "AADSTS7000222": "The client secret of Petra's application has expired. Make a new one and enter it.",
    "AADSTS700016": _NO_CONSENT,
    "AADSTS7000229": _NO_CONSENT,
    "AADSTS90002": _TENANT,
    "AADSTS900023": "The tenant id of the connection is not a valid one. Check it.",
    "AADSTS700027": "Microsoft does not know the certificate of Petra's application, or not yet. Right after a change "
    "this takes a few minutes: try again then, or upload the certificate to the application.",
    "TenantNotFound": _TENANT,
    "NoCredential": "This connection has neither a client secret nor a certificate. Enter one.",
    "BadCredential": "The certificate or private key of this connection cannot be read. Enter it again, in PEM form.",
    "AADSTS1": "Petra could not sign in to Microsoft for this tenant. Test the connection on the tenant's Connection "
    "page.",
}
# Microsoft's error table, and what the pages of the calls add.
STATUSES = {400, 401, 403, 404, 405, 409, 410, 412, 424, 429, 500, 502, 503, 504, 507, 509}


def name_of(fault: Fault) -> str:
    return f"{fault.status} {fault.code} {fault.message[:30]}{' write' if fault.is_write else ''}"


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_a_fault_has_its_sentence(fault: Fault) -> None:
    assert in_plain_words(fault.error()) == fault.sentence


@pytest.mark.parametrize(("code", "sentence"), SIGNING_IN.items())
def test_a_sign_in_that_failed_has_its_sentence(code: str, sentence: str) -> None:
    assert in_plain_words(AuthenticationFailed(message="?", code=code)) == sentence


def test_every_status_is_in_the_table() -> None:
    assert {fault.status for fault in FAULTS} == STATUSES


def test_a_refusal_names_what_is_missing() -> None:
    refusal = from_response(403, None, {})
    assert in_plain_words(refusal.but(needs=("Mail.ReadWrite",))) == (
        "Microsoft refused: Petra's application needs the application permission Mail.ReadWrite. "
        "Grant what is missing in this tenant and try again."
    )
    assert in_plain_words(refusal.but(needs=("A", "B"), role="R")) == (
        "Microsoft refused: Petra's application needs the application permissions A and B, and the Entra role R on "
        "its service principal. Grant what is missing in this tenant and try again."
    )


def test_a_network_that_failed() -> None:
    assert in_plain_words(ConnectionFailed(message="?")) == (
        "Microsoft could not be reached. Nothing was sent; try again in a moment."
    )
    assert in_plain_words(ConnectionFailed(message="?", code="NoAnswer")) == (
        "Microsoft did not answer in time. Nothing was changed; try again in a moment."
    )
    assert in_plain_words(ConnectionFailed(message="?", code="NoAnswer", outcome_unknown=True)) == UNKNOWN
    assert in_plain_words(Inconclusive(message="Nothing can be concluded.")) == "Nothing can be concluded."


@pytest.mark.parametrize("sentence", sorted({fault.sentence for fault in FAULTS} | set(SIGNING_IN.values())))
def test_a_sentence_is_short_whole_and_without_codes(sentence: str) -> None:
    assert sentence.endswith(".")
    assert sentence.count(". ") >= 1  # what happened, then what to do
    assert len(sentence) <= 260
    assert not any(word in sentence for word in ("Error", "AADSTS", "OData", "null"))
