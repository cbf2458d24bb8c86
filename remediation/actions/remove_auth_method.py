"""Remove a sign-in method that the attacker registered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from graph import NotFound, security
from remediation.actions.base import Action, Reading, Stages, State, Target, ask, read_each


class RemoveAuthMethod(Action):
    key = "remove_auth_method"
    title = "Remove the sign-in method"
    done = "Sign-in method removed"
    undo_note = "A removed sign-in method cannot be brought back: the person registers it again."
    identity = ("user_id", "method_id")
    permissions = tuple(
        f"UserAuthMethod-{kind}.ReadWrite.All"
        for kind in (
            "Phone",
            "MicrosoftAuthApp",
            "Passkey",
            "SoftwareOATH",
            "Email",
            "TAP",
            "WindowsHello",
            "PlatformCred",
        )
    )

    def read(self, targets: Sequence[Target]) -> Stages[list[Reading]]:
        return read_each(targets, lambda target: security.authentication_methods(target["user_id"]), _state)

    def is_done(self, state: State, *, target: Target, since: datetime, before: State | None = None) -> bool:
        return not state["exists"]

    def apply(self, target: Target, before: State | None) -> Stages[State]:
        request = security.delete_authentication_method(target["user_id"], target["odata_type"], target["method_id"])
        try:
            yield from ask(request)
        except NotFound:
            pass  # gone already: what was wanted
        return {"exists": False}


def _state(target: Target, body: Any) -> State:
    return {"exists": any(method["id"] == target["method_id"] for method in body.get("value") or [])}
