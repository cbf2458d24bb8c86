"""What log rows say that somebody left behind: rules, forwarding, rights, consents, devices, sign-in methods, roles.

One function for each kind of row; it reads the raw record, and judges with the same signs as what is read from
Microsoft.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from incidents.evidence.fields import Record, first, mappings, pairs, text
from incidents.evidence.mail_rules import logged_rule
from incidents.evidence.raw_records import record_data
from incidents.evidence.words import operation_name
from incidents.models import LogRecord
from remediation.actions.finding import FindScope, details
from remediation.actions.signs import (
    DEVICE_SIGNS,
    FORWARDING_SIGNS,
    MAIL_FLOW_SIGNS,
    METHOD_SIGNS,
    REGISTRATION_SIGNS,
    RULE_SIGNS,
    AppUse,
    Forwarding,
    Grounds,
    MailRule,
    Registered,
    Registration,
    access_in_words,
    consent_grounds,
    weigh,
    written,
)

Facts = tuple[tuple[str, str], ...]
_METHOD_PROPERTIES = (
    "StrongAuthenticationMethod",
    "StrongAuthenticationPhoneAppDetail",
    "StrongAuthenticationUserDetails",
)
_SCOPE_MARK = "Scope: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Something that a row says was made. `key` tells it from others of its kind."""

    kind: str  # a key of FINDING_KINDS
    key: str
    title: str
    action_key: str = ""  # the action that could undo it, were the tenant connected
    facts: Facts = ()
    grounds: Grounds
    parts: tuple[str, ...] = ()  # of what came in several rows: the roles that a person was given
    record: LogRecord


Teller = Callable[[LogRecord, Record, FindScope], Trace | None]


def trace_of(record: LogRecord, scope: FindScope) -> Trace | None:
    """What a row says was made; None for rows that leave nothing, or whose act failed."""
    teller = TELLERS.get(operation_name(record.operation))
    if teller is None or record.is_success is False:
        return None
    return teller(record, record_data(record), scope)


def removal_of(record: LogRecord) -> tuple[str, str] | None:
    """The kind and key of what a row says was removed."""
    remover = REMOVERS.get(operation_name(record.operation))
    if remover is None or record.is_success is False:
        return None
    return remover(record, record_data(record))


def _in_window(record: LogRecord, scope: FindScope, verb: str) -> Grounds:
    """Made during the attack, by the account or on it: enough by itself, as for what is read from Microsoft."""
    return Grounds((f"{verb} on {written(record.occurred_at)}, during the attack",), 2)


def _and(one: Grounds, other: Grounds) -> Grounds:
    return Grounds(tuple(dict.fromkeys((*one.reasons, *other.reasons))), one.weight + other.weight)


# --- The mailbox ------------------------------------------------------------------------------------------------------
def _rule(record: LogRecord, _data: Record, scope: FindScope) -> Trace:
    told = logged_rule(record)
    name = told.name or "A rule whose name the log does not tell"
    rule = MailRule(
        name=name,
        is_enabled=told.is_enabled,
        sends_to=told.sends_to,
        moves_to=told.moves_to or (told.copies_to if told.deletes else ""),
        deletes=told.deletes,
        marks_as_read=told.marks_as_read,
        words=told.words,
    )
    done = [f"Forward to {', '.join(told.sends_to)}"] if told.sends_to else []
    done += [f"Move to {told.moves_to}"] if told.moves_to else []
    done += [f"Copy to {told.copies_to}"] if told.copies_to else []
    done += ["Delete"] if told.deletes else []
    done += ["Mark as read"] if told.marks_as_read else []
    return Trace(
        kind="inbox_rule",
        action_key="disable_inbox_rule",
        key=name.casefold(),
        title=name,
        facts=details(
            Conditions="; ".join(f"{name}: {value}" for name, value in told.conditions), Actions="; ".join(done)
        ),
        grounds=weigh(rule, scope, RULE_SIGNS),
        record=record,
    )


