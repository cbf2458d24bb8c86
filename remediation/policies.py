"""May this be done now? Pure functions: `check_x` raises with the reason, `can_x` answers yes or no."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from incidents.enums import IncidentState
from incidents.models import Account, Incident
from remediation.enums import Step
from remediation.models import ActionRun, Finding, Retraction, WorkOrder
from tenants.access import can_act, can_see_organization
from tenants.enums import ApprovalRule, TenantState
from tenants.models import Member, Organization, Tenant

SYNC_ACCOUNT_PREFIXES = ("sync_", "adtoaadsyncserviceaccount@")  # Entra Connect, and cloud sync
SYNC_ACCOUNT_NAME = "On-Premises Directory Synchronization Service Account"
SYNC_APPLICATION_PREFIX = "connectsyncprovisioning_"
SYNC_ACCOUNT_ROLE = "Directory Synchronization Accounts"


Asked = Retraction | WorkOrder  # who asked stands in both


class Refused(Exception):
    """Petra does not do this. The message says why, what is unharmed and what to do."""


class AddressNeeded(Refused):
    """It is done only after the address was typed."""

    def __init__(self, message: str, address: str) -> None:
        super().__init__(message)
        self.address = address


@dataclass(frozen=True, slots=True)
class OpenItem:
    """Something that is not done yet, in words."""

    step: int
    words: str


def is_privileged(account: Account) -> bool:
    """Whether the account holds an admin role that an attacker could use."""
    return bool(set(account.admin_roles) - {SYNC_ACCOUNT_ROLE})


def is_sync_account(account: Account) -> bool:
    """Whether this is the account with which the directory is synchronized."""
    return (
        SYNC_ACCOUNT_ROLE in account.roles
        or account.display_name == SYNC_ACCOUNT_NAME
        or account.user_principal_name.casefold().startswith(SYNC_ACCOUNT_PREFIXES)
    )


def is_synchronization(name: str, user_principal_name: str = "") -> bool:
    """Whether an actor of the directory audit is the directory synchronization, not a person.

    `name` is the display name of a user or an application. Entra Connect signs in as a user "Sync_<server>_<hex>", in
    newer versions as an application "ConnectSyncProvisioning_<server>"; cloud sync as "ADToAADSyncServiceAccount".
    https://learn.microsoft.com/entra/identity/hybrid/connect/reference-connect-accounts-permissions
    https://learn.microsoft.com/entra/identity/hybrid/connect/authenticate-application-id
    """
    return (
        name == SYNC_ACCOUNT_NAME
        or name.casefold().startswith(SYNC_APPLICATION_PREFIX)
        or user_principal_name.casefold().startswith(SYNC_ACCOUNT_PREFIXES)
    )


def check_incident_open(incident: Incident) -> None:
    """Raises Refused when the incident's state does not allow a step."""
    if incident.state == IncidentState.UNPUBLISHED:
        raise Refused("Press Publish Incident first. Nothing was done.")
    if incident.state == IncidentState.DISMISSED:
        raise Refused("This incident was dismissed. Open it again to take a step. Nothing was done.")


def is_reachable(tenant: Tenant) -> bool:
    """Whether anything can be done in the tenant at all."""
    return tenant.state != TenantState.UNCONNECTED


def check_reachable(tenant: Tenant) -> None:
    """Raises Refused for a tenant of which only logs were imported, and while it is paused."""
    if not is_reachable(tenant):
        raise Refused(
            f"{tenant.name} is not connected to Microsoft 365: this cannot be done from here. Connect the tenant to "
            "act. Nothing was done."
        )
    check_not_paused(tenant)


def check_not_paused(tenant: Tenant) -> None:
    """Raises Refused while the tenant is paused: what is ordered then would only wait, unseen."""
    if tenant.state == TenantState.PAUSED:
        raise Refused(
            f"{tenant.name} is paused: nothing is sent there. Resume it on its Connection page first. Nothing was done."
        )


def can_take_steps(incident: Incident) -> bool:
    return incident.state in (IncidentState.ACTIVE, IncidentState.REMEDIATED)


def address_to_type(incident: Incident, *, protected: frozenset[str], by: Member) -> tuple[str, str]:
    """The address that has to be typed before step 1, and why; two empty strings when none has to."""
    account = incident.account
    address = account.user_principal_name
    if address.casefold() in protected:
        return address, "This is a protected account."
    if address.casefold() == by.email.casefold():
        return address, "This is your own account: you may lock yourself out."
    if is_privileged(account):
        return address, f"This account holds {', '.join(role or 'an unnamed role' for role in account.roles)}."
    return "", ""


def check_account(incident: Incident, *, protected: frozenset[str], by: Member, typed: str) -> None:
    """Raises Refused for the sync account, AddressNeeded where the address has to be typed and was not."""
    if is_sync_account(incident.account):
        raise Refused(
            "This is the directory-sync account: locking it would stop the synchronization of the whole tenant. "
            "Nothing was done."
        )
    address, why = address_to_type(incident, protected=protected, by=by)
    if address and typed.strip().casefold() != address.casefold():
        raise AddressNeeded(f"{why} Type its address to go on. Nothing was done.", address)


