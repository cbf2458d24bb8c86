"""Applications: what the person consented to, what they own and what they registered.

A consent outlives a new password and ended sessions, an app registration with a secret needs no person at all.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from graph import applications
from remediation.actions.base import Stages, moment
from remediation.actions.finders.app_usage import (
    MICROSOFT_REFUSAL,
    OWN_REFUSAL,
    Application,
    is_petra,
    read_applications,
    refusal_of,
    use_of,
)
from remediation.actions.finders.directory import PEOPLE, Directory
from remediation.actions.finders.reading import Look, Row, found, read_all, sentences, yes_no
from remediation.actions.finding import Candidate, FindScope, Found, details
from remediation.actions.revoke_consent import KEPT
from remediation.actions.signs import (
    REGISTRATION_SIGNS,
    UNTOUCHABLE_SIGNS,
    Grounds,
    Registration,
    access_in_words,
    consent_grounds,
    weigh,
    written,
)

_REGISTRATION, _PRINCIPAL = "#microsoft.graph.application", "#microsoft.graph.servicePrincipal"


def find_applications(scope: FindScope) -> Stages[list[Found]]:
    """Read consents, assignments and what the person owns or created; then who else uses those applications."""
    first = yield from read_all(
        [
            applications.consents_of(scope.user_id),
            applications.role_assignments_of(scope.user_id),
            applications.owned_objects(scope.user_id),
            applications.created_objects(scope.user_id),
            PEOPLE,
        ]
    )
    consents, assigned, owned, created, people = first
    registrations = _of_type(_REGISTRATION, owned, created)
    planted = _of_type(_PRINCIPAL, owned, created)
    ids = [*(row.get("clientId") for row in consents.rows), *(row.get("resourceId") for row in assigned.rows), *planted]
    wanted = list(dict.fromkeys(str(each) for each in ids if each))
    apps = yield from read_applications(
        wanted, [str(row["appId"]) for row in registrations.values() if row.get("appId")]
    )
    around = _Surroundings(scope, apps, list(registrations.values()), Directory(people.rows))
    usage = [look for app in apps.values() for look in app.looks]
    return [
        found(
            "Consent grants", "consent", [consents, assigned, *usage], [around.consent(row) for row in consents.rows]
        ),
        _found_principals(around, planted, [assigned, consents, owned, created, *usage], people),
        _found_registrations(around, registrations, [owned, created]),
    ]


def _of_type(odata_type: str, *looks: Look) -> dict[str, Row]:
    return {str(row["id"]): row for look in looks for row in look.rows if row.get("@odata.type") == odata_type}


def _found_principals(
    around: "_Surroundings", planted: Mapping[str, Row], looks: Sequence[Look], people: Look
) -> Found:
    result = found("Service principals", "service_principal", looks, around.principals(planted))
    result.rows = len(around.apps)
    if people.note and any(app.is_for_everybody for app in around.apps.values()):
        result.is_checked = False
        result.note = sentences([result.note, f"How many people are in the tenant could not be read. {people.note}"])
    return result


def _found_registrations(around: "_Surroundings", registrations: Mapping[str, Row], looks: Sequence[Look]) -> Found:
    candidates = [around.registration(row) for row in registrations.values()]
    result = found("App registrations", "application", looks, candidates)
    result.rows = len(registrations)
    return result


class _Surroundings:
    """Everything that was read, from which each consent, application and registration is judged."""

    def __init__(
        self, scope: FindScope, apps: Mapping[str, Application], registrations: Sequence[Row], directory: Directory
    ) -> None:
        self.apps = apps
        self._scope = scope
        self._directory = directory
        weighed = {str(row.get("appId")): weigh(_registration(row), scope, REGISTRATION_SIGNS) for row in registrations}
        self._registered = {app_id: grounds for app_id, grounds in weighed.items() if grounds.are_enough}

    def consent(self, grant: Row) -> Candidate:
        """One consent of the person's own."""
        scope, app = self._scope, self.apps.get(str(grant["clientId"]))
        refusal = refusal_of(app, scope) if app else OWN_REFUSAL if is_petra(grant["clientId"], scope) else ""
        grounds = self._grounds(app)
        return Candidate(
            kind="consent",
            action_key="revoke_consent",
            target={
                "user_id": scope.user_id,
                "grant_id": str(grant["id"]),
                "client_id": str(grant["clientId"]),
                "scope": grant.get("scope"),
            },
            title=app.name if app else f"An application that is gone ({grant['clientId']})",
            facts=details(
                Publisher=self._publisher(app),
                May_use=access_in_words(str(grant.get("scope") or "")),
                Consented=_when(app.consented_at(scope.user_id) if app else None),
                Used_by=self._used_by(app),
            ),
            reasons=grounds.reasons,
            is_suspicious=grounds.are_enough and not refusal,
            refusal=refusal,
            before={"exists": True, **{name: grant.get(name) for name in KEPT}},
        )

    def principals(self, planted: Mapping[str, Row]) -> list[Candidate]:
        """The applications to be stopped in the whole tenant: suspicious ones, and those the person brought in."""
        return [
            self._principal(app)
            for app in self.apps.values()
            if app.principal and (self._is_suspicious(app) or app.principal_id in planted)
        ]

    def registration(self, row: Row) -> Candidate:
        """An app registration that the person owns or made."""
        app = next((each for each in self.apps.values() if each.app_id == row.get("appId")), None)
        refusal = OWN_REFUSAL if is_petra(row.get("appId"), self._scope) else ""
        facts = _registration(row)
        grounds = weigh(facts, self._scope, REGISTRATION_SIGNS)
        is_off = bool(row.get("isDisabled"))
        return Candidate(
            kind="application",
            action_key="disable_application",
            target={"application_id": str(row["id"])},
            title=facts.name,
            facts=details(
                Registered=_when(facts.created_at),
                Secrets_and_certificates=_credentials(facts.credentials_at),
                Used_by=self._used_by(app),
                Active=yes_no(not is_off),
            ),
            reasons=("Deactivated already", *grounds.reasons) if is_off else grounds.reasons,
            is_suspicious=grounds.are_enough and not is_off and not refusal,
            refusal=refusal,
            others_affected=self._others(app),
            before={"exists": True, "isDisabled": is_off},
        )

    def _principal(self, app: Application) -> Candidate:
        refusal, is_suspicious = refusal_of(app, self._scope), self._is_suspicious(app)
        is_off = app.principal.get("accountEnabled") is False
        reasons = self._grounds(app).reasons
        return Candidate(
            kind="service_principal",
            action_key="disable_service_principal",
            target={"service_principal_id": app.principal_id},
            title=app.name,
            facts=details(
                Publisher=self._publisher(app),
                Used_by=self._used_by(app),
                Enabled=yes_no(app.principal.get("accountEnabled")),
            ),
            reasons=("Disabled already", *reasons) if is_off else reasons,
            is_suspicious=is_suspicious and not is_off,
            refusal=refusal,
            others_affected=self._others(app),
            before={"exists": True, "accountEnabled": app.principal.get("accountEnabled")},
        )

    def _grounds(self, app: Application | None) -> Grounds:
        """The signs on an application, and those on its registration where that was made during the attack."""
        if app is None or not app.principal:
            return Grounds()
        use = use_of(app, self._scope)
        if refusal_of(app, self._scope):
            return weigh(use, self._scope, UNTOUCHABLE_SIGNS)
        own = consent_grounds(use, self._scope)
        registered = self._registered.get(app.app_id, Grounds())
        return Grounds(own.reasons + registered.reasons, own.weight + registered.weight)

    def _is_suspicious(self, app: Application) -> bool:
        return self._grounds(app).are_enough and not refusal_of(app, self._scope)

    def _others(self, app: Application | None) -> int:
        if app is None:
            return 0
        if app.is_for_everybody:
            return max(self._directory.count_others(self._scope.user_id), 1)
        # Where usage could not be read, somebody may use it: then it is never stopped without being asked.
        return len(app.others(self._scope.user_id)) or int(not app.is_usage_known)

    def _publisher(self, app: Application | None) -> str:
        if app is None or not app.principal:
            return "Not known"
        if refusal_of(app, self._scope) == MICROSOFT_REFUSAL:
            return "Microsoft"
        if use_of(app, self._scope).is_own:
            return "This tenant"
        return f"{app.publisher} (verified)" if app.publisher else "Not verified"

    def _used_by(self, app: Application | None) -> str:
        if app is None:
            return ""
        if app.is_for_everybody:
            return f"Everybody: an administrator consented for all ({self._others(app)} people)"
        if not app.is_usage_known:
            return "Not known"
        others = self._others(app)
        return f"{others} more {'person' if others == 1 else 'people'}" if others else "Nobody else"


def _registration(row: Row) -> Registration:
    credentials = [*(row.get("passwordCredentials") or []), *(row.get("keyCredentials") or [])]
    moments = [moment(each.get("startDateTime")) for each in credentials]
    return Registration(
        name=str(row.get("displayName") or row.get("appId") or row["id"]),
        created_at=moment(row.get("createdDateTime")),
        credentials_at=tuple(sorted(at for at in moments if at)),
        is_for_other_tenants=row.get("signInAudience") not in (None, "AzureADMyOrg"),
    )


def _credentials(moments: Sequence[datetime]) -> str:
    return f"{len(moments)}, the newest of {written(moments[-1])}" if moments else "None"


def _when(at: datetime | None) -> str:
    return written(at) if at else "Not known"
