"""What the tests of finders share: a scope, a client of the simulated cloud, and driving a finder to its end."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from graph import AppCredentials, GraphClient, simulator_cloud
from graph.simulator.control import SimulatorControl
from remediation.actions.finders.tagged import Tagged, read_tagged
from remediation.actions.finding import AttackerAct, Candidate, FindScope, Found, TaggedPhish
from remediation.stages import advance
from tests.factories import world

SINCE = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
INSIDE = "2026-03-01T10:00:00Z"
BEFORE = "2025-06-01T10:00:00Z"
UNTIL = datetime(2026, 3, 2, tzinfo=UTC)


def scope(**changes: Any) -> FindScope:
    """Alice of the tiny world, compromised on 1 March 2026 at 09:30."""
    known: dict[str, Any] = {
        "user_id": world.ALICE,
        "user_principal_name": "alice@tiny.example",
        "mailbox": "alice@tiny.example",
        "display_name": "Alice Example",
        "since": SINCE,
        "until": UNTIL,
        "asked_at": UNTIL,
        "domains": frozenset({"tiny.example"}),
        "attacker_addresses": frozenset({"203.0.113.7"}),
        "attacker_acts": (),
        "phish": (),
        "own_client_id": world.CLIENT_ID,
        "microsoft_tenant_id": world.TENANT_ID,
        "protected_accounts": frozenset(),
    }
    return FindScope(**(known | changes))


def act(operation: str, item: str) -> AttackerAct:
    """A log row of the attacker's, at ten past ten."""
    return AttackerAct(
        operation=operation, item=item, at=datetime(2026, 3, 1, 10, 10, tzinfo=UTC), ip_address="203.0.113.7"
    )


def client_of(
    simulator: SimulatorControl, tenant_id: str = world.TENANT_ID, secret: str = world.CLIENT_SECRET
) -> GraphClient:
    credentials = AppCredentials(tenant_id, world.CLIENT_ID, secret, None)
    return GraphClient(credentials=credentials, cloud=simulator_cloud(simulator.url))


def look(simulator: SimulatorControl, finder: Callable[[FindScope], Any], where: FindScope) -> Any:
    """Drive one finder against the tiny world; what it raised is raised here."""
    (result,) = advance(client_of(simulator), [finder(where)])
    if isinstance(result, Exception):
        raise result
    return result


def known(simulator: SimulatorControl, *phish: TaggedPhish, **changes: Any) -> FindScope:
    """A scope in which the tagged mails were read, as far as that can be done."""
    unread = scope(phish=tuple(replace(tag, is_read=False) for tag in phish), **changes)
    tagged: Tagged = look(simulator, read_tagged, unread)
    return tagged.known(unread)


def titled(found: Found, title: str) -> Candidate:
    """The one candidate of this title."""
    (candidate,) = [each for each in found.candidates if each.title == title]
    return candidate


def suspicious(found: Found) -> list[str]:
    return [each.title for each in found.candidates if each.is_suspicious]


def fault(path: str = "", cmdlet: str = "", status: int = 403, **more: Any) -> dict[str, Any]:
    """A fault for `SimulatorControl.configure(faults=[…])`."""
    match = {"path": path} if path else {"cmdlet": cmdlet}
    return {"match": match, "answer": status, **more}


@dataclass
class Rules:
    """Plants mail filter rules for Alice."""

    simulator: SimulatorControl

    def plant(self, rule_id: str, name: str, **more: Any) -> None:
        rule = world.rule(rule_id, name, **more)
        self.simulator.plant(world.TENANT_ID, "messageRules", rule, owner=world.ALICE)
