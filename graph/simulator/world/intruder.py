"""An attacker in a stolen session, and the traces that every takeover leaves: sign-ins, a device, a method."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from graph.simulator.world.directory_log import DEVICE_SERVICE, Entry, add_entry, target
from graph.simulator.world.origins import ATTACKER_CLIENT, OFFICE_HOME, PROXY, Client, Place, laptop_client
from graph.simulator.world.sign_ins import SignIn, add_sign_in, token_of
from graph.simulator.world.story_types import DemoIncident
from graph.simulator.world.tenant import TenantWorld
from graph.simulator.world.unified_log import Event
from graph.simulator.world.unified_log_entra import add_entra, add_login


class Intruder:
    """The attacker at work in one stolen session: makes events that all carry its address, session and token."""

    def __init__(self, world: TenantWorld, sign_in: SignIn) -> None:
        self.world = world
        self.sign_in = sign_in
        self.token = token_of(world, sign_in)

    def at(self, moment: datetime, **more: str) -> Event:
        """An event of the attacker at that moment."""
        seen = {"client": f"Client=OWA;{self.sign_in.client.user_agent};", **more}
        return Event(self.sign_in.person, moment, self.sign_in.place.ip, self.sign_in.session, token=self.token, **seen)

    def when(self, incident: DemoIncident, name: str, seconds: int = 0) -> datetime:
        """When an act of the story happened."""
        return self.world.moments.ago(incident.before_now(name)) + timedelta(seconds=seconds)

    def act(self, incident: DemoIncident, name: str, later: float = 0, **more: str) -> Event:
        """An event at the time of an act of the story, or so many minutes later."""
        return self.at(self.world.moments.ago(incident.before_now(name)) + timedelta(minutes=later), **more)


def steal_session(
    world: TenantWorld, incident: DemoIncident, replayed_from: Place, session: str, renewals: Sequence[float]
) -> Intruder:
    """The sign-in through the proxy, the replay of the session, and its renewals so many minutes before now."""
    person = incident.victim.partition("@")[0]
    relayed = laptop_client(world, person, OFFICE_HOME)
    # The proxy passes the browser's name on, but not the device's certificate.
    seen = Client(relayed.user_agent, relayed.browser, relayed.system, *OFFICE_HOME)
    at, ago = incident.before_now, world.moments.ago
    first = SignIn(person, ago(at("sign_in")), PROXY, seen, session, is_interactive=True, came_with="none")
    replay = SignIn(person, ago(at("replay")), replayed_from, ATTACKER_CLIENT, session, risk="medium")
    later = [SignIn(person, ago(timedelta(minutes=each)), replayed_from, ATTACKER_CLIENT, session) for each in renewals]
    for sign_in in (first, replay, *later):
        add_sign_in(world, sign_in)
        add_login(world, sign_in)
    return Intruder(world, replay)


def device_added(world: TenantWorld, intruder: Intruder, incident: DemoIncident, name: str) -> None:
    """A device joined: Microsoft's registration service is the actor, the person stands among the targets."""
    device = next(each for each in world.lists["devices"] if each["displayName"] == name)
    user = world.users[intruder.sign_in.person]
    at = intruder.when(incident, "device")
    added = target("Device", device, AccountEnabled=([], [True]), CloudDeviceOSType=([], [device["operatingSystem"]]))
    owner = target("User", user, Device__ObjectID=(None, device["id"]), Device__DisplayName=(None, name))
    for activity, targets, seconds in (
        ("Add device", [added, target("User", user)], 0),
        ("Add registered owner to device", [owner], 1),
        ("Add registered users to device", [owner], 1),
        ("Register device", [added, target("User", user)], 2),
    ):
        details = {"IP Address": intruder.sign_in.place.ip, "Device OS": device["operatingSystem"]}
        entry = Entry(activity, "Device", at + timedelta(seconds=seconds), targets, app=DEVICE_SERVICE, details=details)
        add_entry(world, entry)
    changes = [
        ("AccountEnabled", "[true]"),
        ("DisplayName", f'["{name}"]'),
        ("CloudDeviceOSType", f'["{device["operatingSystem"]}"]'),
    ]
    add_entra(world, intruder.act(incident, "device"), "Add device.", ("Device", device), changes)


def method_added(world: TenantWorld, intruder: Intruder, incident: DemoIncident, act: str, method: str) -> None:
    """A sign-in method was registered."""
    person = intruder.sign_in.person
    user = world.users[person]
    entry = Entry(
        "User registered security info", "UserManagement", intruder.when(incident, act), [target("User", user)], person,
        intruder.sign_in.place.ip, service="Authentication Methods", reason=f"User registered {method}",
    )  # fmt: skip
    add_entry(world, entry)
    changes = [
        ("StrongAuthenticationMethod", f'["{method}"]'),
        ("Included Updated Properties", "StrongAuthenticationMethod"),
    ]
    add_entra(world, intruder.act(incident, act), "Update user.", ("User", user), changes)