def _removed_rule(record: LogRecord, data: Record) -> tuple[str, str]:
    named = first([pairs(data.get("Parameters")).get("Identity"), text(data.get("ObjectId")), record.item])
    return "inbox_rule", (record.item or named.rpartition("\\")[2]).casefold()


def _mailbox_settings(record: LogRecord, data: Record, scope: FindScope) -> Trace | None:
    given = pairs(data.get("Parameters"))
    to = first([given.get("ForwardingSmtpAddress"), given.get("ForwardingAddress")]).removeprefix("smtp:")
    mailbox = _mailbox_of(data)
    if to:
        forwarding = Forwarding(mailbox=mailbox, address=to if "@" in to else "", recipient=_last(to))
        return Trace(
            kind="forwarding",
            action_key="clear_forwarding",
            key=mailbox.casefold(),
            title=f"{mailbox} forwards to {_last(to)}",
            facts=details(Keeps_a_copy=given.get("DeliverToMailboxAndForward")),
            grounds=_and(weigh(forwarding, scope, FORWARDING_SIGNS), _in_window(record, scope, "Set")),
            record=record,
        )
    behalf = given.get("GrantSendOnBehalfTo")
    return _right(record, scope, mailbox, _last(behalf), "SendOnBehalf") if behalf else None


def _cleared_forwarding(_record: LogRecord, data: Record) -> tuple[str, str] | None:
    given = pairs(data.get("Parameters"))
    named = [name for name in ("ForwardingSmtpAddress", "ForwardingAddress") if name in given]
    if named and not any(given[name] for name in named):
        return "forwarding", _mailbox_of(data).casefold()
    return None


def _permission(record: LogRecord, data: Record, scope: FindScope) -> Trace | None:
    given = pairs(data.get("Parameters"))
    who = _last(first([given.get("User"), given.get("Trustee")]))
    return _right(record, scope, _mailbox_of(data), who, given.get("AccessRights", "")) if who else None


def _right(record: LogRecord, scope: FindScope, mailbox: str, who: str, right: str) -> Trace:
    return Trace(
        kind="mailbox_permission",
        action_key="remove_mailbox_permission",
        key=f"{mailbox}/{right}/{who}".casefold(),
        title=f"{who}: {right} on {mailbox}",
        facts=details(Mailbox=mailbox, Right=right),
        grounds=_in_window(record, scope, "The right was given"),
        record=record,
    )


def _removed_permission(_record: LogRecord, data: Record) -> tuple[str, str]:
    given = pairs(data.get("Parameters"))
    who, right = _last(first([given.get("User"), given.get("Trustee")])), given.get("AccessRights", "")
    return "mailbox_permission", f"{_mailbox_of(data)}/{right}/{who}".casefold()


def _mail_flow_rule(record: LogRecord, data: Record, scope: FindScope) -> Trace:
    given = pairs(data.get("Parameters"))
    to = first([given.get(name) for name in ("BlindCopyTo", "CopyTo", "RedirectMessageTo", "AddToRecipients")])
    words = given.get("SubjectOrBodyContainsWords", "") or given.get("SubjectContainsWords", "")
    rule = MailRule(
        name=first([given.get("Name"), _last(given.get("Identity"))]),
        sends_to=(to,) if to else (),
        deletes=given.get("DeleteMessage", "") == "True",
        words=tuple(word for word in words.split(";") if word),
    )
    return Trace(
        kind="mail_flow",
        key=rule.name.casefold(),
        title=rule.name,
        facts=details(Concerns="All mail of the tenant", Sends_to=to, Looks_for=", ".join(rule.words)),
        grounds=_and(_in_window(record, scope, "Made or changed"), weigh(rule, scope, MAIL_FLOW_SIGNS)),
        record=record,
    )


