"""Keep everybody in the tenant from signing in to an application."""

from collections.abc import Sequence
from datetime import datetime

from graph import applications
from remediation.actions.base import Action, Reading, Stages, State, Target, ask, read_each

SEEN = ("id", "appId", "displayName", "accountEnabled")


class DisableServicePrincipal(Action):
    key = "disable_service_principal"
    title = "Disable the application in this tenant"
    done = "Application disabled"
    undone = "Application enabled again"
    identity = ("service_principal_id",)
    permissions = ("Application.ReadWrite.All",)

    def read(self, targets: Sequence[Target]) -> Stages[list[Reading]]:
        return read_each(
            targets,
            lambda target: applications.service_principal(target["service_principal_id"], select=SEEN),
            lambda _target, body: {"exists": True, "accountEnabled": body.get("accountEnabled")},
            gone_when_missing=True,
        )

    def is_done(self, state: State, *, target: Target, since: datetime, before: State | None = None) -> bool:
        return not state["exists"] or state["accountEnabled"] is False

    def apply(self, target: Target, before: State | None) -> Stages[State]:
        yield from ask(applications.set_service_principal_enabled(target["service_principal_id"], False))
        return {"accountEnabled": False}

    def undo(self, target: Target, before: State, after: State) -> Stages[State]:
        yield from ask(applications.set_service_principal_enabled(target["service_principal_id"], True))
        return {"accountEnabled": True}

    def is_undone(self, state: State, *, target: Target, before: State) -> bool:
        return state.get("accountEnabled") is True
