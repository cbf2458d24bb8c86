"""One request of every builder: (name, request, "METHOD path" expected, body expected)."""

from datetime import UTC, datetime
from typing import Any

from graph import Request, SecretRef, applications, audit, devices, exchange, mail, organization, rules, security, users

SINCE = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
UNTIL = datetime(2026, 3, 2, tzinfo=UTC)
SECRET = SecretRef("password/1")
PHONE = "#microsoft.graph.phoneAuthenticationMethod"

_STATE = (
    "id,userPrincipalName,displayName,mail,accountEnabled,onPremisesSyncEnabled,onPremisesImmutableId,"
    "onPremisesDomainName,onPremisesSamAccountName,onPremisesLastSyncDateTime,signInSessionsValidFromDateTime,"
    "lastPasswordChangeDateTime,userType"
)
_MAIL = (
    "id,subject,from,sender,toRecipients,receivedDateTime,sentDateTime,isRead,hasAttachments,internetMessageId,"
    "parentFolderId,conversationId"
)
_FOLDER = "$select=id,displayName,parentFolderId"
_RULES = "/users/u1/mailFolders/inbox/messageRules"

Row = tuple[str, Request, str, Any]

GRAPH: list[Row] = [
    ("users.get", users.get("u1"), f"GET /users/u1?$select={_STATE}", None),
    ("users.list_users", users.list_users(select=("id",)), "GET /users?$select=id&$top=999", None),
    (
        "users.by_addresses",
        users.by_addresses(["o'neil@acme.example"], select=("id",)),
        (
            "GET /users?$filter=userPrincipalName%20eq%20'o''neil%40acme.example'%20or%20mail%20eq%20"
            "'o''neil%40acme.example'&$select=id"
        ),
        None,
    ),
    (
        "users.directory_roles",
        users.directory_roles("u1"),
        "GET /users/u1/transitiveMemberOf/microsoft.graph.directoryRole?$select=id,displayName,roleTemplateId",
        None,
    ),
    ("users.revoke_sessions", users.revoke_sessions("u1"), "POST /users/u1/revokeSignInSessions", None),
    ("users.disable", users.disable("u1"), "PATCH /users/u1", {"accountEnabled": False}),
    ("users.enable", users.enable("u1"), "PATCH /users/u1", {"accountEnabled": True}),
    (
        "users.set_password",
        users.set_password("u1", SECRET),
        "PATCH /users/u1",
        {
            "passwordProfile": {
                "password": SECRET,
                "forceChangePasswordNextSignIn": True,
                "forceChangePasswordNextSignInWithMfa": False,
            }
        },
    ),
    (
        "security.authentication_methods",
        security.authentication_methods("u1"),
        "GET /users/u1/authentication/methods",
        None,
    ),
    (
        "security.delete_authentication_method",
        security.delete_authentication_method("u1", PHONE, "m1"),
        "DELETE /users/u1/authentication/phoneMethods/m1",
        None,
    ),
    ("security.risky_user", security.risky_user("u1"), "GET /identityProtection/riskyUsers/u1", None),
    (
        "security.risk_detections",
        security.risk_detections(filter="userId eq 'u1'"),
        "GET /identityProtection/riskDetections?$filter=userId%20eq%20'u1'&$top=500",
        None,
    ),
    (
        "security.confirm_compromised",
        security.confirm_compromised("u1"),
        "POST /identityProtection/riskyUsers/confirmCompromised",
        {"userIds": ["u1"]},
    ),
    (
        "security.dismiss_risk",
        security.dismiss_risk("u1", "u2"),
        "POST /identityProtection/riskyUsers/dismiss",
        {"userIds": ["u1", "u2"]},
    ),
    ("mail.messages", mail.messages("u1", top=5), f"GET /users/u1/messages?$select={_MAIL}&$top=5", None),
    (
        "mail.by_internet_message_ids",
        mail.by_internet_message_ids("u1", ["<a+b=1@x>", "<c&d@x>"], select=("id",)),
        (
            "GET /users/u1/messages?$filter=internetMessageId%20eq%20'%3Ca%2Bb%3D1%40x%3E'%20or%20"
            "internetMessageId%20eq%20'%3Cc%26d%40x%3E'&$select=id&$top=50"
        ),
        None,
    ),
    (
        "mail.by_sender_and_subject",
        mail.by_sender_and_subject("u1", "a@x", "let's pay #1", SINCE, select=("id",)),
        (
            "GET /users/u1/messages?$filter=receivedDateTime%20ge%202026-03-01T08:30:00Z%20and%20from/emailAddress/address"
            "%20eq%20'a%40x'%20and%20subject%20eq%20'let''s%20pay%20%231'&$select=id&$orderby=receivedDateTime%20desc&$top=50"
        ),
        None,
    ),
    ("mail.message", mail.message("u1", "AAMk/+=", ("id",)), "GET /users/u1/messages/AAMk%2F%2B%3D?$select=id", None),
    (
        "mail.attachments",
        mail.attachments("u1", "m1"),
        "GET /users/u1/messages/m1/attachments?$select=id,name,contentType,size,isInline",
        None,
    ),
    ("mail.attachment", mail.attachment("u1", "m1", "a/1"), "GET /users/u1/messages/m1/attachments/a%2F1", None),
    (
        "mail.move",
        mail.move("u1", "m1", "deleteditems"),
        "POST /users/u1/messages/m1/move",
        {"destinationId": "deleteditems"},
    ),
    (
        "mail.folders",
        mail.folders("u1"),
        f"GET /users/u1/mailFolders?{_FOLDER}&$top=250&includeHiddenFolders=true",
        None,
    ),
    ("mail.folder", mail.folder("u1", "inbox"), f"GET /users/u1/mailFolders/inbox?{_FOLDER}", None),
    (
        "mail.message_traces",
        mail.message_traces(filter="messageId eq '<a@x>'", top=10),
        "GET /admin/exchange/tracing/messageTraces?$filter=messageId%20eq%20'%3Ca%40x%3E'&$top=10",
        None,
    ),
    ("rules.list_rules", rules.list_rules("u1"), f"GET {_RULES}", None),
    (
        "rules.set_enabled",
        rules.set_enabled("u1", "AQ==", enabled=False),
        f"PATCH {_RULES}/AQ%3D%3D",
        {"isEnabled": False},
    ),
    ("applications.consents_of", applications.consents_of("u1"), "GET /users/u1/oauth2PermissionGrants", None),
    (
        "applications.consents_for_client",
        applications.consents_for_client("sp1"),
        "GET /oauth2PermissionGrants?$filter=clientId%20eq%20'sp1'",
        None,
    ),
    ("applications.delete_consent", applications.delete_consent("g1"), "DELETE /oauth2PermissionGrants/g1", None),
    (
        "applications.create_consent",
        applications.create_consent(
            {
                "id": "old",
                "clientId": "sp1",
                "consentType": "AllPrincipals",
                "principalId": None,
                "resourceId": "r",
                "scope": " Mail.Read",
            }
        ),
        "POST /oauth2PermissionGrants",
        {"clientId": "sp1", "consentType": "AllPrincipals", "resourceId": "r", "scope": " Mail.Read"},
    ),
    ("applications.service_principal", applications.service_principal("sp1"), "GET /servicePrincipals/sp1", None),
    (
        "applications.service_principal_by_app_id",
        applications.service_principal_by_app_id("a1"),
        "GET /servicePrincipals?$filter=appId%20eq%20'a1'",
        None,
    ),
    (
        "applications.create_service_principal",
        applications.create_service_principal("a1"),
        "POST /servicePrincipals",
        {"appId": "a1"},
    ),
    (
        "applications.set_service_principal_enabled",
        applications.set_service_principal_enabled("sp1", enabled=False),
        "PATCH /servicePrincipals/sp1",
        {"accountEnabled": False},
    ),
    ("applications.assigned_to", applications.assigned_to("sp1"), "GET /servicePrincipals/sp1/appRoleAssignedTo", None),
    (
        "applications.role_assignments_of",
        applications.role_assignments_of("u1"),
        "GET /users/u1/appRoleAssignments",
        None,
    ),
    ("applications.owned_objects", applications.owned_objects("u1"), "GET /users/u1/ownedObjects", None),
    ("applications.created_objects", applications.created_objects("u1"), "GET /users/u1/createdObjects", None),
    ("applications.application", applications.application("a1"), "GET /applications/a1", None),
    (
        "applications.set_application_disabled",
        applications.set_application_disabled("a1", disabled=True),
        "PATCH /applications/a1",
        {"isDisabled": True},
    ),
    ("devices.registered_devices", devices.registered_devices("u1"), "GET /users/u1/registeredDevices", None),
    ("devices.device", devices.device("d1"), "GET /devices/d1", None),
    (
        "devices.set_device_enabled",
        devices.set_device_enabled("d1", enabled=False),
        "PATCH /devices/d1",
        {"accountEnabled": False},
    ),
    (
        "audit.sign_ins",
        audit.sign_ins("userId eq 'u1'", top=9),
        "GET /auditLogs/signIns?$filter=userId%20eq%20'u1'&$top=9",
        None,
    ),
    ("audit.directory_audits", audit.directory_audits(), "GET /auditLogs/directoryAudits?$top=1000", None),
    (
        "audit.create_query",
        audit.create_query("case-1", SINCE, UNTIL, users=["u@x"], operations=["New-InboxRule"]),
        "POST /security/auditLog/queries",
        {
            "displayName": "case-1",
            "filterStartDateTime": "2026-03-01T08:30:00Z",
            "filterEndDateTime": "2026-03-02T00:00:00Z",
            "userPrincipalNameFilters": ["u@x"],
            "operationFilters": ["New-InboxRule"],
        },
    ),
    ("audit.query", audit.query("q1"), "GET /security/auditLog/queries/q1", None),
    ("audit.query_records", audit.query_records("q1"), "GET /security/auditLog/queries/q1/records?$top=1000", None),
    ("organization.organization", organization.organization(), "GET /organization", None),
    ("organization.domains", organization.domains(), "GET /domains", None),
]

