"""The checklist of a connection: what Petra needs in a tenant, whether it is there, and what does not work without it.

`see` asks Microsoft, `checklist` judges what it said. Each thing is judged by itself: where Petra cannot look because
something else is missing, it says that it could not look, not that the thing is missing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from graph import Cloud, GraphClient, GraphError, NotLicensed, Request, Response, audit, exchange, mail, organization
from graph import in_plain_words as plain
from graph.errors import TRACE_NOT_SET_UP
from graph.permissions import (
    EXCHANGE_APP_ID,
    REQUIRED_PERMISSIONS,
    REQUIRED_ROLES,
    RequiredPermission,
    RequiredRole,
    is_granted,
)
from tenants.enums import CheckState

WARNING = timedelta(days=30)  # before a secret or certificate ends
TRACE_APP_ID = "8bd644d1-64a1-4d4b-ae52-2e0cbf64e373"
SIGN_IN, GRAPH, EXCHANGE, ROLES, LOGS = "sign_in", "graph", "exchange", "roles", "logs"
NO_TOKEN = "Petra could not sign in, so this was not looked at."  # noqa: S105  # a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a connection needs. `note` is what Microsoft said of it, `request_id` Microsoft's own."""

    key: str
    group: str
    title: str
    state: CheckState
    without: str
    fix: str
    is_optional: bool = False
    note: str = ""
    request_id: str = ""

    @property
    def is_open(self) -> bool:
        """Whether something is to be done, or to be looked at again."""
        return self.state != CheckState.OK

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "Item":
        """Read a stored one."""
        return cls(**{**row, "state": CheckState(row["state"])})

    def as_row(self) -> dict[str, Any]:
        """As it is stored."""
        return asdict(self) | {"state": str(self.state)}


@dataclass(frozen=True, slots=True)
class Seen:
    """What Microsoft answered. `answers` is by the name of the question; one that was not put is not there."""

    error: GraphError | None = None  # why there is no token
    granted: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    answers: dict[str, Response] | None = None

    @property
    def organization(self) -> dict[str, Any]:
        """The directory itself; empty when it could not be read."""
        response = (self.answers or {}).get("organization")
        rows = response.items() if response is not None and response.ok else []
        return rows[0] if rows else {}


def see(client: GraphClient) -> Seen:
    """Ask Microsoft for new tokens, and with them what else there is to know. Raises nothing for what it answers."""
    try:
        granted = client.granted_permissions(renew=True)
        held = client.held_roles()
    except GraphError as error:
        return Seen(error=error)
    questions: dict[str, Request] = {
        "organization": organization.organization(),
        "premium": audit.sign_ins(top=1, version="v1.0"),
        "audit_log": exchange.admin_audit_log_config(),
    }
    if client.cloud.advertised.name == "global":  # message trace is offered worldwide only
        questions["message_trace"] = mail.message_traces(top=1)
    answers = client.send_all(list(questions.values()))
    return Seen(None, granted, held, dict(zip(questions, answers, strict=True)))


def checklist(seen: Seen, cloud: Cloud) -> list[Item]:
    """All items, in the order in which they are told."""
    return [
        _token(seen.error),
        *(_permission(need, seen) for need in REQUIRED_PERMISSIONS),
        *(_role(need, seen) for need in REQUIRED_ROLES),
        _message_trace(seen, cloud),
        _audit_log(seen),
        _premium(seen),
    ]


def credential_item(expires_at: datetime | None, *, is_certificate: bool, is_shared: bool, now: datetime) -> Item:
    """Whether secret or certificate last. It depends on the day, and is made anew whenever it is shown."""
    noun = "certificate" if is_certificate else "client secret"
    state, note = _lasting(expires_at, now)
    return Item(
        key="credential",
        group=SIGN_IN,
        title=noun.capitalize(),
        state=state,
        without="Nothing works once it has ended: Petra cannot sign in to this tenant.",
        fix=(
            f"Whoever runs Petra makes a new {noun} for its application, and puts it where the present one stands."
            if is_shared
            else f"Make a new {noun} for the application in the Microsoft Entra admin center, and enter it below."
        ),
        note=note,
    )


def _lasting(expires_at: datetime | None, now: datetime) -> tuple[CheckState, str]:
    if expires_at is None:
        return (
            CheckState.UNKNOWN,
            "When it ends is not known here. Where the day is entered with it, Petra warns in time.",
        )
    days = (expires_at - now).days
    if expires_at <= now:
        return CheckState.MISSING, f"It ended on {expires_at:%d %B %Y}."
    left = "less than a day is left" if days < 1 else f"{days} day{'s' * (days > 1)} left"
    return (
        CheckState.EXPIRING if expires_at - now <= WARNING else CheckState.OK,
        f"Until {expires_at:%d %B %Y}, {left}.",
    )