def _removed_mail_flow_rule(_record: LogRecord, data: Record) -> tuple[str, str]:
    return "mail_flow", _last(pairs(data.get("Parameters")).get("Identity")).casefold()


def _mailbox_of(data: Record) -> str:
    return _last(first([pairs(data.get("Parameters")).get("Identity"), text(data.get("ObjectId"))]))


def _last(path: str | None) -> str:
    """The name at the end of a path as Exchange writes it."""
    return text(path).replace("\\", "/").rpartition("/")[2]


# --- The directory ----------------------------------------------------------------------------------------------------
def _consent(record: LogRecord, data: Record, scope: FindScope) -> Trace | None:
    name = _application_name(record, data)
    if not name:
        return None
    scopes = _scopes(data)
    app = AppUse(
        name=name, app_id=text(data.get("ObjectId")), scopes=tuple(scopes.split()), consented_at=record.occurred_at
    )
    return Trace(
        kind="consent",
        action_key="revoke_consent",
        key=name.casefold(),
        title=name,
        facts=details(Access=access_in_words(scopes) if scopes else ""),
        grounds=consent_grounds(app, scope),
        record=record,
    )


def _scopes(data: Record) -> str:
    new = pairs(data.get("ModifiedProperties"), content="NewValue")
    granted = new.get("DelegatedPermissionGrant.Scope") or new.get("ConsentAction.Permissions", "")
    return granted.partition(_SCOPE_MARK)[2].partition("]")[0] if _SCOPE_MARK in granted else granted


def _application_name(record: LogRecord, data: Record) -> str:
    names = (one.get("ID") for one in mappings(data.get("Target")) if one.get("Type") == 1)
    new = pairs(data.get("ModifiedProperties"), content="NewValue")
    return first([new.get("Application.DisplayName"), *names, record.application])


def _service_principal(record: LogRecord, data: Record, scope: FindScope) -> Trace | None:
    name = _application_name(record, data) or record.item
    return _application(
        "service_principal", "disable_service_principal", name, _in_window(record, scope, "Added"), record
    )


def _registration(record: LogRecord, data: Record, scope: FindScope) -> Trace | None:
    name = _application_name(record, data) or record.item
    grounds = weigh(Registration(name=name, created_at=record.occurred_at), scope, REGISTRATION_SIGNS)
    return _application("application", "disable_application", name, grounds, record)


def _credential(record: LogRecord, data: Record, scope: FindScope) -> Trace | None:
    name = _application_name(record, data) or record.item
    thing = Registration(name=name, created_at=None, credentials_at=(record.occurred_at,))
    return _application("application", "disable_application", name, weigh(thing, scope, REGISTRATION_SIGNS), record)


def _owner(record: LogRecord, data: Record, scope: FindScope) -> Trace | None:
    name = _application_name(record, data)
    grounds = _in_window(record, scope, "An owner was added")
    return _application("application", "disable_application", name, grounds, record)


def _application(kind: str, action_key: str, name: str, grounds: Grounds, record: LogRecord) -> Trace | None:
    if not name:
        return None
    return Trace(kind=kind, action_key=action_key, key=name.casefold(), title=name, grounds=grounds, record=record)


def _removed_application(kind: str) -> Callable[[LogRecord, Record], tuple[str, str]]:
    return lambda record, data: (kind, (_application_name(record, data) or record.item).casefold())


def _device(record: LogRecord, data: Record, scope: FindScope) -> Trace | None:
    new = pairs(data.get("ModifiedProperties"), content="NewValue")
    name = first([record.device, new.get("Device.DisplayName"), record.item])
    grounds = weigh(Registered(names=(name,), registered_at=record.occurred_at), scope, DEVICE_SIGNS)
    return Trace(
        kind="device", action_key="disable_device", key=name.casefold(), title=name, grounds=grounds, record=record
    )


def _removed_device(record: LogRecord, _data: Record) -> tuple[str, str]:
    return "device", (record.device or record.item).casefold()


