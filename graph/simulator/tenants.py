"""A tenant of the pretend cloud, and the settings that tests and drills may turn."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

# Limits of the service, DOCS concepts/throttling-limits.md. Zero turns one off.
DEFAULT_LIMITS: dict[str, int] = {
    "mailboxRequests": 10_000,  # per app and mailbox in 10 minutes
    "identityProtection": 1,  # per tenant and second, refused without a Retry-After
    "reports": 5,  # sign-ins and directory audits, per app and tenant in 10 seconds
    "messageTraces": 100,  # per tenant in 5 minutes
    "directoryUnits": 3_500,  # resource units per app and tenant in 10 seconds; more in a larger tenant
    "directoryWrites": 3_000,  # per app and tenant in 2.5 minutes
}


@dataclass
class Settings:
    """What `PATCH /simulator/tenants/{id}` changes; there in camelCase."""

    latency: float = 0.0  # seconds, charged for each request and each sub-request
    latency_by_path: dict[str, float] = field(default_factory=dict)  # regular expression -> seconds instead
    lag: float = 0.0  # seconds for which directory reads still see the state before a write
    seed: int = 1  # of the order in which a batch's answers come back
    faults: list[dict[str, Any]] = field(default_factory=list)
    throttling: dict[str, int] = field(default_factory=lambda: dict(DEFAULT_LIMITS))
    enforce_mailbox_concurrency: bool = True
    granted_permissions: list[str] = field(default_factory=list)
    exchange_permissions: list[str] = field(default_factory=list)
    directory_roles: list[str] = field(default_factory=list)
    # Real clouds look at the token's own roles; a change here shows at once unless this is on.
    permissions_from_token: bool = False
    licences: dict[str, bool] = field(default_factory=lambda: {"premium": True, "messageTrace": True})
    claims_challenge: bool = False  # the next call of a CAE-capable client is answered with a claims challenge
    token_lifetime: int = 3599  # seconds
    secret_expired: bool = False
    certificates: list[str] = field(default_factory=list)  # PEM; once one is known, assertions must be signed by one
    audit_query_seconds: float = 0.0  # the least time an audit log query runs
    # Seconds for which an access token that a user already holds works on after a revoke, a lock or a new password.
    revocation_delay: float = 3600.0
    unified_audit_log: bool = True  # whether Exchange takes records into the unified audit log
    sync_interval: float = 0.0  # seconds between two cycles of directory synchronization; 0: only when told to
    trace_days: int = 90  # how far back message traces reach; 0: without limit, for worlds of another time
    blocked_mailboxes: list[str] = field(default_factory=list)  # user ids closed to apps by an access policy

    def as_json(self) -> dict[str, Any]:
        """All settings under the names of the control plane."""
        return {_camel(name): value for name, value in asdict(self).items()}

    def change(self, values: Mapping[str, Any]) -> None:
        """Take over the given settings. Raises KeyError for a name that is not one, ValueError for a wrong type."""
        known = {_camel(each.name): each.name for each in fields(self)}
        for name, value in values.items():
            current = getattr(self, known[name])
            if _kind(current) is not _kind(value):
                raise ValueError(f"{name} cannot be {value!r}")
            if name == "faults":
                _check_faults(value)
            merges = isinstance(current, dict) and name != "latencyByPath"
            setattr(self, known[name], {**current, **value} if merges else value)


@dataclass
class Tenant:
    """One customer directory, and the application (Petra) that was consented to in it."""

    id: str
    name: str
    client_id: str
    client_secret: str
    service_principal_id: str
    domains: list[dict[str, Any]]
    settings: Settings = field(default_factory=Settings)
    is_consented: bool = True  # whether an administrator has admitted the application to this directory
    synced_at: float = 0.0  # the last cycle of directory synchronization, or when they began: seconds since 1970
    challenge: str = ""  # the `nbf` value that a token has to carry, while a claims challenge stands

    @property
    def domain_names(self) -> list[str]:
        """All verified names, the default one first."""
        ordered = sorted(self.domains, key=lambda domain: not domain.get("isDefault"))
        return [str(domain["id"]) for domain in ordered]

    def is_federated(self, address: str) -> bool:
        """Whether sign-in for this address happens at another identity provider."""
        domain = address.rpartition("@")[2].lower()
        return any(
            str(each["id"]).lower() == domain and each.get("authenticationType") == "Federated" for each in self.domains
        )

    def as_json(self) -> dict[str, Any]:
        """The row that is stored."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Tenant:
        """Read a stored row."""
        return cls(**{**row, "settings": Settings(**row["settings"])})

    @classmethod
    def from_world(cls, document: Mapping[str, Any]) -> Tenant:
        """Read a tenant of a world document."""
        settings = Settings(
            granted_permissions=list(document.get("grantedPermissions", [])),
            exchange_permissions=list(document.get("exchangePermissions", [])),
            directory_roles=list(document.get("directoryRoles", [])),
            licences={"premium": True, "messageTrace": True, **document.get("licences", {})},
            certificates=list(document.get("certificates", [])),
            trace_days=int(document.get("traceDays", 90)),
            unified_audit_log=bool(document.get("unifiedAuditLog", True)),
            throttling=DEFAULT_LIMITS | {"directoryUnits": _units_for(len(document.get("users", [])))},
        )
        return cls(
            id=document["tenantId"].lower(),
            name=document["name"],
            client_id=document["clientId"],
            client_secret=document["clientSecret"],
            service_principal_id=document["servicePrincipalId"],
            domains=[dict(domain) for domain in document.get("domains", [])],
            settings=settings,
            is_consented=bool(document.get("isConsented", True)),
        )


@dataclass(frozen=True, slots=True)
class Registration:
    """A multi-tenant application: registered once, admitted to a directory by that directory's administrator."""

    client_id: str
    name: str
    publisher: str
    secret: str
    redirect_uris: list[str]
    graph_permissions: list[str]
    exchange_permissions: list[str]

    @classmethod
    def from_world(cls, document: Mapping[str, Any]) -> Registration:
        """Read a registration of a world document."""
        return cls(
            client_id=document["clientId"],
            name=document["name"],
            publisher=document["publisher"],
            secret=document["clientSecret"],
            redirect_uris=list(document["redirectUris"]),
            graph_permissions=list(document.get("grantedPermissions", [])),
            exchange_permissions=list(document.get("exchangePermissions", [])),
        )


def _units_for(people: int) -> int:
    """Microsoft's limit for a tenant of that size: small, medium, large."""
    return 3_500 if people < 50 else 5_000 if people <= 500 else 8_000


def _check_faults(faults: list[Any]) -> None:
    for fault in faults:
        given = fault if isinstance(fault, dict) else {}
        answers = given["oneOf"] if isinstance(given.get("oneOf"), list) else [given.get("answer")]
        if not answers or ("oneOf" in given) == ("answer" in given):
            raise ValueError("a fault has an answer, or oneOf a list of answers")
        for answer in answers:
            if type(answer) is not int and answer not in ("reset", "lost", "late"):
                raise ValueError(f"a fault answers with a status, reset, lost or late, not {answer!r}")


def _kind(value: Any) -> type:
    return float if type(value) is int else type(value)


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)