def _token(error: GraphError | None) -> Item:
    state = CheckState.OK
    if error is not None:
        state = CheckState.UNKNOWN if error.is_transient else CheckState.MISSING
    return Item(
        key="token",
        group=SIGN_IN,
        title="Sign-in of Petra's application",
        state=state,
        without="Nothing works: this tenant can neither be read nor protected.",
        fix=plain(error) if error else "",
        note=error.message if error else "",
        request_id=error.request_id if error else "",
    )


def _permission(need: RequiredPermission, seen: Seen) -> Item:
    is_exchange = need.app_id == EXCHANGE_APP_ID
    return Item(
        key=f"permission:{need.name}",
        group=EXCHANGE if is_exchange else GRAPH,
        title=need.name,
        state=_present(seen, is_granted(need.name, seen.granted)),
        without=need.without,
        fix=(
            "An administrator of the tenant gives consent for Exchange, which is separate from that for Graph."
            if is_exchange
            else "Add it to the application's API permissions, then an administrator of the tenant gives consent again."
        ),
        is_optional=need.is_optional,
        note=NO_TOKEN if seen.error else "",
    )


def _role(need: RequiredRole, seen: Seen) -> Item:
    return Item(
        key=f"role:{need.name}",
        group=ROLES,
        title=need.name,
        state=_present(seen, need.template_id in seen.roles),
        without=need.without,
        fix=(
            "Consent does not give roles. In the Microsoft Entra admin center of the tenant: Roles & admins, "
            f"{need.name}, Add assignments, and choose Petra's application. It takes effect within minutes to hours."
        ),
        is_optional=need.is_optional,
        note=NO_TOKEN if seen.error else "",
    )


def _present(seen: Seen, is_there: bool) -> CheckState:
    if seen.error is not None:
        return CheckState.UNKNOWN
    return CheckState.OK if is_there else CheckState.MISSING


def _message_trace(seen: Seen, cloud: Cloud) -> Item:
    response = (seen.answers or {}).get("message_trace")
    error = response.error if response else None
    state, note = _judged(seen, response, is_missing=bool(error and TRACE_NOT_SET_UP in error.message))
    if response is None and seen.error is None:
        note = f"Microsoft does not offer message trace over Graph in {cloud.label}."
    return Item(
        key="message_trace",
        group=LOGS,
        title="Message trace",
        state=state,
        without="Exchange's own message trace is asked instead, or every mailbox is looked into, which is slower.",
        fix=(
            "An administrator of the tenant adds the service principal of Microsoft's Transport Data Platform: "
            f"New-MgServicePrincipal -AppId {TRACE_APP_ID}. Microsoft then takes several hours."
        ),
        is_optional=True,
        note=note,
        request_id=error.request_id if error else "",
    )


def _audit_log(seen: Seen) -> Item:
    response = (seen.answers or {}).get("audit_log")
    rows = response.items() if response is not None and response.ok else []
    is_on = [row.get("UnifiedAuditLogIngestionEnabled") for row in rows]
    state, note = _judged(seen, response, is_missing=False in is_on)
    if state == CheckState.OK and True not in is_on:
        state, note = CheckState.UNKNOWN, "Exchange did not say whether it is on."
    return Item(
        key="audit_log",
        group=LOGS,
        title="Unified audit log is written",
        state=state,
        without="No Exchange, SharePoint and Teams logs, no Attack Impact: what is not written now is never read.",
        fix=(
            "An Exchange administrator of the tenant runs Set-AdminAuditLogConfig "
            "-UnifiedAuditLogIngestionEnabled $true. It takes effect within an hour."
        ),
        note=note,
        request_id=response.error.request_id if response and response.error else "",
    )


def _premium(seen: Seen) -> Item:
    response = (seen.answers or {}).get("premium")
    error = response.error if response else None
    state, note = _judged(seen, response, is_missing=isinstance(error, NotLicensed))
    return Item(
        key="premium",
        group=LOGS,
        title="Microsoft Entra ID P1 or P2",
        state=state,
        without="Sign-ins cannot be read: no Logins logs, and no detection from them.",
        fix="The tenant needs a licence of Microsoft Entra ID P1, as Business Premium and E3 hold it.",
        is_optional=True,
        note=note,
        request_id=error.request_id if error else "",
    )


def _judged(seen: Seen, response: Response | None, *, is_missing: bool) -> tuple[CheckState, str]:
    """The state that an answer stands for, and what to say of it."""
    if seen.error is not None:
        return CheckState.UNKNOWN, NO_TOKEN
    if response is None:
        return CheckState.UNKNOWN, ""
    if is_missing:
        return CheckState.MISSING, response.error.message if response.error else ""
    return (CheckState.OK, "") if response.error is None else (CheckState.UNKNOWN, plain(response.error))


def still_open(items: Iterable[Item], *states: CheckState, optional: bool = False) -> Sequence[Item]:
    """The items in one of these states that are optional, or that are not."""
    return [item for item in items if item.state in states and item.is_optional == optional]
