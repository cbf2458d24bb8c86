"""Whose an IP address in a log row is: a client's, or one of Microsoft's own servers', which stand in many rows."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

# Exchange Online, SharePoint Online and Entra write the address of their own servers where one of them asked another.
# https://learn.microsoft.com/microsoft-365/enterprise/urls-and-ip-address-ranges
_MICROSOFT = tuple(
    ip_network(written)
    for written in (
        "13.104.0.0/14", "20.20.32.0/19", "20.190.128.0/18", "20.231.128.0/19", "40.92.0.0/14", "40.96.0.0/13",
        "40.104.0.0/14", "40.126.0.0/18", "52.96.0.0/14", "52.100.0.0/14", "52.104.0.0/14", "52.108.0.0/14",
        "104.146.128.0/17", "132.245.0.0/16", "150.171.32.0/22", "2603:1000::/24", "2620:1ec::/36", "2a01:110::/31",
    )
)  # fmt: skip
_INSIDE = tuple(
    ip_network(written)
    for written in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "::/127", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip


@lru_cache(maxsize=10_000)
def _is_within(written: str) -> str:
    try:
        address = ip_address(written)
    except ValueError:
        return "none"
    for name, networks in (("inside", _INSIDE), ("microsoft", _MICROSOFT)):
        if any(address.version == network.version and address in network for network in networks):
            return name
    return ""


def is_of_client(address: str, network: str = "") -> bool:
    """Whether an address can be the one from which a person, or an attacker, came: not Microsoft's own, not inside a
    network that nobody reaches from outside. `network` is the name that was looked up, where it is known.
    """
    return not _is_within(address) and "microsoft" not in network.casefold()


@lru_cache(maxsize=10_000)
def place_key(address: str) -> str:
    """What two addresses of one line share: an IPv4 address is its own, of IPv6 the first 64 bits count."""
    try:
        read = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((read, 64), strict=False)) if isinstance(read, IPv6Address) else str(read)
