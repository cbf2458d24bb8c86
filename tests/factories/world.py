"""A tiny world for tests of the simulated cloud: two tenants, a handful of people, one of everything."""

from __future__ import annotations

from typing import Any

TENANT_ID = "11111111-1111-4111-8111-111111111111"
OTHER_TENANT_ID = "22222222-2222-4222-8222-222222222222"
CLIENT_ID = "aaaaaaaa-0000-4000-8000-00000000c11e"
CLIENT_SECRET = "tiny-world-secret"
PRINCIPAL_ID = "aaaaaaaa-0000-4000-8000-0000000005ef"

ALICE = "a11ce000-0000-4000-8000-000000000001"  # the one who was compromised
BOB = "b0b00000-0000-4000-8000-000000000002"
SYNCED = "5e4ced00-0000-4000-8000-000000000003"
ADMIN = "ad000000-0000-4000-8000-000000000004"  # Global Administrator
HELPDESK = "4e1bde50-0000-4000-8000-000000000005"
NO_MAILBOX = "40b0c500-0000-4000-8000-000000000006"

GRAPH_PRINCIPAL = "cccccccc-0000-4000-8000-000000000001"
EVIL_PRINCIPAL = "cccccccc-0000-4000-8000-0000000000e1"
OWN_PRINCIPAL = "cccccccc-0000-4000-8000-0000000000aa"  # owned by the calling application
EVIL_APP_ID = "eeeeeeee-0000-4000-8000-000000000001"
APPLICATION = "dddddddd-0000-4000-8000-000000000001"
OWN_APPLICATION = "dddddddd-0000-4000-8000-0000000000aa"
DEVICE = "de000000-0000-4000-8000-000000000001"
PASSWORD_METHOD = "28c10230-6103-485e-b985-444c60001490"

ALL_PERMISSIONS = [
    "AppRoleAssignment.ReadWrite.All",
    "Application.ReadWrite.All",
    "AuditLog.Read.All",
    "AuditLogsQuery.Read.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Device.ReadWrite.All",
    "Directory.Read.All",
    "Domain.Read.All",
    "ExchangeMessageTrace.Read.All",
    "IdentityRiskEvent.ReadWrite.All",
    "IdentityRiskyUser.ReadWrite.All",
    "Mail.ReadWrite",
    "MailboxSettings.ReadWrite",
    "Organization.Read.All",
    "User-PasswordProfile.ReadWrite.All",
    "User.EnableDisableAccount.All",
    "User.Read.All",
    "User.RevokeSessions.All",
    "UserAuthenticationMethod.ReadWrite.All",
]


def user(user_id: str, name: str, domain: str = "tiny.example", **more: Any) -> dict[str, Any]:
    """A user with a mailbox, in the shape of the world document."""
    address = f"{name.lower()}@{domain}"
    return {
        "id": user_id,
        "displayName": f"{name} Example",
        "givenName": name,
        "surname": "Example",
        "userPrincipalName": address,
        "mail": address,
        "userType": "Member",
        "accountEnabled": True,
        "onPremisesSyncEnabled": None,
        "businessPhones": [],
        "createdDateTime": "2025-01-02T03:04:05Z",
        "signInSessionsValidFromDateTime": "2025-01-02T03:04:05Z",
        "lastPasswordChangeDateTime": "2025-01-02T03:04:05Z",
        "_roles": [],
        "_hasMailbox": True,
        **more,
    }


def folder(user_id: str, name: str) -> dict[str, Any]:
    """A well-known folder; its id is readable in failures."""
    shown = {"inbox": "Inbox", "deleteditems": "Deleted Items", "msgfolderroot": "Top of Information Store"}[name]
    parent = "" if name == "msgfolderroot" else f"folder-{user_id[:4]}-msgfolderroot"
    return {"id": f"folder-{user_id[:4]}-{name}", "displayName": shown, "parentFolderId": parent, "wellKnownName": name}