def why_not_by_itself(incident: Incident, *, protected: Collection[str], is_own: bool) -> str:
    """Why an account is acted on by people alone, in words; empty where Petra Response may. `is_own`: it belongs to a
    member of the organization.
    """
    account = incident.account
    if is_sync_account(account):
        return "this is the directory-sync account, which is never acted on."
    if account.user_principal_name.casefold() in protected:
        return "this is a protected account."
    if is_own:
        return "this is the account of one of your own members."
    if account.read_at is None:
        return "which roles this account holds is not known yet."
    if is_privileged(account):
        return f"this account holds {', '.join(role or 'an unnamed role' for role in account.roles)}."
    return ""


def protected_by(finding: Finding, protected: Collection[str]) -> str:
    """The protected account that a finding concerns, as it is protected now; empty when none."""
    if finding.protected_address:
        return finding.protected_address
    concerned = (str(finding.target.get(name) or "") for name in ("mailbox", "trustee"))
    return next((address for address in concerned if address.casefold() in protected), "")


def check_findings(findings: Sequence[Finding], *, protected: Collection[str], typed: str) -> None:
    """Raises Refused for what is never offered, AddressNeeded for protected accounts whose address was not typed."""
    for finding in findings:
        if finding.is_from_log:
            raise Refused(f"{finding.title} was seen in the log alone. Search again first. Nothing was done.")
        if finding.refusal:
            raise Refused(f"{finding.title}: {finding.refusal} Nothing was done.")
    for finding in findings:
        address = protected_by(finding, protected)
        if address and typed.strip().casefold() != address.casefold():
            raise AddressNeeded(
                f"{finding.title} concerns the protected account {address}. Type its address to go on. "
                "Nothing was done.",
                address,
            )


def why_approval(organization: Organization, *, mails: int, tenants: int) -> str:
    """Why a second member has to approve a retraction of so much, in words; empty where nobody has to."""
    match organization.approval_rule:
        case ApprovalRule.NEVER:
            return ""
        case ApprovalRule.ALWAYS:
            return "Every retraction needs the approval of a second member."
    if tenants > organization.approval_tenants:
        return f"More than {_counted(organization.approval_tenants, 'tenant')}: a second member has to approve it."
    if mails > organization.approval_mails:
        return f"More than {_counted(organization.approval_mails, 'mail')}: a second member has to approve it."
    return ""


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def why_no_decision(asked: Asked, *, by: Member) -> str:
    """Why this member cannot approve or refuse it, in words; empty where they can."""
    if not can_act(by) or not can_see_organization(by):
        return "Your role cannot decide on this."
    if asked.requested_by_id == by.pk:
        return "You asked for it yourself: a second member has to decide."
    return ""


def check_decision(asked: Asked, *, by: Member) -> None:
    """Raises Refused for whoever cannot approve or refuse it."""
    if why := why_no_decision(asked, by=by):
        raise Refused(f"{why} Nothing was done.")


def was_enabled_before(lock: ActionRun) -> bool:
    """Whether the account is known to have been enabled when step 1 locked it."""
    return bool(lock.before and lock.before.get("accountEnabled") is True)


def check_unlock(runs: Iterable[ActionRun], *, confirmed: bool) -> None:
    """Raises Refused when an undo would enable an account that perhaps somebody else had disabled before."""
    for run in runs:
        if run.action_key == "lock_account" and not was_enabled_before(run) and not confirmed:
            raise Refused(
                f"{run.title} was disabled already before it was locked here, or that is not known: undoing would "
                "enable it. Confirm to go on. Nothing was done."
            )


def check_reason(open_items: Iterable[OpenItem], reason: str) -> None:
    """Raises Refused when something is still open and no reason was given."""
    left = [item.words for item in open_items]
    if left and not reason.strip():
        raise Refused(f"Still open: {'; '.join(left)}. Give a reason to go on. Nothing was done.")


def open_items(
    incident: Incident,
    *,
    open_findings: dict[int, int],
    before: Step,
    lock: ActionRun | None = None,
    unsearched: Collection[int] = (),
) -> list[OpenItem]:
    """What is not done of the steps before `before`. `open_findings` counts what is left, by step.

    `lock` is the last run that locked the account, if one did; `unsearched` are the steps whose search saw not all.
    """
    items: list[OpenItem] = []
    if before == Step.RE_ENABLE and lock and not was_enabled_before(lock):
        items.append(OpenItem(Step.CONTAIN, "the account was disabled before it was locked here, or that is not known"))
    if before > Step.RE_ENABLE and not incident.has_done(Step.CONTAIN):
        items.append(OpenItem(Step.CONTAIN, "sessions were not ended and the account was not locked"))
    searched = ((Step.RETRACT, "phishing mail"), (Step.PERSISTENCE, "persistence item"))
    for step, noun in searched if before > Step.RE_ENABLE else searched[1:]:  # others' mails do not keep it locked
        items += _search_items(step, noun, count=open_findings.get(step, 0), is_whole=step not in unsearched)
    if not incident.has_done(Step.PASSWORD):
        items.append(OpenItem(Step.PASSWORD, "the password was not reset"))
    if before > Step.RE_ENABLE and not incident.has_done(Step.RE_ENABLE):
        items.append(OpenItem(Step.RE_ENABLE, "the account was not re-enabled"))
    return items


def _search_items(step: Step, noun: str, *, count: int, is_whole: bool) -> list[OpenItem]:
    items = [OpenItem(step, f"{count} {noun}{'s' if count > 1 else ''} not dealt with")] if count else []
    return items if is_whole else [*items, OpenItem(step, f"the search for {noun}s did not see everything")]
