"""From where and with what people sign in, and the attackers too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graph.simulator.world import story
from graph.simulator.world.devices import phone
from graph.simulator.world.ids import dice, object_id
from graph.simulator.world.tenant import TenantWorld


@dataclass(frozen=True, slots=True)
class Place:
    """An address on the internet and where it is."""

    ip: str
    network: int  # autonomous system number, from the range that RFC 5398 reserves
    city: str
    state: str
    country: str
    latitude: float
    longitude: float

    def as_location(self) -> dict[str, Any]:
        """As a sign-in shows it."""
        return {
            "city": self.city,
            "state": self.state,
            "countryOrRegion": self.country,
            "geoCoordinates": {"altitude": None, "latitude": self.latitude, "longitude": self.longitude},
        }


@dataclass(frozen=True, slots=True)
class Client:
    """The program that signs in, and the device it runs on."""

    user_agent: str
    browser: str
    system: str
    app_id: str
    app_name: str
    used: str = "Browser"  # clientAppUsed
    device_name: str = ""
    device_id: str = ""
    trust: str = ""
    is_managed: bool = False

    def as_device(self) -> dict[str, Any]:
        """As a sign-in shows it."""
        return {
            "deviceId": self.device_id,
            "displayName": self.device_name,
            "operatingSystem": self.system,
            "browser": self.browser,
            "isCompliant": self.is_managed,
            "isManaged": self.is_managed,
            "trustType": self.trust,
        }


PROXY = Place(story.PROXY_IP, 64509, "Amsterdam", "Noord-Holland", "NL", 52.3740, 4.8897)
REPLAY = Place(story.REPLAY_IP, 64511, "Reykjavík", "Höfuðborgarsvæðið", "IS", 64.1355, -21.8954)
SPRAY = Place(story.SPRAY_IP, 64507, "Chișinău", "Chișinău", "MD", 47.0056, 28.8575)
NORTHGATE_REPLAY = Place(story.NORTHGATE_REPLAY_IP, 64511, "Reykjavík", "Höfuðborgarsvæðið", "IS", 64.1355, -21.8954)

EDGE_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
    " Edg/141.0.0.0"
)
_APPLE = ("Outlook-iOS/2.0", "Mobile Safari", "Ios 18.6")
_ANDROID = ("Outlook-Android/2.0", "Chrome Mobile 141.0.0", "Android 15")

# Application ids of Microsoft's own clients, the same in every tenant (ENTRA first-party application list).
OFFICE_HOME = ("4765445b-32c6-49b0-83e6-1d93765276ca", "OfficeHome")
OUTLOOK_WEB = ("9199bf20-a13f-4107-85dc-02114787ef48", "One Outlook Web")
OUTLOOK_MOBILE = ("27922004-5251-4030-b22d-91ecd9a37ea4", "Outlook Mobile")
OFFICE = ("d3590ed6-52b3-4102-aeff-aad2292ab01c", "Microsoft Office")
TEAMS = ("1fec8e78-bce4-4aaf-ab1b-5451cc387264", "Microsoft Teams")
AZURE_PORTAL = ("c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "Azure Portal")
EXCHANGE_ID = "00000002-0000-0ff1-ce00-000000000000"

ATTACKER_CLIENT = Client(story.REPLAY_AGENT, "Firefox 128.0", "Linux", *OUTLOOK_WEB)
SPRAY_CLIENT = Client(story.SPRAY_AGENT, "", "", EXCHANGE_ID, "Office 365 Exchange Online", "Authenticated SMTP")


def office(world: TenantWorld, key: str) -> Place:
    """The office of a person, seen from the internet."""
    place = world.company.office_of(world.people[key])
    return Place(place.ip, place.network, place.city, place.state, place.country, place.latitude, place.longitude)


def home(world: TenantWorld, key: str) -> Place:
    """Somebody's home or telephone: IPv6, another network, the same region."""
    place = world.company.office_of(world.people[key])
    number = dice(world.company.key, "home", key).randrange(0x1000, 0xFFFF)
    return Place(
        f"2001:db8:{number:x}:40::{number % 251 + 2:x}", 64502, place.city, place.state, place.country,
        place.latitude, place.longitude,
    )  # fmt: skip


def laptop_client(world: TenantWorld, key: str, app: tuple[str, str] = OUTLOOK_WEB) -> Client:
    """Edge on the company laptop."""
    owned = [each for each in world.lists["devices"] if each["_registeredOwners"] == [world.id_of(key)]]
    device = next((each for each in owned if each["isManaged"]), None)
    if device is None:
        return Client(EDGE_AGENT, "Edge 141.0.0", "Windows10", *app)
    return Client(
        EDGE_AGENT, "Edge 141.0.0", "Windows10", *app, device_name=device["displayName"],
        device_id=device["deviceId"], trust="Azure AD joined", is_managed=True,
    )  # fmt: skip


def phone_client(world: TenantWorld, key: str) -> Client:
    """Outlook on the telephone."""
    is_apple = phone(world, key).manufacturer == "Apple"
    agent, browser, system = _APPLE if is_apple else _ANDROID
    device_id = object_id(world.company.key, "phone client", key)
    return Client(
        agent, browser, system, *OUTLOOK_MOBILE, used="Mobile Apps and Desktop clients",
        device_id=device_id, trust="Azure AD registered",
    )  # fmt: skip