def message(user_id: str, number: int, **more: Any) -> dict[str, Any]:
    """One message in the inbox of a user, received in minute ``number``."""
    sender = {"emailAddress": {"name": "Mallory", "address": "mallory@evil.example"}}
    return {
        "id": f"AAMk-{user_id[:4]}-{number}",
        "createdDateTime": f"2026-03-01T09:{number % 60:02}:00Z",
        "lastModifiedDateTime": f"2026-03-01T09:{number % 60:02}:00Z",
        "changeKey": f"CQAAABYAAA{number}",
        "categories": [],
        "receivedDateTime": f"2026-03-01T09:{number % 60:02}:00Z",
        "sentDateTime": f"2026-03-01T09:{number % 60:02}:00Z",
        "hasAttachments": False,
        "internetMessageId": f"<phish+{number}=x@evil.example>",
        "subject": f"Let's pay invoice {number}",
        "bodyPreview": "Please pay.",
        "importance": "normal",
        "parentFolderId": f"folder-{user_id[:4]}-inbox",
        "conversationId": "AAQk1",
        "isRead": False,
        "isDraft": False,
        "isDeliveryReceiptRequested": False,
        "isReadReceiptRequested": False,
        "webLink": "https://outlook.office365.com/owa/?ItemID=1",
        "inferenceClassification": "focused",
        "body": {"contentType": "text", "content": "Please pay."},
        "sender": sender,
        "from": sender,
        "toRecipients": [{"emailAddress": {"name": "Alice", "address": "alice@tiny.example"}}],
        "ccRecipients": [],
        "bccRecipients": [],
        "replyTo": [],
        "flag": {"flagStatus": "notFlagged"},
        **more,
    }


def rule(rule_id: str, name: str, **more: Any) -> dict[str, Any]:
    """An inbox rule that moves what mentions invoices away."""
    return {
        "id": rule_id,
        "displayName": name,
        "sequence": 1,
        "isEnabled": True,
        "hasError": False,
        "isReadOnly": False,
        "conditions": {"subjectContains": ["invoice"]},
        "actions": {"moveToFolder": f"folder-{ALICE[:4]}-deleteditems", "stopProcessingRules": True},
        "exceptions": None,
        "_hidden": False,
        "_createdDateTime": "2026-03-01T10:00:00Z",
        **more,
    }


def authentication_methods() -> list[dict[str, Any]]:
    """A password, two phones (one the default), an authenticator app."""
    kind = "#microsoft.graph.{}AuthenticationMethod"
    return [
        {
            "@odata.type": kind.format("password"),
            "id": PASSWORD_METHOD,
            "createdDateTime": "2025-01-02T03:04:05Z",
            "password": None,
        },
        {
            "@odata.type": kind.format("phone"),
            "id": "3179e48a-750b-4051-897c-87b9720928f7",
            "createdDateTime": "2025-01-02T03:04:05Z",
            "phoneNumber": "+31 612345678",
            "phoneType": "mobile",
            "smsSignInState": "notAllowedByPolicy",
            "_isDefault": True,
        },
        {
            "@odata.type": kind.format("microsoftAuthenticator"),
            "id": "6a7b0000-0000-4000-8000-000000000001",
            "createdDateTime": "2026-03-01T10:05:00Z",
            "displayName": "Pixel",
            "deviceTag": "SoftwareTokenActivated",
            "phoneAppVersion": "6.2401.0617",
            "_isDefault": False,
        },
    ]


def sign_in(number: int, **more: Any) -> dict[str, Any]:
    """A sign-in in beta's shape."""
    return {
        "id": f"51900000-0000-4000-8000-{number:012}",
        "createdDateTime": f"2026-03-01T08:{number:02}:00Z",
        "userDisplayName": "Alice Example",
        "userPrincipalName": "alice@tiny.example",
        "userId": ALICE,
        "appId": "00000003-0000-0000-c000-000000000000",
        "appDisplayName": "Office 365 Exchange Online",
        "ipAddress": "203.0.113.7",
        "clientAppUsed": "Browser",
        "conditionalAccessStatus": "notApplied",
        "isInteractive": True,
        "riskState": "none",
        "status": {"errorCode": 0, "failureReason": "Other.", "additionalDetails": None},
        "location": {"city": "Lagos", "state": None, "countryOrRegion": "NG", "geoCoordinates": {"latitude": 6.5}},
        "deviceDetail": {"deviceId": "", "displayName": None, "operatingSystem": "Windows10", "browser": "Edge"},
        "sessionId": "00000000-aaaa-4000-8000-000000000001",
        "signInEventTypes": ["interactiveUser"],
        "authenticationProtocol": "oAuth2",
        **more,
    }


