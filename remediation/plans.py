"""What a press would do: drafts of action runs, before anything is written or sent. Preview and press share it."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graph import Request
from incidents.models import Account, Incident
from remediation.actions.base import Action
from remediation.actions.registry import ACTIONS
from remediation.enums import Step
from remediation.models import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One action on one target, as it would be planned now."""

    action: Action
    target: dict[str, Any]
    title: str
    before: dict[str, Any] | None = None
    finding: Finding | None = None

    @property
    def target_key(self) -> str:
        return self.action.target_key(self.target)

    def requests(self) -> list[Request]:
        """The first set of requests that it sends; most actions have no second."""
        return list(next(self.action.apply(self.target, self.before)))


def drafts_for(incident: Incident, step: int, findings: Sequence[Finding]) -> list[Draft]:
    """What a press of this step's button means. `findings` are the chosen ones; steps on the account ignore them."""
    account = incident.account
    match step:
        case Step.CONTAIN:
            return [_on_account("lock_account", account), _on_account("revoke_sessions", account)]
        case Step.RETRACT | Step.PERSISTENCE:
            return [draft_of(finding) for finding in findings]
        case Step.PASSWORD:
            return [_password(account)]
        case Step.RE_ENABLE:
            return [_on_account("enable_account", account), _on_account("revoke_sessions", account)]
        case _:
            return []


def digest(drafts: Sequence[Draft]) -> str:
    """Digest of everything that would be sent; it stands in the work order and in the audit trail."""
    prints = [request.fingerprint for draft in drafts for request in draft.requests()]
    return hashlib.sha256(json.dumps(sorted(prints)).encode()).hexdigest()


def account_state(account: Account) -> dict[str, Any] | None:
    """The last state collected of an account, in the form in which actions read it; None when it was never read."""
    if account.read_at is None:
        return None
    valid_from, changed_at = account.sign_in_sessions_valid_from, account.last_password_change_at
    return {
        "exists": True,
        "accountEnabled": account.account_enabled,
        "onPremisesSyncEnabled": account.on_premises_sync_enabled,
        "signInSessionsValidFromDateTime": valid_from.isoformat() if valid_from else None,
        "lastPasswordChangeDateTime": changed_at.isoformat() if changed_at else None,
        "readAt": account.read_at.isoformat(),
    }


def _on_account(key: str, account: Account) -> Draft:
    target = {"user_id": account.object_id}
    return Draft(action=ACTIONS[key], target=target, title=str(account), before=account_state(account))


def draft_of(finding: Finding) -> Draft:
    """What taking a finding on would do."""
    return Draft(
        action=ACTIONS[finding.action_key],
        target=finding.target,
        title=finding.title,
        before=finding.before,
        finding=finding,
    )


def _password(account: Account) -> Draft:
    changed_at = account.last_password_change_at
    target = {
        "user_id": account.object_id,
        "secret": f"password:{uuid.uuid4().hex}",
        "force_change": True,
        "password_changed_before": changed_at.isoformat() if changed_at else None,
    }
    return Draft(action=ACTIONS["reset_password"], target=target, title=str(account), before=account_state(account))
