"""One tenant while it is being built: its people, mailboxes, directory and logs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graph.simulator.world.ids import object_id, secret
from graph.simulator.world.letters import Address, Letter
from graph.simulator.world.mailbox import Mailbox
from graph.simulator.world.moments import Moments, stamp
from graph.simulator.world.people import Company, Person, address_of, principal_name, user_object

PETRA_APP_ID = object_id("petra", "application")
PETRA_NAME = "Petra Incident Response"

# What the connection of a tenant asks for: reading, then containing.
_PERMISSION_NAMES = (
    "User.Read.All UserAuthenticationMethod.Read.All AuditLog.Read.All AuditLogsQuery.Read.All"
    " IdentityRiskyUser.Read.All IdentityRiskEvent.Read.All Directory.Read.All Mail.ReadBasic.All"
    " MailboxSettings.Read ExchangeMessageTrace.Read.All ThreatHunting.Read.All"
    " User.RevokeSessions.All User.EnableDisableAccount.All User-PasswordProfile.ReadWrite.All"
    " MailboxSettings.ReadWrite Mail.ReadWrite DelegatedPermissionGrant.ReadWrite.All"
    " AppRoleAssignment.ReadWrite.All Application.ReadWrite.All Device.ReadWrite.All"
    " UserAuthMethod-Phone.ReadWrite.All UserAuthMethod-MicrosoftAuthApp.ReadWrite.All"
    " UserAuthMethod-Passkey.ReadWrite.All UserAuthMethod-SoftwareOATH.ReadWrite.All"
    " UserAuthMethod-Email.ReadWrite.All UserAuthMethod-TAP.ReadWrite.All UserAuthMethod-WindowsHello.ReadWrite.All"
    " UserAuthMethod-PlatformCred.ReadWrite.All IdentityRiskyUser.ReadWrite.All"
)
PERMISSIONS = _PERMISSION_NAMES.split()

LISTS = (
    "servicePrincipals", "applications", "oauth2PermissionGrants", "appRoleAssignments", "devices", "signIns",
    "directoryAudits", "auditRecords", "messageTraces", "riskyUsers", "riskDetections",
)  # fmt: skip


def registration() -> dict[str, Any]:
    """Petra as a multi-tenant application, which an administrator admits on the consent page.

    Entra disregards the port of an address on the caller's own machine, so one entry serves any port.
    """
    return {
        "clientId": PETRA_APP_ID,
        "name": PETRA_NAME,
        "publisher": "Halden Managed IT",
        "clientSecret": secret("petra", "application"),
        "redirectUris": [f"http://{host}/connect/answer/" for host in ("127.0.0.1", "localhost")],
        "grantedPermissions": list(PERMISSIONS),
        "exchangePermissions": ["Exchange.ManageAsApp"],
    }


class TenantWorld:
    """Everything that one tenant of the pretend cloud holds."""

    def __init__(self, company: Company, people: Sequence[Person], moments: Moments, tenant_id: str) -> None:
        self.company = company
        self.moments = moments
        self.tenant_id = tenant_id
        self.people = {person.key: person for person in people}
        self.users = {person.key: user_object(company, person, moments) for person in people}
        self.mailboxes: dict[str, Mailbox] = {}
        self.lists: dict[str, list[dict[str, Any]]] = {name: [] for name in LISTS}
        self.methods: dict[str, list[dict[str, Any]]] = {}
        self.settings: dict[str, Any] = {}
        self._keys_by_address = {}
        for person in people:
            address = address_of(company, person)
            if person.has_mailbox and address:
                self._keys_by_address[address.lower()] = person.key
                self.mailboxes[person.key] = Mailbox(self.id_of(person.key), self.address(person.key), company.language)

    def id_of(self, key: str) -> str:
        """The object id of a person."""
        return self.company.user_id(key)

    def upn_of(self, key: str) -> str:
        """The user principal name of a person."""
        return principal_name(self.company, self.people[key])

    def address(self, key: str) -> Address:
        """Name and mail address of a person."""
        person = self.people[key]
        return Address(person.display_name, address_of(self.company, person) or self.upn_of(key))

    def key_at(self, address: str) -> str | None:
        """Whose mailbox has this address; None for somebody outside."""
        return self._keys_by_address.get(address.lower())

    def staff(self, *departments: str) -> list[str]:
        """The keys of the people of these departments, or of everybody, without shared and service accounts."""
        return [
            key
            for key, person in self.people.items()
            if person.kind == "person" and (not departments or person.department in departments)
        ]

    def deliver(
        self,
        letter: Letter,
        places: Mapping[str, tuple[str, bool]] | None = None,
        *,
        sent_to: str | None = "sentitems",
        default: tuple[str, bool] = ("inbox", True),
    ) -> None:
        """Put a copy into each mailbox concerned. ``places`` gives folder and read mark per person."""
        sender = self.key_at(letter.sender.address)
        if sender and sent_to:
            self.mailboxes[sender].file_sent(letter, sent_to)
        for recipient in letter.recipients:
            key = self.key_at(recipient.address)
            if key is None or (key == sender and recipient not in letter.to):
                continue
            folder, is_read = (places or {}).get(key, default)
            self.mailboxes[key].file(letter, folder, is_read=is_read)

    def add(self, collection: str, objects: Iterable[dict[str, Any]]) -> None:
        """Append to one of the flat collections."""
        self.lists[collection].extend(objects)

    @property
    def service_principal_id(self) -> str:
        """The object id of Petra's own service principal in this tenant."""
        return object_id(self.company.key, "service principal", "petra")

    def as_json(self) -> dict[str, Any]:
        """The tenant in the schema that the simulator loads."""
        boxes = {box.owner_id: box for box in self.mailboxes.values()}
        for messages in (box.messages for box in boxes.values()):
            messages.sort(key=lambda message: str(message["receivedDateTime"]), reverse=True)
        return {
            "name": self.company.name,
            "tenantId": self.tenant_id,
            "clientId": PETRA_APP_ID,
            "clientSecret": secret(self.company.key, "petra"),
            "servicePrincipalId": self.service_principal_id,
            "domains": _domains(self.company),
            "grantedPermissions": list(PERMISSIONS),
            "exchangePermissions": ["Exchange.ManageAsApp"],
            "directoryRoles": ["User Administrator", "Exchange Administrator"],
            "licences": {"premium": True, "messageTrace": True},
            "organization": _organization(self),
            "users": list(self.users.values()),
            "mailFolders": {owner: box.folders_as_json() for owner, box in boxes.items()},
            "messages": {owner: box.messages for owner, box in boxes.items()},
            "messageRules": {owner: box.rules for owner, box in boxes.items()},
            "mailboxes": {owner: box.state_as_json() for owner, box in boxes.items()},
            "authenticationMethods": self.methods,
            **self.lists,
            **self.settings,
        }