def audit_record(number: int, operation: str = "New-InboxRule") -> dict[str, Any]:
    """A unified audit record as Graph gives it."""
    return {
        "id": f"0a0d0000-0000-4000-8000-{number:012}",
        "createdDateTime": f"2026-03-01T09:{number:02}:00Z",
        "auditLogRecordType": "exchangeAdmin",
        "operation": operation,
        "organizationId": TENANT_ID,
        "userType": "regular",
        "userId": "alice@tiny.example",
        "service": "Exchange",
        "objectId": "alice\\Hide",
        "userPrincipalName": "alice@tiny.example",
        "clientIp": "203.0.113.7",
        "administrativeUnits": [],
        "auditData": {"Operation": operation, "Workload": "Exchange", "RecordType": 1},
    }


def _principal(identity: str, app_id: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": identity,
        "appId": app_id,
        "displayName": name,
        "appDisplayName": name,
        "accountEnabled": True,
        "servicePrincipalType": "Application",
        "tags": [],
        **more,
    }


def _first_tenant() -> dict[str, Any]:
    people = [
        user(ALICE, "Alice"),
        user(BOB, "Bob"),
        user(SYNCED, "Sync", onPremisesSyncEnabled=True, onPremisesDomainName="corp.tiny.example"),
        user(
            ADMIN,
            "Root",
            _roles=[{"roleTemplateId": "62e90394-69f5-4237-9190-012177145e10", "displayName": "Global Administrator"}],
        ),
        user(
            HELPDESK,
            "Helen",
            _roles=[
                {"roleTemplateId": "729827e3-9c14-49f7-bb1b-9608f156bbb8", "displayName": "Helpdesk Administrator"}
            ],
        ),
        user(NO_MAILBOX, "Nomail", _hasMailbox=False),
    ]
    grant = {"clientId": EVIL_PRINCIPAL, "resourceId": GRAPH_PRINCIPAL, "scope": " Mail.Read offline_access"}
    return {
        "name": "Tiny",
        "tenantId": TENANT_ID,
        "clientId": CLIENT_ID,
        "clientSecret": CLIENT_SECRET,
        "servicePrincipalId": PRINCIPAL_ID,
        "domains": [
            {"id": "tiny.example", "isDefault": True, "isVerified": True, "authenticationType": "Managed"},
            {"id": "fed.example", "isDefault": False, "isVerified": True, "authenticationType": "Federated"},
        ],
        "grantedPermissions": list(ALL_PERMISSIONS),
        "exchangePermissions": ["Exchange.ManageAsApp"],
        "directoryRoles": ["User Administrator", "Exchange Administrator"],
        "organization": {"displayName": "Tiny", "countryLetterCode": "NL", "tenantType": "AAD"},
        "licences": {"premium": True, "messageTrace": True},
        "traceDays": 0,  # its mail is of March 2026
        "users": people,
        "mailFolders": {
            each: [folder(each, name) for name in ("msgfolderroot", "inbox", "deleteditems")] for each in (ALICE, BOB)
        },
        "messages": {
            ALICE: [message(ALICE, number) for number in range(12)],
            BOB: [message(BOB, 1)],
        },
        "messageRules": {
            ALICE: [
                rule("AQAAAJ5dZp8=", "Hide"),
                rule("AQAAAJ5dZqA=", "Unseen", _hidden=True, sequence=2, actions={"delete": True}),
                rule("AQAAAJ5dZqE=", "Fixed", isReadOnly=True, sequence=3),
            ]
        },
        "mailboxes": {
            ALICE: {
                "ForwardingSmtpAddress": "smtp:drop@evil.example",
                "ForwardingAddress": None,
                "DeliverToMailboxAndForward": True,
                "GrantSendOnBehalfTo": [],
                "permissions": [
                    {"User": "bob@tiny.example", "AccessRights": ["FullAccess"], "IsInherited": False, "Deny": False}
                ],
                "recipientPermissions": [{"Trustee": "bob@tiny.example", "AccessRights": ["SendAs"]}],
            }
        },
        "servicePrincipals": [
            _principal(PRINCIPAL_ID, CLIENT_ID, "Petra"),
            _principal(GRAPH_PRINCIPAL, "00000003-0000-0000-c000-000000000000", "Microsoft Graph"),
            _principal(EVIL_PRINCIPAL, EVIL_APP_ID, "eM Client", _owners=[ALICE]),
            _principal(OWN_PRINCIPAL, "eeeeeeee-0000-4000-8000-0000000000aa", "Own", _owners=[PRINCIPAL_ID]),
        ],
        "applications": [
            {
                "id": APPLICATION,
                "appId": "eeeeeeee-0000-4000-8000-000000000002",
                "displayName": "Backdoor",
                "isDisabled": None,
                "passwordCredentials": [
                    {"keyId": "0e000000-0000-4000-8000-000000000001", "displayName": "key", "hint": "abc"}
                ],
                "_createdBy": ALICE,
                "_owners": [ALICE],
            },
            {
                "id": OWN_APPLICATION,
                "appId": "eeeeeeee-0000-4000-8000-0000000000aa",
                "displayName": "Own",
                "passwordCredentials": [{"keyId": "0e000000-0000-4000-8000-0000000000aa", "displayName": "key"}],
                "_createdBy": None,
                "_owners": [PRINCIPAL_ID],
            },
        ],
        "oauth2PermissionGrants": [
            {"id": "grant-alice", "consentType": "Principal", "principalId": ALICE, **grant},
            {"id": "grant-all", "consentType": "AllPrincipals", "principalId": None, **grant},
        ],
        "appRoleAssignments": [
            {
                "id": "assignment-alice",
                "appRoleId": "00000000-0000-0000-0000-000000000000",
                "createdDateTime": "2026-03-01T10:00:00Z",
                "principalDisplayName": "Alice Example",
                "principalId": ALICE,
                "principalType": "User",
                "resourceDisplayName": "eM Client",
                "resourceId": EVIL_PRINCIPAL,
            },
            {
                "id": "assignment-evil",
                "appRoleId": "810c84a8-4a9e-49e6-bf7d-12d183f40d01",
                "createdDateTime": "2026-03-01T10:00:00Z",
                "principalDisplayName": "eM Client",
                "principalId": EVIL_PRINCIPAL,
                "principalType": "ServicePrincipal",
                "resourceDisplayName": "Microsoft Graph",
                "resourceId": GRAPH_PRINCIPAL,
            },
        ],
        "devices": [
            {
                "id": DEVICE,
                "deviceId": "de000000-0000-4000-8000-0000000000ff",
                "displayName": "DESKTOP-EVIL",
                "accountEnabled": True,
                "operatingSystem": "Windows",
                "operatingSystemVersion": "10.0.19045",
                "trustType": "Workplace",
                "registrationDateTime": "2026-03-01T10:10:00Z",
                "_registeredOwners": [ALICE],
            }
        ],
        "authenticationMethods": {ALICE: authentication_methods(), ADMIN: authentication_methods()},
        "signIns": [
            sign_in(1),
            sign_in(2, isInteractive=False, signInEventTypes=["nonInteractiveUser"]),
            sign_in(3, userId=BOB, userPrincipalName="bob@tiny.example"),
        ],
        "directoryAudits": [],
        "auditRecords": [audit_record(1), audit_record(2, "MailItemsAccessed")],
        "messageTraces": [
            {
                "id": "7ace0000-0000-4000-8000-000000000001",
                "senderAddress": "mallory@evil.example",
                "recipientAddress": "alice@tiny.example",
                "messageId": "<phish+1=x@evil.example>",
                "receivedDateTime": "2026-03-01T09:01:00Z",
                "subject": "Let's pay invoice 1",
                "size": 51234,
                "fromIP": "203.0.113.7",
                "toIP": None,
                "status": "delivered",
            }
        ],
    }


def _second_tenant() -> dict[str, Any]:
    return {
        "name": "Other",
        "tenantId": OTHER_TENANT_ID,
        "clientId": CLIENT_ID,
        "clientSecret": "other-secret",
        "servicePrincipalId": "aaaaaaaa-0000-4000-8000-0000000005ee",
        "domains": [{"id": "other.example", "isDefault": True, "isVerified": True, "authenticationType": "Managed"}],
        "grantedPermissions": ["User.Read.All"],
        "exchangePermissions": [],
        "directoryRoles": [],
        "organization": {"displayName": "Other"},
        "licences": {"premium": False, "messageTrace": False},
        "users": [user(ALICE, "Alice", "other.example")],
    }


def tiny_world() -> dict[str, Any]:
    """Made anew each time, to be changed at will before it is loaded."""
    return {"tenants": [_first_tenant(), _second_tenant()]}
