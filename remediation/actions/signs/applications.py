"""What makes a consent, an application or an app registration suspicious."""

from dataclasses import dataclass
from datetime import datetime

from remediation.actions.finding import FindScope
from remediation.actions.signs.weighing import (
    STRONG,
    WEAK,
    Grounds,
    Table,
    act_in_words,
    acts_on,
    during_attack,
    weigh,
)
from remediation.actions.signs.words import MICROSOFT_NAMES, ROGUE_APPS, ROGUE_NAMES, plain

CONSENT_OPERATIONS = (
    "Consent to application.",
    "Add delegated permission grant.",
    "Add OAuth2PermissionGrant.",
    "Add app role assignment grant to user.",
)
SECRET_OPERATIONS = (
    "Update application - Certificates and secrets management",
    "Add service principal credentials.",
    "Add owner to application.",
)

# What lets an application read or send mail, or read files, on somebody's behalf.
_TELLING_SCOPES = (
    "mail.", "mailboxsettings.", "files.", "sites.", "notes.", "contacts.", "chat.", "ews.accessasuser.all",
    "imap.accessasuser.all", "pop.accessasuser.all", "smtp.send", "full_access_as_user", "directory.", "user.readwrite",
)  # fmt: skip
# What only tells who somebody is.
_EVERYDAY_SCOPES = frozenset({"openid", "profile", "email", "offline_access", "user.read"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AppUse:
    """An application as one person uses it: who stands behind it, what it may do, who else uses it."""

    name: str
    app_id: str = ""
    publisher: str = ""  # verified by Microsoft
    is_own: bool = False  # registered in this very tenant
    scopes: tuple[str, ...] = ()
    consented_at: datetime | None = None
    others: int | None = None  # how many more people use it; None where that could not be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """An app registration of this tenant, and when it got its secrets and certificates."""

    name: str
    created_at: datetime | None
    credentials_at: tuple[datetime, ...] = ()
    is_for_other_tenants: bool = False


def access_in_words(scopes: str) -> str:
    """Write the scopes of a consent for the screen, without those that only tell who somebody is."""
    beyond = [scope for scope in scopes.split() if scope.casefold() not in _EVERYDAY_SCOPES]
    return ", ".join(beyond) or "Nothing but the profile"


def telling_scopes(scopes: tuple[str, ...]) -> list[str]:
    """Return the scopes that open mail, files or the directory."""
    return [scope for scope in scopes if scope.casefold().startswith(_TELLING_SCOPES)]


def consent_grounds(app: AppUse, scope: FindScope) -> Grounds:
    """Weigh an application that a person consented to.

    A consent known to be older than the attack is judged only by what the attacker was seen doing: everybody uses
    applications that read mail.
    """
    is_older = app.consented_at is not None and app.consented_at < scope.since
    return weigh(app, scope, OLD_CONSENT_SIGNS if is_older else CONSENT_SIGNS)


def _consented_by_attacker(app: AppUse, scope: FindScope) -> str:
    return act_in_words("Consented to", acts_on(scope, CONSENT_OPERATIONS, [app.name]))


def _consented_in_window(app: AppUse, scope: FindScope) -> str:
    return during_attack("Consent was given", app.consented_at, scope)


def _is_rogue(app: AppUse, _scope: FindScope) -> str:
    is_listed = app.app_id in ROGUE_APPS or plain(app.name) in ROGUE_NAMES
    return "It is on a list of applications that takeovers use" if is_listed else ""


def _opens_mail_or_files(app: AppUse, _scope: FindScope) -> str:
    telling = telling_scopes(app.scopes)
    lasting = ", and keeps its access (offline_access)" if "offline_access" in app.scopes else ""
    return f"May use {', '.join(telling[:6])}{lasting}" if telling else ""


def _publisher_is_unverified(app: AppUse, _scope: FindScope) -> str:
    return "" if app.publisher or app.is_own else "Its publisher is not verified"


def _nobody_else_uses_it(app: AppUse, _scope: FindScope) -> str:
    return "Nobody else in the tenant uses it" if app.others == 0 and not app.is_own else ""


def _poses_as_microsoft(app: AppUse, _scope: FindScope) -> str:
    # Microsoft's own applications never come here: they are refused before they are weighed.
    is_posing = plain(app.name).startswith(MICROSOFT_NAMES) and not app.is_own
    return "It calls itself Microsoft's, and is not" if is_posing else ""


# Of what is never touched, only what happened is told: how trustworthy it is, is not the question.
UNTOUCHABLE_SIGNS: Table[AppUse] = ((STRONG, _consented_by_attacker), (STRONG, _consented_in_window))
OLD_CONSENT_SIGNS: Table[AppUse] = ((STRONG, _consented_by_attacker),)
CONSENT_SIGNS: Table[AppUse] = (
    (STRONG, _consented_by_attacker),
    (STRONG, _consented_in_window),
    (STRONG, _is_rogue),
    (WEAK, _opens_mail_or_files),
    (WEAK, _publisher_is_unverified),
    (WEAK, _nobody_else_uses_it),
    (WEAK, _poses_as_microsoft),
)


def _registered_by_attacker(app: Registration, scope: FindScope) -> str:
    return act_in_words("Registered", acts_on(scope, ["Add application."], [app.name]))


def _registered_in_window(app: Registration, scope: FindScope) -> str:
    return during_attack("Registered", app.created_at, scope)


def _secret_by_attacker(app: Registration, scope: FindScope) -> str:
    return act_in_words("A secret or an owner was added", acts_on(scope, SECRET_OPERATIONS, [app.name]))


def _secret_in_window(app: Registration, scope: FindScope) -> str:
    inside = [at for at in app.credentials_at if scope.is_inside_window(at)]
    return during_attack("A secret was added", min(inside), scope) if inside else ""


def _is_for_other_tenants(app: Registration, _scope: FindScope) -> str:
    return "Open to accounts of other tenants" if app.is_for_other_tenants else ""


REGISTRATION_SIGNS: Table[Registration] = (
    (STRONG, _registered_by_attacker),
    (STRONG, _registered_in_window),
    (STRONG, _secret_by_attacker),
    (STRONG, _secret_in_window),
    (WEAK, _is_for_other_tenants),
)
