"""Deactivate an app registration of the tenant: it gets no new tokens."""

from collections.abc import Sequence
from datetime import datetime

from graph import applications
from remediation.actions.base import Action, Reading, Stages, State, Target, ask, read_each


class DisableApplication(Action):
    key = "disable_application"
    title = "Deactivate the app registration"
    done = "App registration deactivated"
    undone = "App registration activated again"
    identity = ("application_id",)
    permissions = ("Application.ReadWrite.All",)

    def read(self, targets: Sequence[Target]) -> Stages[list[Reading]]:
        return read_each(
            targets,
            lambda target: applications.application(target["application_id"]),
            lambda _target, body: {"exists": True, "isDisabled": bool(body.get("isDisabled"))},
            gone_when_missing=True,
        )

    def is_done(self, state: State, *, target: Target, since: datetime, before: State | None = None) -> bool:
        return not state["exists"] or state["isDisabled"]

    def apply(self, target: Target, before: State | None) -> Stages[State]:
        yield from ask(applications.set_application_disabled(target["application_id"], True))
        return {"isDisabled": True}

    def undo(self, target: Target, before: State, after: State) -> Stages[State]:
        yield from ask(applications.set_application_disabled(target["application_id"], False))
        return {"isDisabled": False}

    def is_undone(self, state: State, *, target: Target, before: State) -> bool:
        return state.get("isDisabled") is False
