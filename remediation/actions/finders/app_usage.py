"""What is known of an application that a person uses: who stands behind it, what it may do, who else uses it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph import NotFound, Request, applications
from remediation.actions.base import Stages, moment
from remediation.actions.finders.reading import Look, Row, read_all
from remediation.actions.finding import FIRST_PARTY_TENANTS, FindScope
from remediation.actions.signs import AppUse

_SELECT = (
    "id", "appId", "displayName", "accountEnabled", "appOwnerOrganizationId", "verifiedPublisher",
    "disabledByMicrosoftStatus",
)  # fmt: skip
OWN_REFUSAL = "Petra's own application: without it, nothing could be remediated in this tenant."
UNREAD_REFUSAL = "This application could not be read, so it is left alone. Look again."
MICROSOFT_REFUSAL = "Microsoft's own application: others in the tenant and Microsoft's services depend on it."


@dataclass(slots=True)
class Application:
    """An application in this tenant, with every consent to it and every assignment."""

    principal_id: str
    principal: Row  # empty when it could not be read
    looks: list[Look]  # the principal, its consents, its assignments

    @property
    def grants(self) -> list[Row]:
        return self.looks[1].rows

    @property
    def assignments(self) -> list[Row]:
        return self.looks[2].rows

    @property
    def app_id(self) -> str:
        return str(self.principal.get("appId") or "")

    @property
    def name(self) -> str:
        return str(self.principal.get("displayName") or self.app_id or self.principal_id)

    @property
    def publisher(self) -> str:
        return str((self.principal.get("verifiedPublisher") or {}).get("displayName") or "")

    @property
    def is_for_everybody(self) -> bool:
        """Whether an administrator consented for all people of the tenant."""
        return any(grant.get("consentType") == "AllPrincipals" for grant in self.grants)

    @property
    def is_usage_known(self) -> bool:
        return all(look.is_complete for look in self.looks[1:])

    def others(self, user_id: str) -> set[str]:
        """The object ids of those who use it besides one person: by consent of their own, or by assignment."""
        users = {str(grant["principalId"]) for grant in self.grants if grant.get("principalId")}
        users |= {
            str(each["principalId"]) for each in self.assignments if each.get("principalType") != "ServicePrincipal"
        }
        return users - {user_id}

    def consented_at(self, user_id: str) -> datetime | None:
        """When the person was assigned to it, which happens at the moment of their first consent."""
        moments = [
            moment(each.get("createdDateTime")) for each in self.assignments if each.get("principalId") == user_id
        ]
        return min((at for at in moments if at), default=None)

    def scopes_of(self, user_id: str) -> tuple[str, ...]:
        """What it may do in the person's name, by their own consent or everybody's."""
        mine = [grant for grant in self.grants if grant.get("principalId") in (user_id, None)]
        return tuple(dict.fromkeys(scope for grant in mine for scope in str(grant.get("scope") or "").split()))


def is_petra(client_id: Any, scope: FindScope) -> bool:
    """Whether an appId is Petra's own in this tenant."""
    return bool(client_id) and str(client_id).casefold() == scope.own_client_id.casefold()


def refusal_of(app: Application, scope: FindScope) -> str:
    """Why an application is not touched; empty for those that may be."""
    if is_petra(app.app_id, scope) or is_petra(app.principal_id, scope):
        return OWN_REFUSAL
    if not app.principal:
        return UNREAD_REFUSAL  # it may be Petra's or Microsoft's
    owner = str(app.principal.get("appOwnerOrganizationId") or "").casefold()
    return MICROSOFT_REFUSAL if owner in FIRST_PARTY_TENANTS else ""


def use_of(app: Application, scope: FindScope) -> AppUse:
    """The application as signs are weighed on it."""
    owner = str(app.principal.get("appOwnerOrganizationId") or "").casefold()
    others = len(app.others(scope.user_id)) + app.is_for_everybody
    return AppUse(
        name=app.name,
        app_id=app.app_id,
        publisher=app.publisher,
        is_own=owner == scope.microsoft_tenant_id.casefold(),
        scopes=app.scopes_of(scope.user_id),
        consented_at=app.consented_at(scope.user_id),
        others=others if app.is_usage_known else None,
    )


def read_applications(principal_ids: Sequence[str], app_ids: Sequence[str]) -> Stages[dict[str, Application]]:
    """Read applications by the ids of their service principals, and by appId; those that are gone are left out.

    One stage for the first, one more for what is known by appId alone.
    """
    by_id = [_requests(principal_id) for principal_id in principal_ids]
    looks = yield from read_all(
        [
            *(request for requests in by_id for request in requests),
            *map(applications.service_principal_by_app_id, app_ids),
        ]
    )
    found: dict[str, Application] = {}
    for index, principal_id in enumerate(principal_ids):
        own = looks[3 * index : 3 * index + 3]
        # One that cannot be read is kept, for its consents count; one that is gone is not.
        if not isinstance(own[0].error, NotFound):
            found[principal_id] = Application(principal_id, own[0].only, own)
    missing = _principals(looks[3 * len(by_id) :], known=found)
    more = yield from read_all([request for row in missing for request in _requests(str(row["id"]))[1:]])
    for index, row in enumerate(missing):
        own = [Look(rows=[row]), *more[2 * index : 2 * index + 2]]
        found[str(row["id"])] = Application(str(row["id"]), row, own)
    return found


def _requests(principal_id: str) -> tuple[Request, Request, Request]:
    return (
        applications.service_principal(principal_id, select=_SELECT),
        applications.consents_for_client(principal_id),
        applications.assigned_to(principal_id),
    )


def _principals(looks: Iterable[Look], known: dict[str, Application]) -> list[Row]:
    return [row for look in looks for row in look.rows if str(row["id"]) not in known]
