"""What an error of Microsoft's means, said to an analyst at three in the morning: what happened, and what to do.

`tests/unit/graph/test_fault_sentences.py` holds each sentence.
"""

from graph.errors import (
    CONCURRENCY,
    TRACE_NOT_SET_UP,
    AuthenticationFailed,
    Conflict,
    ConnectionFailed,
    FailedDependency,
    GraphError,
    Inconclusive,
    NotFound,
    NotLicensed,
    PermissionDenied,
    ServiceFailed,
    Throttled,
)

_TELL = "Nothing was done, and trying again will not help: give the request id to whoever runs Petra."
_NO_ACCESS_TO_MAILBOX = (
    "An application access policy in Exchange keeps Petra out of this mailbox, so nothing was done. The tenant's "
    "Exchange administrator can add the mailbox to the policy, which takes up to an hour; then try again."
)
_UNKNOWN_TENANT = "Microsoft does not know this tenant. Check the tenant id of the connection."
_NO_CONSENT = (
    "Petra's application is unknown in this tenant. An administrator has to give consent first, "
    "with the link on the tenant's Connection page."
)
_EXISTS = "What was to be made is there already. Nothing has to be done."

_BY_CODE: dict[str, str] = {
    "Authentication_RequestFromNonPremiumTenantOrB2CTenant": (
        "This tenant has no Microsoft Entra ID P1 or P2 licence, which Microsoft asks for here. These logs cannot be "
        "read without it; nothing else is affected, so go on with the other logs."
    ),
    "MailboxNotEnabledForRESTAPI": (
        "This account has no mailbox in Exchange Online: it is unlicensed, soft-deleted or hosted on-premises. "
        "Nothing has to be done in it here."
    ),
    "ErrorInvalidUser": (
        "This address has no mailbox of its own: it may be unlicensed or a distribution list. "
        "Nothing has to be done in it here."
    ),
    "ErrorItemNotFound": (
        "The item is no longer where it was: it was moved or deleted meanwhile. Nothing was done; search again to see "
        "whether it is still in the mailbox."
    ),
    "ErrorFolderNotFound": (
        "The folder no longer exists in the mailbox, so nothing was moved. The item is where it was; move it by hand "
        "if it is needed elsewhere."
    ),
    "ErrorCannotDeleteObject": (
        "The item is among the recoverable items already, where Exchange deletes nothing more. Nothing has to be done."
    ),
    "ErrorInvalidIdMalformed": (
        "Microsoft does not understand the id of this item. Nothing was done; search again to have its present id."
    ),
    "InefficientFilter": (
        "This search is too complex for the mailbox. Nothing was found or done; search for less at once, by sender or "
        "by message id."
    ),
    "Request_UnsupportedQuery": f"Microsoft does not support this way of searching. {_TELL}",
    "InvalidAuthenticationToken": (
        "Microsoft did not accept the sign-in of Petra's application, so nothing was done. "
        "Test the connection on the tenant's Connection page."
    ),
    "AADSTS7000215": "The client secret of Petra's application is wrong. Enter the current one for this connection.",
    "AADSTS7000222": "The client secret of Petra's application has expired. Make a new one and enter it.",
    "AADSTS700016": _NO_CONSENT,
    "AADSTS7000229": _NO_CONSENT,
    "AADSTS90002": _UNKNOWN_TENANT,
    "AADSTS900023": "The tenant id of the connection is not a valid one. Check it.",
    "AADSTS700027": (
        "Microsoft does not know the certificate of Petra's application, or not yet. "
        "Right after a change this takes a few minutes: try again then, or upload the certificate to the application."
    ),
    "NoAnswer": "Microsoft did not answer in time. Nothing was changed; try again in a moment.",
    "NotAnswering": (
        "Microsoft has not been answering for this tenant, so nothing was sent. Petra asks again by itself; "
        "the notice above the steps says when."
    ),
    "NoCredential": "This connection has neither a client secret nor a certificate. Enter one.",
    "BadCredential": "The certificate or private key of this connection cannot be read. Enter it again, in PEM form.",
    "TenantNotFound": _UNKNOWN_TENANT,
    "SecretUnavailable": (
        "The secret that this step needs is no longer stored, so nothing was sent. Start the step again for a new one."
    ),
    "Request_MultipleObjectsWithSameKeyValue": _EXISTS,
    CONCURRENCY: "Somebody else changed the same object at that moment. Nothing was done; try again.",
}

