"""A log record in plain words: what was done, to what. Unknown operations keep Microsoft's own name."""

from incidents.enums import Workload
from incidents.models import LogRecord

# Operation (without the full stop that Entra writes behind it) -> words; {item}, {result}, {count}
# and {subject} are filled in.
_WORDS = {
    "MailItemsAccessed": "Read {count} in {item}",
    "Send": "Sent “{subject}”",
    "SendAs": "Sent “{subject}” as somebody else",
    "SendOnBehalf": "Sent “{subject}” on behalf of somebody",
    "Create": "Created “{subject}”",
    "Update": "Changed “{subject}”",
    "Move": "Moved {count} from {item}",
    "MoveToDeletedItems": "Moved {count} to Deleted Items",
    "SoftDelete": "Deleted {count} from {item}",
    "HardDelete": "Removed {count} for good from {item}",
    "New-InboxRule": "Made the mail rule “{item}”",
    "Set-InboxRule": "Changed the mail rule “{item}”",
    "Remove-InboxRule": "Removed the mail rule “{item}”",
    "Disable-InboxRule": "Switched off the mail rule “{item}”",
    "Enable-InboxRule": "Switched on the mail rule “{item}”",
    "UpdateInboxRules": "Changed mail rules: “{item}”",
    "New-TransportRule": "Made a mail flow rule for the whole tenant: {item}",
    "Set-TransportRule": "Changed a mail flow rule of the whole tenant: {item}",
    "Set-Mailbox": "Changed the mailbox's settings: {item}",
    "Add-MailboxPermission": "Gave access to the mailbox: {item}",
    "Remove-MailboxPermission": "Took away access to the mailbox: {item}",
    "Add-RecipientPermission": "Gave the right to send as this person: {item}",
    "Remove-RecipientPermission": "Took away the right to send as this person: {item}",
    "SearchQueryInitiatedExchange": "Searched mail for {item}",
    "SearchQueryInitiatedSharePoint": "Searched files for {item}",
    "FileAccessed": "Opened the file {item}",
    "FilePreviewed": "Previewed the file {item}",
    "FileDownloaded": "Downloaded the file {item}",
    "FileUploaded": "Uploaded the file {item}",
    "FileModified": "Changed the file {item}",
    "FileDeleted": "Deleted the file {item}",
    "FileSyncDownloadedFull": "Synchronized the file {item}",
    "SharingSet": "Shared {item}",
    "AnonymousLinkCreated": "Made a link for anyone to {item}",
    "Consent to application": "Consented to the application {item}",
    "Add delegated permission grant": "Granted permissions to {item}",
    "Add service principal": "Added the application {item} to the tenant",
    "Add application": "Registered the application {item}",
    "Update application – Certificates and secrets management": "Added a secret to the application {item}",
    "Add owner to application": "Added an owner to the application {item}",
    "Add user": "Added the user {item}",
    "Invite external user": "Invited {item} as a guest",
    "Disable account": "Locked the account {item}",
    "Enable account": "Unlocked the account {item}",
    "Reset user password": "Reset the password of {item}",
    "Change user password": "Changed the password of {item}",
    "Update StsRefreshTokenValidFrom Timestamp": "Ended the sessions of {item}",
    "User registered security info": "Registered a sign-in method: {result}",
    "User deleted security info": "Removed a sign-in method: {result}",
    "Add device": "Registered the device {item}",
    "Register device": "Registered the device {item}",
    "Update user": "Changed the account {item}",
    "Update device": "Changed the device {item}",
    "Add registered owner to device": "Made {item} owner of a device",
    "Add registered users to device": "Made {item} user of a device",
    "Add member to role": "Gave an admin role to {item}",
    "Add member to group": "Added a member to the group {item}",
    "MessageSent": "Sent a Teams message in {item}",
    "ChatCreated": "Began a Teams chat: {item}",
    "TeamsSessionStarted": "Signed in to Teams",
}
NON_INTERACTIVE = "Sign-in (non-interactive)"  # a session went on by itself; nobody typed anything
KNOWN_OPERATIONS = ("UserLoggedIn", "UserLoginFailed", "Sign-in", NON_INTERACTIVE, *_WORDS)  # to choose from
_MAIL_COUNTED = frozenset({"MailItemsAccessed", "Move", "MoveToDeletedItems", "SoftDelete", "HardDelete"})
_ICONS = {
    Workload.LOGINS: "login",
    Workload.EXCHANGE: "mail",
    Workload.SHAREPOINT: "file",
    Workload.TEAMS: "brand-teams",
    Workload.DIRECTORY: "users",
    Workload.OTHER: "file",
}
_ICONS_BY_START = (
    ("Send", "send"),
    ("New-InboxRule", "filter"),
    ("Set-InboxRule", "filter"),
    ("UpdateInboxRules", "filter"),
    ("Set-Mailbox", "mail-forward"),
    ("HardDelete", "trash"),
    ("SoftDelete", "trash"),
    ("MoveToDeletedItems", "trash"),
    ("Search", "search"),
    ("FileDownloaded", "download"),
    ("Consent", "app-window"),
    ("Add application", "app-window"),
    ("Add service principal", "app-window"),
    ("Add device", "device-laptop"),
    ("User registered", "key"),
)


def record_words(record: LogRecord) -> str:
    """What was done, in a sentence that begins with the verb."""
    if record.workload == Workload.LOGINS:
        return _login_words(record)
    words = _WORDS.get(operation_name(record.operation))
    if words is None:
        name = operation_name(record.operation)
        return f"{name}: {record.item}" if record.item else name
    item = record.item or ("the mailbox" if record.workload == Workload.EXCHANGE else "(no name)")
    filled = words.format(
        item=item,
        result=record.result or item,
        count=_mails(record),
        subject=record.subject or "a mail",
    )
    return f"{filled} – {record.subject}" if _tells_subject(record) else filled


def operation_name(operation: str) -> str:
    """The operation as the directory audits write it: without the unified log's trailing full stop."""
    return operation.strip().removesuffix(".").strip()


def record_icon(record: LogRecord) -> str:
    """Name of the icon for a record."""
    for start, icon in _ICONS_BY_START:
        if record.operation.startswith(start):
            return icon
    return _ICONS[Workload(record.workload)]


def _login_words(record: LogRecord) -> str:
    target = f" to {record.application}" if record.application else ""
    if record.is_success is False:
        return f"Sign-in{target} failed"
    if record.operation == NON_INTERACTIVE:
        return f"Renewed the session{target}"
    return f"Signed in{target}"


def _mails(record: LogRecord) -> str:
    return "1 mail" if record.item_count == 1 else f"{record.item_count} mails"


def _tells_subject(record: LogRecord) -> bool:
    return bool(record.subject) and operation_name(record.operation) in _MAIL_COUNTED