def _domains(company: Company) -> list[dict[str, Any]]:
    common = {"isVerified": True, "authenticationType": "Managed", "isAdminManaged": True, "isRoot": True}
    services = ["Email", "OfficeCommunicationsOnline"]
    return [
        {"id": company.domain, "isDefault": True, "isInitial": False, "supportedServices": services, **common},
        {"id": company.initial_domain, "isDefault": False, "isInitial": True, "supportedServices": services, **common},
    ]


def _organization(world: TenantWorld) -> dict[str, Any]:
    company, office = world.company, world.company.offices[0]
    is_synced = any(person.is_synced for person in world.people.values())
    synced_at = next(
        (u["onPremisesLastSyncDateTime"] for u in world.users.values() if u["onPremisesSyncEnabled"]), None
    )
    verified = [
        {
            "capabilities": "Email, OfficeCommunicationsOnline",
            "isDefault": domain["isDefault"],
            "isInitial": domain["isInitial"],
            "name": domain["id"],
            "type": "Managed",
        }
        for domain in _domains(company)
    ]
    return {
        "id": world.tenant_id,
        "displayName": company.name,
        "tenantType": "AAD",
        "createdDateTime": stamp(world.moments.days(2_600)),
        "street": office.street,
        "city": office.city,
        "state": office.state,
        "postalCode": office.postal_code,
        "country": office.country_name,
        "countryLetterCode": office.country,
        "defaultUsageLocation": office.country,
        "preferredLanguage": company.language[:2],
        "businessPhones": [f"{office.landline}100"],
        "technicalNotificationMails": [f"it@{company.domain}"],
        "securityComplianceNotificationMails": [f"it@{company.domain}"],
        "onPremisesSyncEnabled": is_synced or None,
        "onPremisesLastSyncDateTime": synced_at,
        "verifiedDomains": verified,
    }