# (what Microsoft's message contains, what that means); for answers whose code is shared by several causes.
_BY_PHRASE: tuple[tuple[str, str], ...] = (
    (
        "on-premises mastered",
        (
            "This account is synchronised from on-premises, and Microsoft lets this be changed only there. "
            "The on-premises administrator has to do it in Active Directory."
        ),
    ),
    (
        "password complexity",
        (
            "Microsoft refused the password because it does not meet the tenant's password rules. "
            "Start the step again to make another one."
        ),
    ),
    (
        "default authentication method",
        (
            "This is the account's default sign-in method, which Microsoft removes only after the others. "
            "Remove the others first, or set another default, and try again."
        ),
    ),
    (
        TRACE_NOT_SET_UP,
        (
            "Message trace is not set up in this tenant: the service principal of Microsoft's "
            '"Transport Data Platform" is missing. An administrator has to add it; Microsoft then takes several hours.'
        ),
    ),
    (
        "Continuous access evaluation",
        (
            "Microsoft called in the sign-in of Petra's application after a change in the tenant, and a new one was "
            "not accepted. Nothing was done; try again, and if it stays so, test the connection."
        ),
    ),
    (
        "AuthZ-CmdletAccessDenied",
        (
            "Petra's application may not run Exchange commands in this tenant. Assign the Entra role "
            "Exchange Administrator to its service principal; it takes effect within minutes to hours."
        ),
    ),
    (
        "Application is over its MailboxConcurrency limit",
        (
            "Another program is using this mailbox through Petra's application at the same time. Nothing was done; "
            "try again in a moment."
        ),
    ),
    ("AppOnly AccessPolicy", _NO_ACCESS_TO_MAILBOX),
    ("Access to OData is disabled", _NO_ACCESS_TO_MAILBOX),
    ("Resource not found for the segment", f"Microsoft does not have this call in the tenant's cloud. {_TELL}"),
)

_BY_STATUS: dict[int, str] = {
    405: f"Microsoft does not allow this for an object of this kind. {_TELL}",
    410: "Microsoft no longer holds the place from which this list was to be read on. Nothing is lost: read it anew.",
    412: "Somebody else changed the item meanwhile. Nothing was done; try again, Petra then reads it anew.",
    507: (
        "There is no room left for this: the mailbox or the tenant has used up what it has. Nothing was done; have the "
        "tenant's administrator make room, then try again."
    ),
    509: ("More data was moved than Microsoft allows in a span of time. Nothing was done; try again in a few minutes."),
}

_BY_CLASS: dict[type[GraphError], str] = {
    AuthenticationFailed: (
        "Petra could not sign in to Microsoft for this tenant. Test the connection on the tenant's Connection page."
    ),
    NotLicensed: (
        "The tenant does not have the licence that Microsoft asks for here. Nothing was done; go on without it."
    ),
    NotFound: (
        "Microsoft does not find the object any more: it was deleted, or has not been created everywhere yet. "
        "Nothing was done; if it is new, try again in a minute."
    ),
    Conflict: "The object was changed by somebody else meanwhile. Nothing was done; read it again and try again.",
    ConnectionFailed: "Microsoft could not be reached. Nothing was sent; try again in a moment.",
    FailedDependency: (
        "Microsoft left this out because another request of the same set failed first. Nothing was done; "
        "see to that one, then try again."
    ),
    ServiceFailed: "Microsoft's service had a fault. Nothing has to be mended in the tenant; try again in a moment.",
}


def in_plain_words(error: GraphError) -> str:
    """Return one to three calm sentences that say what happened and what to do, for an analyst.

    The request id is not in them; it is shown beside them.
    """
    if error.outcome_unknown:
        return (
            "Microsoft did not confirm whether this was done. "
            "Trying again is safe: Petra reads the current state before anything is sent."
        )
    for phrase, words in _BY_PHRASE:
        if phrase in error.message:
            return words
    return _BY_CODE.get(error.code) or _BY_STATUS.get(error.status) or _by_class(error)


def _by_class(error: GraphError) -> str:
    if isinstance(error, PermissionDenied):
        return _of_refusal(error)
    if isinstance(error, Throttled):
        return _of_throttling(error)
    if isinstance(error, Inconclusive):
        return error.message
    for kind in type(error).__mro__:
        if kind in _BY_CLASS:
            return _BY_CLASS[kind]
    return f"Microsoft refused the request: {error.message.rstrip('.')}. {_TELL}"


def _of_refusal(error: PermissionDenied) -> str:
    causes = []
    if error.needs:
        noun = "permission" if len(error.needs) == 1 else "permissions"
        causes.append(f"the application {noun} {' and '.join(error.needs)}")
    if error.role:
        causes.append(f"the Entra role {error.role} on its service principal")
    if not causes:
        return (
            "Microsoft refused: Petra's application lacks a permission or a role for this in the tenant. "
            "Nothing was done; grant what is missing and try again."
        )
    return (
        f"Microsoft refused: Petra's application needs {', and '.join(causes)}. "
        "Grant what is missing in this tenant and try again."
    )


def _of_throttling(error: Throttled) -> str:
    if error.retry_after:
        seconds = max(1, round(error.retry_after))
        span = "1 second" if seconds == 1 else f"{seconds} seconds"
        return f"Microsoft asks to wait {span} before this is tried again. Nothing was done."
    return "Microsoft asks to slow down. Nothing was done; try again in a moment."
