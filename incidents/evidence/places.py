"""From an IP address to country and network, without asking anybody on the internet.

Out of the box by the table that comes with geoip2fast (its date is told by `table_date`); where settings name a MaxMind
database, by that. What a table does not know stays unknown.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import maxminddb
from django.conf import settings
from django.core.checks import CheckMessage, Error
from geoip2fast import GeoIP2Fast

TABLE = "geoip2fast-asn-ipv6.dat.gz"  # countries and network names, IPv4 and IPv6
MICROSOFT = "Microsoft"
# Exchange Online's own addresses, which the table knows without a name.
# https://learn.microsoft.com/microsoft-365/enterprise/urls-and-ip-address-ranges
_MICROSOFT_RANGES = tuple(map(ip_network, ("2603:1000::/24", "2a01:111::/32", "2620:1ec::/36")))
_MICROSOFT_NAME = re.compile(r"\bmicrosoft\b", re.IGNORECASE)
# A guess by the name: whoever rents out servers or tunnels usually says so in it.
_HOSTING_NAME = re.compile(
    r"host|cloud|\bvps\b|\bvpn\b|server|data ?cent|colo(?:cation|\b)|amazon|\baws\b|google|digital ?ocean|linode|akamai"
    r"|vultr|choopa|constant company|hetzner|\bovh\b|contabo|leaseweb|m247|datacamp|cdn77|oracle|alibaba|tencent"
    r"|scaleway|ionos|\bnforce\b|psychz|quadranet|zenlayer|packethub|tzulo|proton|mullvad|nord(?:vpn|sec)|surfshark|\btor\b",
    re.IGNORECASE,
)
_UNKNOWN = {"", "--"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address is: two-letter country, name of the network, and whether that is a hosting or VPN network by
    its name (None: the network is not known). Empty: not known.
    """

    country: str = ""
    network: str = ""
    is_hosting: bool | None = None


NOWHERE = Place()


@lru_cache(maxsize=65_536)
def place_of(address: str) -> Place:
    """The place of an IP address. Private, reserved and unknown ones, and what is no address, are nowhere."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return NOWHERE
    if not parsed.is_global:
        return NOWHERE
    country, network = _look_up(address)
    if any(parsed in one for one in _MICROSOFT_RANGES if one.version == parsed.version):
        network = network or MICROSOFT
    return Place(country, network, is_hosting_name(network) if network else None)


def is_microsoft(network: str) -> bool:
    """Whether a network, by its name, is Microsoft's own: its services act from there in everybody's name."""
    return bool(_MICROSOFT_NAME.search(network))


def is_hosting_name(network: str) -> bool:
    """Whether the name of a network sounds like rented servers or a tunnel. Microsoft's own does not count."""
    return bool(_HOSTING_NAME.search(network)) and not is_microsoft(network)


def table_date() -> str:
    """Of when the table is that came with the installation, for people to read."""
    return str(_table().get_source_info())


def _look_up(address: str) -> tuple[str, str]:
    country = network = ""
    if not (settings.COUNTRY_DATABASE and settings.NETWORK_DATABASE):
        found = _table().lookup(address)
        country, network = (one if one not in _UNKNOWN else "" for one in (found.country_code, found.asn_name))
    if settings.COUNTRY_DATABASE:
        country = _country(_reader(settings.COUNTRY_DATABASE).get(address))
    if settings.NETWORK_DATABASE:
        network = _network(_reader(settings.NETWORK_DATABASE).get(address))
    return country, network


def _country(found: Any) -> str:
    """The code as MaxMind, DB-IP ({"country": {"iso_code": …}}) and IPinfo ({"country_code": …}) write it."""
    if not isinstance(found, dict):
        return ""
    country = found.get("country")
    code = country.get("iso_code") if isinstance(country, dict) else found.get("country_code") or country
    return code if isinstance(code, str) and len(code) == 2 else ""


def _network(found: Any) -> str:
    """The name as MaxMind and DB-IP ("autonomous_system_organization") and IPinfo ("as_name") write it."""
    if not isinstance(found, dict):
        return ""
    return str(found.get("autonomous_system_organization") or found.get("as_name") or "")


@cache
def _table() -> GeoIP2Fast:
    return GeoIP2Fast(geoip2fast_data_file=TABLE)


@cache
def _reader(path: str) -> maxminddb.Reader:
    return maxminddb.open_database(path)


def check_databases(**_options: Any) -> list[CheckMessage]:
    """A Django check: what the settings name has to be there, and to be a database."""
    named = {"PETRA_COUNTRY_DATABASE": settings.COUNTRY_DATABASE, "PETRA_NETWORK_DATABASE": settings.NETWORK_DATABASE}
    return [problem for variable, path in named.items() if path and (problem := _problem(variable, path))]


def _problem(variable: str, path: str) -> CheckMessage | None:
    hint = f"Name a MaxMind database (.mmdb) in {variable}, or leave it empty."
    try:
        maxminddb.open_database(path).close()
    except (OSError, maxminddb.InvalidDatabaseError) as error:
        words = str(error) if Path(path).exists() else "there is no such file"
        return Error(f"{variable} is {path!r}: {words}.", hint=hint, id="incidents.E001")
    return None
