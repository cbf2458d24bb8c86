"""The port through which higher apps tell the frame around every page what they count.

tenants stands below all other apps and may import none of them; incidents registers its counter when Django starts.
"""

from collections.abc import Callable

# {tenant id: active incidents} of the open scope; tenants without any are left out.
ActiveIncidents = Callable[[], dict[int, int]]

_registered: list[ActiveIncidents] = []


def register(active_incidents: ActiveIncidents) -> None:
    """Called once, by the incidents app's AppConfig."""
    _registered[:] = [active_incidents]


def active_incidents() -> dict[int, int]:
    """How many active incidents each tenant of the open scope has.

    Raises:
        RuntimeError: when nobody registered a counter.
    """
    if not _registered:
        raise RuntimeError("No counter of active incidents is registered with tenants.extensions.")
    return _registered[0]()
