"""Calls about Exchange mailboxes that Graph does not offer: hidden rules, forwarding, delegates.

They go over `POST /adminapi/beta/{tenant}/InvokeCommand`, the transport of Microsoft's own ExchangeOnlineManagement
module. It is not a published API and may change. Permission for all of them: Exchange.ManageAsApp together with the
Entra role Exchange Administrator on Petra's service principal:
https://learn.microsoft.com/powershell/exchange/app-only-auth-powershell-v2. The cmdlets are documented at
https://learn.microsoft.com/powershell/module/exchange/.

A `mailbox` is a user principal name, an address or an object id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.odata import moment
from graph.request import EXCHANGE_ADMIN, Request, Service

PAGE_SIZE = 1000
MOST_TRACES = 5000  # rows of one Get-MessageTraceV2

# A "hash table" parameter changes a list instead of replacing it.
_HASH_TABLE = {"@odata.type": "#Exchange.GenericHashTable"}


def invoke(cmdlet: str, parameters: Mapping[str, Any], anchor: str | None = None) -> Request:
    """POST InvokeCommand: run one cmdlet. Answers {"value": [objects]}, empty for cmdlets that return nothing.

    `anchor` is the mailbox whose server should do the work; without it the tenant's system mailbox is taken.
    """
    headers = [("X-CmdletName", cmdlet), ("Prefer", f"odata.maxpagesize={PAGE_SIZE}")]
    if anchor and "@" in anchor:
        headers.append(("X-AnchorMailbox", f"UPN:{anchor}"))
    return Request(
        "POST",
        "/InvokeCommand",
        lane=EXCHANGE_ADMIN,
        body={"CmdletInput": {"CmdletName": cmdlet, "Parameters": dict(parameters)}},
        headers=tuple(headers),
        service=Service.EXCHANGE,
    )


def inbox_rules(mailbox: str) -> Request:
    """Get-InboxRule: all inbox rules, hidden ones included."""
    return invoke("Get-InboxRule", {"Mailbox": mailbox, "IncludeHidden": True}, anchor=mailbox)


def disable_inbox_rule(mailbox: str, identity: str) -> Request:
    r"""Disable-InboxRule: switch a rule off; `identity` is its `Identity` ("mailbox\number") or `RuleIdentity`.

    Exchange drops rules that exist only in the person's Outlook when it changes any rule.
    """
    return _rule("Disable-InboxRule", mailbox, identity)


def enable_inbox_rule(mailbox: str, identity: str) -> Request:
    """Enable-InboxRule: switch a rule on again."""
    return _rule("Enable-InboxRule", mailbox, identity)


def mailbox(mailbox: str) -> Request:
    """Get-Mailbox: forwarding, Send on Behalf and auditing of one mailbox."""
    return invoke("Get-Mailbox", {"Identity": mailbox}, anchor=mailbox)


def set_forwarding(mailbox: str, smtp: str | None, address: str | None, deliver: bool) -> Request:
    """Set-Mailbox: forward to an outside address (`smtp`), an inside recipient (`address`), or neither.

    `address` wins over `smtp` in Exchange. `deliver` keeps a copy in the mailbox.
    """
    parameters = {
        "Identity": mailbox,
        "ForwardingSmtpAddress": smtp,
        "ForwardingAddress": address,
        "DeliverToMailboxAndForward": deliver,
    }
    return invoke("Set-Mailbox", parameters, anchor=mailbox)


def clear_forwarding(mailbox: str) -> Request:
    """Set-Mailbox: forward nowhere."""
    return set_forwarding(mailbox, smtp=None, address=None, deliver=False)


def mailbox_permissions(mailbox: str) -> Request:
    """Get-MailboxPermission: who may open the mailbox."""
    return invoke("Get-MailboxPermission", {"Identity": mailbox}, anchor=mailbox)


def add_mailbox_permission(mailbox: str, user: str, rights: str = "FullAccess") -> Request:
    """Add-MailboxPermission: let somebody open the mailbox, without mapping it into their Outlook."""
    parameters = {**_permission(mailbox, user, rights), "AutoMapping": False}
    return invoke("Add-MailboxPermission", parameters, anchor=mailbox)


def remove_mailbox_permission(mailbox: str, user: str, rights: str = "FullAccess") -> Request:
    """Remove-MailboxPermission: no longer let somebody open the mailbox."""
    parameters = {**_permission(mailbox, user, rights), "Confirm": False}
    return invoke("Remove-MailboxPermission", parameters, anchor=mailbox)


def recipient_permissions(mailbox: str) -> Request:
    """Get-RecipientPermission: who may send as the mailbox."""
    return invoke("Get-RecipientPermission", {"Identity": mailbox}, anchor=mailbox)


def add_recipient_permission(mailbox: str, trustee: str) -> Request:
    """Add-RecipientPermission: let somebody send as the mailbox."""
    return invoke("Add-RecipientPermission", _send_as(mailbox, trustee), anchor=mailbox)


def remove_recipient_permission(mailbox: str, trustee: str) -> Request:
    """Remove-RecipientPermission: no longer let somebody send as the mailbox."""
    return invoke("Remove-RecipientPermission", _send_as(mailbox, trustee), anchor=mailbox)


def set_send_on_behalf(mailbox: str, *, add: str | None = None, remove: str | None = None) -> Request:
    """Set-Mailbox: change one entry of the list of those who may send on behalf of the mailbox.

    Raises:
        ValueError: unless exactly one of `add` and `remove` is given.
    """
    if bool(add) == bool(remove):
        raise ValueError("one trustee to add or to remove")
    change = {"Add": [add]} if add else {"Remove": [remove]}
    return invoke("Set-Mailbox", {"Identity": mailbox, "GrantSendOnBehalfTo": {**_HASH_TABLE, **change}}, mailbox)


def admin_audit_log_config() -> Request:
    """Get-AdminAuditLogConfig: `UnifiedAuditLogIngestionEnabled` says whether the unified audit log is written."""
    return invoke("Get-AdminAuditLogConfig", {})


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceQuestion:
    """Which deliveries of which time are asked for: of these messages, from these senders, or with this subject part.

    `after` is "Received" and the recipient of the last row of an answer that was full: the next one goes on from there.
    """

    since: datetime
    until: datetime
    ids: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    subject: str = ""
    after: tuple[str, str] = ("", "")


def message_trace(question: TraceQuestion) -> Request:
    """Get-MessageTraceV2: deliveries of the last 90 days, a row per recipient, the newest first.

    At most 10 days and 5000 rows a question, and 100 questions in 5 minutes per tenant. It has no pages.
    https://learn.microsoft.com/powershell/module/exchangepowershell/get-messagetracev2
    """
    received, recipient = question.after
    parameters: dict[str, Any] = {
        "StartDate": moment(question.since),
        # As Exchange told it, to the last digit: a part of a second less would leave recipients of one mail out.
        "EndDate": received or moment(question.until),
        "ResultSize": MOST_TRACES,
    }
    optional = {
        "MessageId": list(question.ids),
        "SenderAddress": list(question.senders),
        "Subject": question.subject,
        "StartingRecipientAddress": recipient,
    }
    parameters |= {name: value for name, value in optional.items() if value}
    if question.subject:
        parameters["SubjectFilterType"] = "Contains"
    return invoke("Get-MessageTraceV2", parameters)


def _rule(cmdlet: str, mailbox: str, identity: str) -> Request:
    parameters = {"Mailbox": mailbox, "Identity": identity, "Confirm": False, "Force": True}
    return invoke(cmdlet, parameters, anchor=mailbox)


def _permission(mailbox: str, user: str, rights: str) -> dict[str, Any]:
    return {"Identity": mailbox, "User": user, "AccessRights": [rights], "InheritanceType": "All"}


def _send_as(mailbox: str, trustee: str) -> dict[str, Any]:
    return {"Identity": mailbox, "Trustee": trustee, "AccessRights": ["SendAs"], "Confirm": False}
