"""People and accounts: from one line of a table to a complete Graph user object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from graph.simulator.world.ids import dice, object_id, security_identifier
from graph.simulator.world.moments import Moments, stamp

GLOBAL_ADMINISTRATOR = {
    "roleTemplateId": "62e90394-69f5-4237-9190-012177145e10",
    "displayName": "Global Administrator",
}
DIRECTORY_SYNCHRONIZATION = {
    "roleTemplateId": "d29b2b05-8046-44ba-8758-1e26182fcf32",
    "displayName": "Directory Synchronization Accounts",
}
HELPDESK_ADMINISTRATOR = {
    "roleTemplateId": "729827e3-9c14-49f7-bb1b-9608f156bbb8",
    "displayName": "Helpdesk Administrator",
}
_BUSINESS_PREMIUM = "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46"


@dataclass(frozen=True, slots=True)
class Office:
    """Where people work, and from which address and network they reach the internet."""

    name: str
    street: str
    city: str
    state: str
    postal_code: str
    country: str  # two letters
    country_name: str
    ip: str
    network: int
    latitude: float
    longitude: float
    landline: str  # a number reserved for drama, without its last three digits
    mobile: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """One line of a table of people. ``key`` is the part of the address before the at sign."""

    key: str
    given: str
    surname: str
    department: str = ""
    title: str = ""
    manager: str = ""
    office: str = ""
    display: str = ""
    is_synced: bool = False
    has_mailbox: bool = True
    kind: str = "person"  # person | shared | service | guest
    upn: str = ""
    years: float = 3.0  # since the account was made
    roles: tuple[str, ...] = ()
    phone: bool = True

    @property
    def display_name(self) -> str:
        """The name as it stands in the address book."""
        return self.display or f"{self.given} {self.surname}".strip()


ROLES = {
    "Global Administrator": GLOBAL_ADMINISTRATOR,
    "Directory Synchronization Accounts": DIRECTORY_SYNCHRONIZATION,
    "Helpdesk Administrator": HELPDESK_ADMINISTRATOR,
}


@dataclass(frozen=True, slots=True)
class Company:
    """What the user objects of one tenant have in common."""

    key: str
    name: str
    domain: str
    initial_domain: str
    language: str
    ad_domain: str
    offices: Sequence[Office]

    def office_of(self, person: Person) -> Office:
        """The office of a person; the first one where none is named."""
        return next((each for each in self.offices if each.name == person.office), self.offices[0])

    def user_id(self, key: str) -> str:
        """The object id of a person, by the key in the table."""
        return object_id(self.key, "user", key)


def principal_name(company: Company, person: Person) -> str:
    """The user principal name."""
    return person.upn or f"{person.key}@{company.domain}"


def address_of(company: Company, person: Person) -> str | None:
    """The mail address; a guest's is outside."""
    if person.kind == "guest":
        local, _, domain = person.upn.partition("#EXT#")[0].rpartition("_")
        return f"{local}@{domain}"
    return f"{person.key}@{company.domain}" if person.has_mailbox else None