_FULL_ACCESS = {"Identity": "m@x", "User": "v@x", "AccessRights": ["FullAccess"], "InheritanceType": "All"}
_SEND_AS = {"Identity": "m@x", "Trustee": "v@x", "AccessRights": ["SendAs"], "Confirm": False}
_RULE = {"Mailbox": "m@x", "Identity": "7", "Confirm": False, "Force": True}
_NO_FORWARDING = {
    "Identity": "m@x",
    "ForwardingSmtpAddress": None,
    "ForwardingAddress": None,
    "DeliverToMailboxAndForward": False,
}

_TRACED = {"StartDate": "2026-03-01T08:30:00Z", "ResultSize": 5000}
_LAST = "2026-03-01T09:00:00.1234567Z"  # as Exchange told it

EXCHANGE: list[Row] = [
    ("exchange.invoke", exchange.invoke("Get-App", {"Mailbox": "m@x"}), "Get-App", {"Mailbox": "m@x"}),
    ("exchange.admin_audit_log_config", exchange.admin_audit_log_config(), "Get-AdminAuditLogConfig", {}),
    (
        "exchange.message_trace",
        exchange.message_trace(
            exchange.TraceQuestion(since=SINCE, until=UNTIL, senders=("a@x",), ids=("<1@x>", "<2@x>"))
        ),
        "Get-MessageTraceV2",
        {**_TRACED, "EndDate": "2026-03-02T00:00:00Z", "MessageId": ["<1@x>", "<2@x>"], "SenderAddress": ["a@x"]},
    ),
    (
        "exchange.message_trace",
        exchange.message_trace(exchange.TraceQuestion(since=SINCE, until=UNTIL, subject="it's", after=(_LAST, "v@x"))),
        "Get-MessageTraceV2",
        {
            **_TRACED,
            "EndDate": _LAST,
            "Subject": "it's",
            "SubjectFilterType": "Contains",
            "StartingRecipientAddress": "v@x",
        },
    ),
    ("exchange.inbox_rules", exchange.inbox_rules("m@x"), "Get-InboxRule", {"Mailbox": "m@x", "IncludeHidden": True}),
    ("exchange.disable_inbox_rule", exchange.disable_inbox_rule("m@x", "7"), "Disable-InboxRule", _RULE),
    ("exchange.enable_inbox_rule", exchange.enable_inbox_rule("m@x", "7"), "Enable-InboxRule", _RULE),
    ("exchange.mailbox", exchange.mailbox("m@x"), "Get-Mailbox", {"Identity": "m@x"}),
    (
        "exchange.set_forwarding",
        exchange.set_forwarding("m@x", smtp="smtp:a@evil.example", address=None, deliver=True),
        "Set-Mailbox",
        {**_NO_FORWARDING, "ForwardingSmtpAddress": "smtp:a@evil.example", "DeliverToMailboxAndForward": True},
    ),
    ("exchange.clear_forwarding", exchange.clear_forwarding("m@x"), "Set-Mailbox", _NO_FORWARDING),
    ("exchange.mailbox_permissions", exchange.mailbox_permissions("m@x"), "Get-MailboxPermission", {"Identity": "m@x"}),
    (
        "exchange.add_mailbox_permission",
        exchange.add_mailbox_permission("m@x", "v@x"),
        "Add-MailboxPermission",
        {**_FULL_ACCESS, "AutoMapping": False},
    ),
    (
        "exchange.remove_mailbox_permission",
        exchange.remove_mailbox_permission("m@x", "v@x"),
        "Remove-MailboxPermission",
        {**_FULL_ACCESS, "Confirm": False},
    ),
    (
        "exchange.recipient_permissions",
        exchange.recipient_permissions("m@x"),
        "Get-RecipientPermission",
        {"Identity": "m@x"},
    ),
    (
        "exchange.add_recipient_permission",
        exchange.add_recipient_permission("m@x", "v@x"),
        "Add-RecipientPermission",
        _SEND_AS,
    ),
    (
        "exchange.remove_recipient_permission",
        exchange.remove_recipient_permission("m@x", "v@x"),
        "Remove-RecipientPermission",
        _SEND_AS,
    ),
    (
        "exchange.set_send_on_behalf",
        exchange.set_send_on_behalf("m@x", remove="v@x"),
        "Set-Mailbox",
        {"Identity": "m@x", "GrantSendOnBehalfTo": {"@odata.type": "#Exchange.GenericHashTable", "Remove": ["v@x"]}},
    ),
]