def _method(record: LogRecord, _data: Record, scope: FindScope) -> Trace:
    title = record.result or "A sign-in method"
    grounds = weigh(Registered(names=(title,), registered_at=record.occurred_at), scope, METHOD_SIGNS)
    return Trace(
        kind="auth_method",
        action_key="remove_auth_method",
        key=f"{title}/{record.occurred_at:%Y%m%d%H%M}".casefold(),
        title=title,
        grounds=grounds,
        record=record,
    )


def _changed_user(record: LogRecord, data: Record, scope: FindScope) -> Trace | None:
    """Sign-in methods stand in the properties of the account that were changed."""
    properties = [one for one in mappings(data.get("ModifiedProperties")) if one.get("Name") in _METHOD_PROPERTIES]
    is_more = any(len(text(one.get("NewValue"))) > len(text(one.get("OldValue"))) for one in properties)
    return _method(record, data, scope) if is_more else None


def _role(record: LogRecord, data: Record, scope: FindScope) -> Trace | None:
    new = pairs(data.get("ModifiedProperties"), content="NewValue")
    role = first([new.get("Role.DisplayName"), new.get("Role.WellKnownObjectName")]).strip('"')
    member = first([record.item, text(data.get("ObjectId"))])
    return Trace(
        kind="role",
        key=member.casefold(),
        title=f"{member}: admin roles",
        grounds=_in_window(record, scope, "Given"),
        parts=(role,) if role else (),
        record=record,
    )


def _new_account(record: LogRecord, data: Record, scope: FindScope) -> Trace | None:
    given = pairs(data.get("Parameters"))
    name = first([record.item if not given else "", given.get("Name"), _last(text(data.get("ObjectId")))])
    return Trace(
        kind="new_account",
        key=name.casefold(),
        title=name,
        grounds=_in_window(record, scope, "The account was created"),
        record=record,
    )


TELLERS: Mapping[str, Teller] = {
    **dict.fromkeys(("New-InboxRule", "Set-InboxRule", "UpdateInboxRules"), _rule),
    "Set-Mailbox": _mailbox_settings,
    **dict.fromkeys(("Add-MailboxPermission", "Add-RecipientPermission"), _permission),
    **dict.fromkeys(("New-TransportRule", "Set-TransportRule"), _mail_flow_rule),
    **dict.fromkeys(("Consent to application", "Add app role assignment grant to user"), _consent),
    "Add service principal": _service_principal,
    "Add application": _registration,
    "Update application – Certificates and secrets management": _credential,
    "Add service principal credentials": _credential,
    "Add owner to application": _owner,
    **dict.fromkeys(("Add device", "Register device", "Add registered owner to device"), _device),
    **dict.fromkeys(("User registered security info", "Admin registered security info"), _method),
    "Update user": _changed_user,
    "Add member to role": _role,
    "Add eligible member to role": _role,
    **dict.fromkeys(("Add user", "Invite external user", "New-Mailbox"), _new_account),
}
REMOVERS: Mapping[str, Callable[[LogRecord, Record], tuple[str, str] | None]] = {
    **dict.fromkeys(("Remove-InboxRule", "Disable-InboxRule"), _removed_rule),
    "Set-Mailbox": _cleared_forwarding,
    **dict.fromkeys(("Remove-MailboxPermission", "Remove-RecipientPermission"), _removed_permission),
    **dict.fromkeys(("Remove-TransportRule", "Disable-TransportRule"), _removed_mail_flow_rule),
    **dict.fromkeys(
        ("Remove delegated permission grant", "Remove OAuth2PermissionGrant"), _removed_application("consent")
    ),
    "Remove service principal": _removed_application("service_principal"),
    **dict.fromkeys(("Delete application", "Hard Delete application"), _removed_application("application")),
    "Delete device": _removed_device,
}
OPERATIONS: Sequence[str] = tuple(dict.fromkeys((*TELLERS, *REMOVERS)))