def user_object(company: Company, person: Person, moments: Moments) -> dict[str, Any]:
    """The Graph user, with every property that Petra may ask for."""
    chance = dice(company.key, "user", person.key)
    created = moments.days(person.years * 365 + chance.randrange(0, 60))
    changed = max(created, moments.days(20 + chance.randrange(0, 200)))
    user: dict[str, Any] = {
        "id": company.user_id(person.key),
        "accountEnabled": person.kind != "shared",
        "displayName": person.display_name,
        "givenName": person.given or None,
        "surname": person.surname or None,
        "userPrincipalName": principal_name(company, person),
        "userType": "Guest" if person.kind == "guest" else "Member",
        "mailNickname": person.key,
        "companyName": None if person.kind == "guest" else company.name,
        "department": person.department or None,
        "jobTitle": person.title or None,
        "createdDateTime": stamp(created),
        "lastPasswordChangeDateTime": stamp(changed),
        "signInSessionsValidFromDateTime": stamp(changed),
        "passwordPolicies": "DisablePasswordExpiration" if person.kind == "service" else None,
        "passwordProfile": None,
        "usageLocation": company.office_of(person).country,
        "preferredLanguage": company.language,
        "otherMails": [],
        "ageGroup": None,
        "isResourceAccount": False,
        "showInAddressList": person.kind in ("person", "shared"),
    }
    user.update(_contact(company, person, int(chance.random() * 900)))
    user.update(_mail(company, person))
    user.update(_invitation(person, created))
    user.update(_premises(company, person, moments, created))
    user["assignedLicenses"] = _licences(person)
    user["_roles"] = [ROLES[role] for role in person.roles]
    user["_hasMailbox"] = person.has_mailbox
    user["_managerId"] = company.user_id(person.manager) if person.manager else None
    user["_kind"] = person.kind
    return user


def _contact(company: Company, person: Person, number: int) -> dict[str, Any]:
    if person.kind != "person":
        return {"businessPhones": [], "mobilePhone": None, "officeLocation": None}
    office = company.office_of(person)
    return {
        "businessPhones": [f"{office.landline}{number:03d}"],
        "mobilePhone": f"{office.mobile}{number:03d}" if person.phone and office.mobile else None,
        "officeLocation": office.name,
        "streetAddress": office.street,
        "city": office.city,
        "state": office.state,
        "postalCode": office.postal_code,
        "country": office.country_name,
        "employeeId": f"{10_000 + number * 7}",
    }


def _invitation(person: Person, created: datetime) -> dict[str, Any]:
    is_guest = person.kind == "guest"
    return {
        "creationType": "Invitation" if is_guest else None,
        "externalUserState": "Accepted" if is_guest else None,
        "externalUserStateChangeDateTime": stamp(created + timedelta(hours=3)) if is_guest else None,
    }


def _mail(company: Company, person: Person) -> dict[str, Any]:
    address = address_of(company, person)
    primary = [f"SMTP:{address}"] if address else []
    sign_in = {
        "signInType": "userPrincipalName",
        "issuer": company.initial_domain,
        "issuerAssignedId": principal_name(company, person),
    }
    return {
        "mail": address,
        "proxyAddresses": primary,
        "imAddresses": [address] if address and person.kind == "person" else [],
        "identities": [sign_in],
    }


def _premises(company: Company, person: Person, moments: Moments, created: datetime) -> dict[str, Any]:
    if not person.is_synced:
        names = ("SyncEnabled", "ImmutableId", "DomainName", "SamAccountName", "LastSyncDateTime", "UserPrincipalName")
        return {f"onPremises{name}": None for name in (*names, "DistinguishedName", "SecurityIdentifier")}
    sam = (person.given[:1] + person.surname).replace(" ", "").replace("Ó", "o").lower()[:20]
    parts = ",".join(f"DC={part}" for part in company.ad_domain.split("."))
    return {
        "onPremisesSyncEnabled": True,
        "onPremisesImmutableId": object_id(company.key, "anchor", person.key).replace("-", "")[:22] + "==",
        "onPremisesDomainName": company.ad_domain,
        "onPremisesSamAccountName": sam,
        "onPremisesLastSyncDateTime": stamp(moments.ago(timedelta(minutes=17))),
        "onPremisesUserPrincipalName": principal_name(company, person),
        "onPremisesDistinguishedName": f"CN={person.display_name},OU={person.department},OU=People,{parts}",
        "onPremisesSecurityIdentifier": security_identifier(company.key, person.key),
        "createdDateTime": stamp(created),
    }


def _licences(person: Person) -> list[dict[str, Any]]:
    if person.kind in ("person", "service") and person.has_mailbox:
        return [{"skuId": _BUSINESS_PREMIUM, "disabledPlans": []}]
    return []
