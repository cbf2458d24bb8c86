"""Take back a person's consent to an application."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from graph import NotFound, applications
from remediation.actions.base import GONE, Action, Reading, Stages, State, Target, ask, read_each

KEPT = ("clientId", "consentType", "principalId", "resourceId", "scope")


class RevokeConsent(Action):
    key = "revoke_consent"
    title = "Take back the consent"
    done = "Consent taken back"
    undone = "Consent given again, under a new id"
    undo_note = "An undone consent comes back under a new id."
    identity = ("grant_id",)
    permissions = ("DelegatedPermissionGrant.ReadWrite.All", "Directory.Read.All")

    def read(self, targets: Sequence[Target]) -> Stages[list[Reading]]:
        return read_each(targets, lambda target: applications.consents_of(target["user_id"]), _state)

    def is_done(self, state: State, *, target: Target, since: datetime, before: State | None = None) -> bool:
        return not state["exists"]

    def apply(self, target: Target, before: State | None) -> Stages[State]:
        try:
            yield from ask(applications.delete_consent(target["grant_id"]))
        except NotFound:
            pass  # gone already: what was wanted
        return {"exists": False}

    def undo(self, target: Target, before: State, after: State) -> Stages[State]:
        created = yield from ask(applications.create_consent({name: before.get(name) for name in KEPT}))
        return {"exists": True, "grant_id": created["id"]}

    def is_undone(self, state: State, *, target: Target, before: State) -> bool:
        return bool(state.get("isGivenAgain"))


def _state(target: Target, body: Any) -> State:
    grants = body.get("value") or []
    for grant in grants:
        if grant["id"] == target["grant_id"]:
            return {"exists": True, **{name: grant.get(name) for name in KEPT}}
    twin = any(grant["clientId"] == target["client_id"] and grant.get("scope") == target["scope"] for grant in grants)
    return {**GONE, "isGivenAgain": twin}
